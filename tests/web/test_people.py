"""People of a centre and their roles."""

from datetime import date, timedelta

from sqlmodel import Session

from chec import clock
from chec.models import Cause, Centre, Organisation, Role, User
from tests import builders
from tests.client import Client, soup


def an_administrator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="Ada Min")
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    return user


def test_an_administrator_sees_everybody_whose_role_reaches_the_centre(
    client: Client, session: Session
) -> None:
    centre, elsewhere = builders.a_centre(session), builders.a_centre(session)
    admin = an_administrator(session, centre)
    payer, stranger = builders.a_payer(session), builders.a_payer(session)
    builders.a_transfer(session, centre, Cause.APPROVAL, payer=payer)
    terms = builders.an_instrument(session, centre)
    investor = session.get_one(Organisation, terms.investor_id)
    venture = builders.a_venture(session, centre)
    for name, role, held in (
        ("Dee", Role.DIRECTOR, {"centre": centre}),
        ("Ivo", Role.INVESTOR, {"organisation": investor}),
        ("Com", Role.COMMISSIONER, {"organisation": payer}),
        ("Pro", Role.PROVIDER, {"venture": venture}),
        ("Far", Role.DIRECTOR, {"centre": elsewhere}),
        ("Off", Role.COMMISSIONER, {"organisation": stranger}),
    ):
        builders.a_membership(session, role, user=builders.a_user(session, name=name), **held)
    session.commit()
    client.sign_in(admin)
    page = soup(client.get("/centres/C-0001/people"))
    names = [next(cell.stripped_strings) for cell in page.select("tbody th")]
    assert names == ["Ada Min", "Com", "Dee", "Ivo", "Pro"]


def test_it_says_from_when_to_when_and_whether_today(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    today = clock.today()
    ended, coming = builders.a_user(session, name="Bea"), builders.a_user(session, name="Cy")
    builders.a_membership(
        session,
        Role.DIRECTOR,
        user=ended,
        centre=centre,
        starts_on=date(2025, 1, 1),
        ends_before=date(2025, 4, 1),
    )
    builders.a_membership(
        session, Role.EVALUATOR, user=coming, centre=centre, starts_on=today + timedelta(days=1)
    )
    session.commit()
    client.sign_in(admin)
    rows = soup(client.get("/centres/C-0001/people")).select("tbody tr")
    assert [row.select("td")[-1].text.strip() for row in rows] == ["Holds", "Ended", "To come"]
    assert [cell.text.strip() for cell in rows[1].select(".chec-date")] == [
        "1 Jan 2025",
        "31 Mar 2025",
    ]


def test_people_of_another_centre_are_not_found(client: Client, session: Session) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    builders.a_centre(session)
    session.commit()
    client.sign_in(admin)
    assert client.get("/centres/C-0002/people").status_code == 404
    assert client.get("/centres/C-0009/people").status_code == 404


def test_a_director_may_not_open_it(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    assert client.get("/centres/C-0001/people").status_code == 403


def test_the_menu_holds_what_the_role_opens(client: Client, session: Session) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    menu = soup(client.get("/centres/C-0001/people")).select("header nav[aria-label=Sections] a")
    assert [(link.text.strip(), link["aria-current"]) for link in menu] == [("People", "true")]
