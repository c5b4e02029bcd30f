"""A commissioner's pages: the inbox, a decision, and what the claim's page then shows."""

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from chec.models import Centre, Claim, ClaimDecision, Contract, Organisation, Role, User
from tests import builders
from tests.claim_parts import decide, line_of, part_of
from tests.client import Client, soup
from tests.web.claim_pages import address, ask, confirm, heading, text_of

NO_LETTERS = {"code": "evidence missing", "words": "No letters"}


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session, name=name) for name in ("Aire ICB", "Aire Council")]


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    measures = (builders.a_measure(pence=20_000), builders.a_measure("M02", pence=8_000))
    return builders.a_contract(session, centre, *payers, measures=measures)


@pytest.fixture
def claim(session: Session, contract: Contract) -> Claim:
    """£300 of M01 and £40 of M02 from each of two payers."""
    claim = builders.a_claim(session, contract, counts={"M01": 3, "M02": 1})
    session.commit()
    return claim


@pytest.fixture
def commissioner(session: Session, payers: list[Organisation], claim: Claim) -> User:
    user = builders.a_user(session, name="Ana Reed")
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payers[0])
    session.commit()
    return user


@pytest.fixture
def commissioner_signed_in(client: Client, commissioner: User) -> None:
    client.sign_in(commissioner)


def decisions(session: Session) -> list[ClaimDecision]:
    session.rollback()
    found = list(session.exec(select(ClaimDecision)))
    session.rollback()  # on SQLite it would hold the write lock
    return found


def test_an_inbox_shows_what_waits_and_an_empty_one_says_so(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    client.sign_in(commissioner)
    page = text_of(client.get("/inbox"))
    assert f"CL-{claim.id:04d}" in page
    assert "£340.00" in page
    assert "You have decided nothing yet" in text_of(client.get("/inbox?tray=decided"))
    decide(session, claim, payers[0])
    session.commit()
    assert "Nothing waits for your decision" in text_of(client.get("/inbox"))
    assert f"CL-{claim.id:04d}" in text_of(client.get("/inbox?tray=decided"))


def test_an_inbox_leads_to_every_centre_that_one_pays(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    def leads_to() -> set[str]:
        return {str(link["href"]) for link in soup(client.get("/inbox")).select("a[href]")}

    client.sign_in(commissioner)
    here = f"/centres/C-{claim.centre_id:04d}/contracts"
    assert here in leads_to()
    elsewhere = builders.a_centre(session)
    builders.a_contract(session, elsewhere, payers[0])
    session.commit()
    assert {here, f"/centres/C-{elsewhere.id:04d}/contracts"} <= leads_to()


def test_nothing_is_decided_before_it_is_confirmed(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    client.sign_in(commissioner)
    path = address(claim, payers[0])
    asked = ask(client, path, {"verdict": "approve"})
    assert "You approve £340.00" in heading(asked)
    assert "Outcome receivable: Aire ICB" in text_of(asked)
    assert "Outcome income" not in text_of(asked)
    assert decisions(session) == []

    done = confirm(client, path, asked)

    assert (done.status_code, done.location) == (303, f"/claims/CL-{claim.id:04d}")
    page = text_of(client.get(done.location))
    assert "Aire ICB approved £340.00" in page
    assert "Ana Reed" in page


def test_lines_are_decided_one_by_one(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    client.sign_in(commissioner)
    path = address(claim, payers[0], "/decide/lines")
    first, second = (line_of(session, claim, code).id for code in ("M01", "M02"))
    session.rollback()
    told = {
        f"verdict-{first}": "reject",
        f"code-{first}": "outcome not achieved",
        f"words-{first}": "Two of them were back on the ward",
        f"verdict-{second}": "approve",
    }
    asked = ask(client, path, told)
    assert "You approve £40.00 and reject £300.00" in heading(asked)
    assert "Two of them were back on the ward" in text_of(asked)

    done = confirm(client, path, asked)

    assert "Outcome not achieved: Two of them" in text_of(client.get(done.location))
    assert part_of(session, claim, payers[0]).approved_pence == 4_000


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "Choose whether to approve or to reject"),
        ({"verdict": "reject", "words": "No letters"}, "Choose why you reject it"),
        ({"verdict": "reject", "code": "other"}, "Say why"),
        ({**NO_LETTERS, "verdict": "reject", "words": "Of 943 476 5919"}, "NHS number"),
        ({**NO_LETTERS, "verdict": "reject", "words": "=1+1"}, "spreadsheet formula"),
        ({**NO_LETTERS, "verdict": "reject", "code": "whim"}, "Choose one of the list"),
    ],
)
@pytest.mark.usefixtures("commissioner_signed_in")
def test_a_rejection_without_its_reason_is_refused_at_its_field(
    client: Client, claim: Claim, payers: list[Organisation], told: dict[str, str], says: str
) -> None:
    response = ask(client, address(claim, payers[0]), told)
    assert response.status_code == 422
    assert says in text_of(response)
    assert "943 476" not in response.text


def test_the_same_decision_sent_again_leads_to_the_first(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    client.sign_in(commissioner)
    path = address(claim, payers[0])
    asked = ask(client, path, {"verdict": "approve"})
    assert [confirm(client, path, asked).status_code for _ in range(2)] == [303, 303]
    assert len(decisions(session)) == 1


def test_a_second_tab_with_another_verdict_hears_who_decided(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    client.sign_in(commissioner)
    path = address(claim, payers[0])
    here = ask(client, path, {"verdict": "approve"})
    there = ask(client, path, {"verdict": "reject", **NO_LETTERS})
    confirm(client, path, here)
    refused = confirm(client, path, there)
    assert refused.status_code == 409
    assert "Ana Reed decided this part" in text_of(refused)
    assert "Ana Reed decided this part" in text_of(client.get(path))
    assert len(decisions(session)) == 1


def test_whoever_submitted_it_is_told_to_ask_a_colleague(
    client: Client, session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    both = builders.a_user(session)
    builders.a_membership(session, Role.COMMISSIONER, user=both, organisation=payers[0])
    own = builders.a_claim(session, contract, actor=replace(builders.an_actor(), user_id=both.id))
    session.commit()
    client.sign_in(both)
    path = address(own, payers[0])
    assert "Ask a colleague" in text_of(client.get(path))
    told = {"verdict": "approve", "confirmed": "yes", "idempotency_key": KEY}
    assert client.post(path, data=told).status_code == 409
    assert decisions(session) == []


def test_a_payer_sees_what_the_other_decided_and_not_its_button(
    client: Client, session: Session, claim: Claim, payers: list[Organisation], commissioner: User
) -> None:
    decide(session, claim, payers[1], rejected=["M02"])
    session.commit()
    client.sign_in(commissioner)
    page = text_of(client.get(f"/claims/CL-{claim.id:04d}"))
    assert "No letter of discharge" in page
    assert "Decide for Aire ICB" in page
    assert "Decide for Aire Council" not in page
    assert client.get(address(claim, payers[1])).status_code == 404


KEY = "0a4b2f6e-9a63-4f0e-8a39-0d6ad2b1c111"
