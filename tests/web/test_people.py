"""People of a centre and their roles."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from chec import clock
from chec.models import Cause, Organisation, Role
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of
from tests.web.people_pages import an_administrator


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
    present, left = soup(client.get("/centres/C-0001/people")).select(".chec-people")
    assert [row.select("td")[-1].text.strip() for row in present.select("tbody tr")] == [
        "Current",
        "To come",
    ]
    [row] = left.select("tbody tr")
    assert row.select("td")[-1].text.strip() == "Ended"
    assert [cell.text.strip() for cell in row.select(".chec-date")] == [
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


@pytest.mark.parametrize("role", [Role.EVALUATOR, None])
def test_nobody_else_opens_it(client: Client, session: Session, role: Role | None) -> None:
    user, centre = builders.a_user(session), builders.a_centre(session)
    if role:
        builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    assert client.get("/centres/C-0001/people").status_code == 403


def test_a_director_sees_the_addresses_of_those_they_may_act_on(
    client: Client, session: Session
) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    venture = builders.a_venture(session, centre)
    team = user_of(session, holder(session, Role.PROVIDER, venture=venture))
    admin = an_administrator(session, centre)
    session.commit()
    client.sign_in(director)
    for page in ("", f"/U-{team.id:04d}", f"/U-{admin.id:04d}"):
        text = client.get(f"/centres/C-0001/people{page}").text
        assert admin.email not in text
        assert (team.email in text) is (page != f"/U-{admin.id:04d}")


def test_the_menu_holds_what_the_role_opens(client: Client, session: Session) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    menu = soup(client.get("/centres/C-0001/people")).select("header nav[aria-label=Sections] a")
    current = [link.text.strip() for link in menu if link.get("aria-current")]
    assert current == ["People"]


def test_a_person_of_another_centre_is_not_found(client: Client, session: Session) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session)
    admin = an_administrator(session, here)
    near = builders.a_membership(session, Role.DIRECTOR, centre=here)
    far = builders.a_membership(session, Role.DIRECTOR, centre=there)
    session.commit()
    client.sign_in(admin)
    for page in (
        f"U-{far.user_id:04d}",
        f"U-{far.user_id:04d}/roles/give",
        f"U-{far.user_id:04d}/lock",
        f"U-{far.user_id:04d}/unlock",
        f"U-{far.user_id:04d}/reset-second-factor",
        f"U-{far.user_id:04d}/roles/M-{far.id:04d}/end",
        f"U-{near.user_id:04d}/roles/M-{far.id:04d}/end",
        "U-9999",
        "invitations/INV-0001",
    ):
        assert client.get(f"/centres/C-0001/people/{page}").status_code == 404, page


def test_a_role_of_a_person_elsewhere_is_not_shown(client: Client, session: Session) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session, name="Hidden")
    admin = an_administrator(session, here)
    both = user_of(session, holder(session, Role.DIRECTOR, centre=here))
    builders.a_membership(session, Role.DIRECTOR, user=both, centre=there)
    session.commit()
    client.sign_in(admin)
    for page in ("", f"/U-{both.id:04d}", f"/U-{both.id:04d}/lock"):
        assert "Hidden" not in client.get(f"/centres/C-0001/people{page}").text
