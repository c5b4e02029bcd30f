"""The pages of payers."""

import re

from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.models import Cause, Organisation, Role
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup
from tests.demo import demo_sign_in, demo_user

PAYERS = "/centres/C-0001/payers"


def payers(session: Session) -> dict[str, str]:
    """References of the demo's payers, by name."""
    names = select(Organisation).where(Organisation.name.startswith("Wrenshire "))
    found = {each.name: reference("organisation", each.id) for each in session.exec(names)}
    session.commit()
    return found


def test_what_payers_owe_adds_up(demo_client: Client, demo_engine: Engine) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    page = soup(demo_client.get(PAYERS))

    def pence(cells: object) -> list[int]:
        return [int(re.sub(r"\D", "", cell.text)) for cell in cells]  # type: ignore[attr-defined]

    rows = [pence(row.select("td")) for row in page.select("tbody tr")]
    total = pence(page.select("tfoot td"))
    assert [sum(column) for column in zip(*rows, strict=True)] == total
    approved, paid, outstanding = total
    assert approved - paid == outstanding > 0


def test_a_commissioner_sees_what_it_pays_and_every_transfer_behind(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    everybody = payers(demo_session)
    name = demo_sign_in(Role.COMMISSIONER).acting_for
    own = everybody.pop(name)
    demo_client.sign_in(demo_user(demo_engine, Role.COMMISSIONER))
    page = soup(demo_client.get(f"{PAYERS}/{own}"))
    links = page.select('tbody a[href^="/transfers/"]')
    assert len(links) == 50
    for link in links[:5]:
        assert name in demo_client.get(str(link["href"])).text
    [(other_name, other)] = everybody.items()
    assert other_name not in page.text
    assert demo_client.get(f"{PAYERS}/{other}").status_code == 404
    assert demo_client.get(PAYERS).status_code == 404
    assert demo_client.get(f"{PAYERS}/{own}?page=99").status_code == 404


def test_what_is_owed_back_has_a_column_of_its_own(client: Client, session: Session) -> None:
    centre, payer = builders.a_centre(session), builders.a_payer(session)
    venture = builders.a_venture(session, centre)
    for cause, pence in ((Cause.APPROVAL, 500), (Cause.PAYMENT, 500), (Cause.CLAWBACK, 120)):
        builders.a_transfer(session, centre, cause, pence=pence, payer=payer, venture=venture)
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    page = soup(client.get(f"/centres/{reference('centre', centre.id)}/payers"))
    headings = [heading.text for heading in page.select("thead th")]
    assert headings == ["Payer", "Approved", "Paid", "Outstanding", "Owed to the payer"]
    cells = [cell.text for cell in page.select("tfoot td")]
    assert cells == ["£3.80", "£5.00", "£0.00", "£1.20"]


def test_a_centre_without_payers_says_so(client: Client, session: Session) -> None:
    centre, user = builders.a_centre(session), builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    path = f"/centres/{reference('centre', centre.id)}/payers"
    assert "No payer has approved anything yet" in client.get(path).text
    assert client.get(f"{path}?run=RR-0001").status_code == 404
    assert client.get(f"{path}?run=nonsense").status_code == 404
