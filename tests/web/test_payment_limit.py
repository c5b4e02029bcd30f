"""The payment limit: set by an administrator, after a look at what it means."""

import pytest
from sqlmodel import Session, select

from chec.models import AuditEvent, Centre, Event, Role, User
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup
from tests.web.claim_pages import ask, confirm, text_of


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, payment_limit_pence=0)


@pytest.fixture
def administrator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    session.commit()
    return user


def address(centre: Centre) -> str:
    return f"/centres/{reference('centre', centre.id)}/payment-limit"


def limit_of(session: Session, centre: Centre) -> int:
    with Session(session.get_bind()) as beside:
        return beside.get_one(Centre, centre.id).payment_limit_pence


def test_an_administrator_sets_it_after_a_look(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    client.sign_in(administrator)
    path = address(centre)
    assert "every payment needs two directors" in text_of(client.get(path))
    asked = ask(client, path, {"rule": "above", "pounds": "50,000"})
    assert "One director alone may then pay up to £50,000.00" in text_of(asked)
    assert limit_of(session, centre) == 0
    done = confirm(client, path, asked)
    assert done.status_code == 303
    page = text_of(client.get(done.location))
    assert "The limit is set." in page
    assert "may pay up to £50,000.00" in page
    assert limit_of(session, centre) == 5_000_000
    asked = ask(client, path, {"rule": "every", "pounds": ""})
    assert "Every payment then needs two directors." in text_of(asked)
    confirm(client, path, asked)
    assert limit_of(session, centre) == 0
    told = session.exec(
        select(AuditEvent).where(
            AuditEvent.event == Event.PAYMENT_LIMIT_SET,
            AuditEvent.user_id == administrator.id,
        )
    ).all()
    assert [each.changes for each in told] == [
        '{"payment_limit_pence":[0,5000000]}',
        '{"payment_limit_pence":[5000000,0]}',
    ]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"rule": "above", "pounds": ""}, "Enter the amount above which"),
        ({"rule": "above", "pounds": "-5"}, "above zero"),
        ({"rule": "above", "pounds": "20,000,000,000"}, "from £0 to £10,000,000,000"),
        ({"rule": "none", "pounds": "5"}, "Choose one of the list"),
    ],
)
def test_what_is_no_limit_says_why(
    client: Client,
    session: Session,
    centre: Centre,
    administrator: User,
    *,
    told: dict[str, str],
    says: str,
) -> None:
    client.sign_in(administrator)
    refused = ask(client, address(centre), told)
    assert refused.status_code == 422
    assert says in text_of(refused)
    assert limit_of(session, centre) == 0


def test_the_limit_that_it_is_is_not_set_again(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    client.sign_in(administrator)
    path = address(centre)
    refused = ask(client, path, {"rule": "every", "pounds": ""})
    assert refused.status_code == 422
    assert "That is the limit already." in soup(refused).select("#rule-error")[0].text
    asked = ask(client, path, {"rule": "above", "pounds": "50,000"})
    for _ in range(2):
        assert confirm(client, path, asked).status_code == 303
    refused = ask(client, path, {"rule": "above", "pounds": "50000"})
    assert refused.status_code == 422
    assert "That is the limit already." in soup(refused).select("#pounds-error")[0].text


def test_whoever_may_pay_is_told_to_ask_another(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    builders.a_membership(session, Role.DIRECTOR, user=administrator, centre=centre)
    session.commit()
    client.sign_in(administrator)
    told = {"rule": "above", "pounds": "50,000"}
    refused = ask(client, address(centre), told)
    assert refused.status_code == 422
    assert "nobody sets the limit of their own payments" in text_of(refused)
    stale = ask(client, address(centre), {**told, "confirmed": "yes"})
    assert stale.status_code == 409
    assert limit_of(session, centre) == 0


def test_the_menu_leads_an_administrator_there_and_nobody_else(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    director = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=director, centre=centre)
    session.commit()
    client.sign_in(administrator)
    menu = soup(client.get(f"/centres/C-{centre.id:04d}/people")).select("header a[href]")
    assert address(centre) in {link["href"] for link in menu}
    client.sign_in(director)
    assert "Payment limit" not in client.get(f"/centres/C-{centre.id:04d}/money").text
    assert client.get(address(centre)).status_code == 403
