"""The pages of claims."""

import csv
import io
from datetime import date

import pytest
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec.models import (
    Centre,
    Claim,
    ClaimState,
    Contract,
    Organisation,
    Role,
    User,
    Venture,
)
from chec.models.references import reference
from chec.rules.claim_valuation import ClaimValuation
from chec.rules.outcome_payment import value_claim
from tests import builders
from tests.claim_parts import decide
from tests.client import Client, soup

MAY = date(2025, 5, 6)
PERIOD = {
    "first_day-day": "1",
    "first_day-month": "4",
    "first_day-year": "2025",
    "last_day-day": "30",
    "last_day-month": "6",
    "last_day-year": "2025",
}
FILE = "measure,person,achieved_on,evidence,value\nM01,abc123,2025-05-06,letter,\n"


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, name="Wren Valley")


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session, name=name) for name in ("Wren ICB", "Wren Council")]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    measures = (builders.a_measure("M01", cap_units=5), builders.a_measure("M02", pence=4_000))
    return builders.a_contract(session, centre, *payers, measures=measures, reference="WREN-1")


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre, name="Warm homes")


@pytest.fixture
def draft(session: Session, contract: Contract, venture: Venture) -> Claim:
    draft = builders.a_claim(session, contract, venture, state=ClaimState.DRAFT, counts={"M01": 7})
    session.commit()
    return draft


@pytest.fixture
def submitted(session: Session, contract: Contract, venture: Venture) -> Claim:
    """Six records of M01, one above its cap."""
    records = [("M01", f"abc{n}", date(2025, 5, n)) for n in range(1, 7)]
    claim = builders.a_claim(session, contract, venture, records=records)
    session.commit()
    return claim


@pytest.fixture
def director(client: Client, session: Session, centre: Centre) -> User:
    """Has signed in."""
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    return user


def sign_in(client: Client, session: Session, role: Role, held_for: Centre | Organisation) -> None:
    user = builders.a_user(session)
    name = "centre" if isinstance(held_for, Centre) else "organisation"
    builders.a_membership(session, role, user=user, **{name: held_for})  # type: ignore[arg-type]
    session.commit()
    client.sign_in(user)


def of_the_centre(centre: Centre, rest: str = "") -> str:
    return f"/centres/{reference('centre', centre.id)}/claims{rest}"


def address(claim: Claim, rest: str = "") -> str:
    return f"/claims/{reference('claim', claim.id)}{rest}"


def text(client: Client, path: str) -> str:
    return soup(client.get(path)).get_text(" ", strip=True)


def seen_on(page: TestResponse) -> list[str]:
    """What the page would send as seen, in pence."""
    return [str(each["value"]) for each in soup(page).select("input[name=seen_pence]")]


def rows(client: Client, path: str) -> list[list[str]]:
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        for row in soup(client.get(path)).select("tbody tr")
    ]


def state(session: Session, claim: Claim) -> ClaimState:
    session.rollback()
    return session.get_one(Claim, claim.id, populate_existing=True).state


@pytest.mark.usefixtures("director")
def test_a_centre_without_claims_says_what_to_do_next(client: Client, centre: Centre) -> None:
    assert "Prepare the first one" in text(client, of_the_centre(centre))
    assert "The centre has no contract yet" in text(client, of_the_centre(centre, "/new"))


@pytest.mark.usefixtures("director")
def test_a_director_prepares_a_claim_from_counts_and_submits_it(
    client: Client, session: Session, centre: Centre, contract: Contract, venture: Venture
) -> None:
    session.commit()
    chosen = {
        "contract": reference("contract", contract.id),
        "venture": reference("venture", venture.id),
    }
    made = client.post(of_the_centre(centre, "/new"), data={**chosen, **PERIOD})
    assert made.status_code == 303
    assert "Nothing is claimed in this draft yet" in text(client, made.location)

    counted = client.post(f"{made.location}/counts", data={"units_0": "1,000", "units_1": ""})
    assert counted.status_code == 303
    shown = text(client, made.location)
    for told in ("£100,000.00", "£99,500.00", "£500.00", "The cap of 5 units of M01 was reached"):
        assert told in shown

    page = soup(client.get(f"{made.location}/submit"))
    [seen] = [field["value"] for field in page.select("input[name=seen_pence]")]
    done = client.post(f"{made.location}/submit", data={"seen_pence": seen})
    assert (done.status_code, done.location) == (303, made.location)
    assert "Asked of the payers £500.00" in text(client, done.location)


@pytest.mark.usefixtures("director")
def test_a_period_that_cannot_be_claimed_is_refused_at_its_field(
    client: Client, session: Session, centre: Centre, contract: Contract, venture: Venture
) -> None:
    session.commit()
    chosen = {
        "contract": reference("contract", contract.id),
        "venture": reference("venture", venture.id),
    }
    late = {**PERIOD, "last_day-year": "2031"}
    answer = client.post(of_the_centre(centre, "/new"), data={**chosen, **late})
    assert answer.status_code == 422
    error = soup(answer).find(id="last_day-error")
    assert error
    assert "Choose a period inside it" in error.get_text()


@pytest.mark.usefixtures("director")
def test_a_contract_page_can_lead_to_a_claim_on_it(
    client: Client, session: Session, centre: Centre, contract: Contract
) -> None:
    session.commit()
    name = reference("contract", contract.id)
    page = soup(client.get(of_the_centre(centre, f"/new?contract={name}")))
    assert [each["value"] for each in page.select("#contract option[selected]")] == [name]


@pytest.mark.usefixtures("director")
@pytest.mark.parametrize("typed", ["1.5", "-2", "twelve", "9" * 30])
def test_what_is_no_count_is_refused_at_its_field(client: Client, draft: Claim, typed: str) -> None:
    answer = client.post(address(draft, "/counts"), data={"units_0": typed, "units_1": "2"})
    assert answer.status_code == 422
    error = soup(answer).find(id="units_0-error")
    assert error
    assert "Write a whole number" in error.get_text()
    assert "£40.00" not in text(client, address(draft))


@pytest.mark.usefixtures("director")
def test_records_are_uploaded_seen_and_removed(
    client: Client, session: Session, contract: Contract
) -> None:
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    session.commit()
    sent = client.post(
        address(draft, "/upload"), data={"file": (io.BytesIO(FILE.encode()), "records.csv")}
    )
    assert (sent.status_code, sent.location) == (303, address(draft))
    assert "1 record added" in text(client, address(draft))
    [row] = rows(client, address(draft, "/records?measure=M01"))
    assert row[1:] == ["Person 1 abc123", "6 May 2025", "letter", "Taken", "£100.00", "£100.00"]
    assert client.post(address(draft, "/records/remove?measure=M01")).status_code == 303
    assert "There are no records here" in text(client, address(draft, "/records"))
    assert "It is priced from records" in text(client, address(draft, "/counts"))


@pytest.mark.usefixtures("director")
def test_everything_wrong_with_a_file_is_on_the_page(client: Client, draft: Claim) -> None:
    bad = FILE + "".join(f"M{n},x{n},2025-05-0{n % 9 + 1},,\n" for n in range(10, 80))
    answer = client.post(
        address(draft, "/upload"), data={"file": (io.BytesIO(bad.encode()), "records.csv")}
    )
    assert answer.status_code == 422
    page = soup(answer)
    listed = [each.get_text() for each in page.select("main li")]
    faults = [each for each in listed if each.startswith("Line")]
    assert len(faults) == 71
    assert faults[0].startswith("Line 2, measure: M01 is priced from counts")
    assert "21 more" in page.get_text()
    missing = client.post(address(draft, "/upload"), data={})
    assert "Choose the file to upload" in soup(missing).get_text()


@pytest.mark.usefixtures("director")
def test_what_was_seen_and_is_worth_less_now_is_refused_with_a_way_back(
    client: Client, session: Session, contract: Contract, draft: Claim
) -> None:
    builders.a_claim(session, contract, counts={"M01": 3})
    session.commit()
    path = address(draft, "/submit")
    answer = client.post(path, data={"seen_pence": "50000"})
    assert answer.status_code == 409
    page = soup(answer)
    assert "now worth £200.00, not £500.00" in page.get_text()
    [again] = [link["href"] for link in page.select("main a") if link.text == "Look at it again"]
    assert again == path
    assert seen_on(client.get(path)) == ["20000"]
    for forged in ({}, {"seen_pence": "x"}):
        refused = client.post(path, data=forged)
        assert (refused.status_code, seen_on(refused)) == (422, ["20000"])
    assert state(session, draft) is ClaimState.DRAFT


@pytest.mark.usefixtures("director")
def test_a_claim_that_is_submitted_is_valued_once(
    client: Client, draft: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    valued: list[object] = []

    def counted(*given: object, **told: object) -> ClaimValuation:
        valued.append(given)
        return value_claim(*given, **told)  # type: ignore[arg-type]

    monkeypatch.setattr("chec.queries.claim_values.value_claim", counted)
    answer = client.post(address(draft, "/submit"), data={"seen_pence": "50000"})
    assert (answer.status_code, len(valued)) == (303, 1)


@pytest.mark.usefixtures("director")
def test_counts_that_another_claim_of_the_same_days_has_are_warned_of(
    client: Client, session: Session, contract: Contract, venture: Venture, draft: Claim
) -> None:
    told = "claims M01 of this venture in this period too"
    assert told not in text(client, address(draft))

    def claimed(venture: Venture | None, first: date) -> Claim:
        return builders.a_claim(
            session, contract, venture, starts_on=first, ends_before=date(2025, 8, 1)
        )

    same = claimed(venture, date(2025, 6, 30))
    claimed(venture, date(2025, 7, 1))
    claimed(None, date(2025, 6, 30))
    session.commit()
    page = text(client, address(draft))
    assert f"{reference('claim', same.id)} {told}" in page
    assert page.count(told) == 1
    client.post(address(same, "/withdraw"))
    assert told not in text(client, address(draft))


@pytest.mark.usefixtures("director")
def test_a_double_click_submits_once(client: Client, session: Session, draft: Claim) -> None:
    for _ in range(2):
        answer = client.post(address(draft, "/submit"), data={"seen_pence": "50000"})
        assert (answer.status_code, answer.location) == (303, address(draft))
    assert state(session, draft) is ClaimState.SUBMITTED


@pytest.mark.usefixtures("director")
def test_a_director_withdraws_a_claim_until_a_payer_has_decided(
    client: Client, session: Session, submitted: Claim, payers: list[Organisation]
) -> None:
    assert "Withdraw this claim" in text(client, address(submitted))
    decide(session, submitted, payers[0])
    session.commit()
    assert "Withdraw this claim" not in text(client, address(submitted))
    assert "A payer has decided about this claim" in text(client, address(submitted, "/withdraw"))
    assert client.post(address(submitted, "/withdraw")).status_code == 409
    assert state(session, submitted) is ClaimState.SUBMITTED


@pytest.mark.usefixtures("director")
def test_a_withdrawn_claim_says_so(client: Client, session: Session, submitted: Claim) -> None:
    assert client.post(address(submitted, "/withdraw")).location == address(submitted)
    assert state(session, submitted) is ClaimState.WITHDRAWN
    assert "What it held is free again" in text(client, address(submitted))
    assert "This claim was withdrawn already" in text(client, address(submitted, "/withdraw"))


@pytest.mark.usefixtures("director")
def test_a_draft_is_discarded_after_a_question(
    client: Client, session: Session, centre: Centre, draft: Claim
) -> None:
    assert "7 outcomes in it" in text(client, address(draft, "/discard"))
    assert client.post(address(draft, "/discard")).location == of_the_centre(centre)
    assert client.get(address(draft)).status_code == 404


@pytest.mark.usefixtures("director")
@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("counts", "can no longer be changed"),
        ("upload", "can no longer be changed"),
        ("submit", "See how"),
        ("discard", "Only a draft can be discarded."),
    ],
)
def test_a_submitted_claim_offers_nothing_that_is_for_drafts(
    client: Client, submitted: Claim, act: str, says: str
) -> None:
    page = soup(client.get(address(submitted, f"/{act}")))
    assert says in page.text
    assert not page.select("main form")


@pytest.mark.usefixtures("director")
def test_a_draft_that_the_contract_can_no_longer_price_says_so(
    client: Client, session: Session, centre: Centre, draft: Claim, contract: Contract
) -> None:
    renamed = builders.a_contract(
        session,
        centre,
        measures=(builders.a_measure("M77"),),
        reference=contract.reference,
        payers=[{"organisation": "Wren ICB", "share": "1"}],
    )
    session.commit()
    assert renamed.id == contract.id
    shown = text(client, address(draft))
    assert "This draft cannot be valued" in shown
    assert "has no measure “M01”" in shown
    assert "Discard this draft" in shown


def test_a_commissioner_sees_numbers_instead_of_pseudonyms(
    client: Client, session: Session, submitted: Claim, payers: list[Organisation]
) -> None:
    sign_in(client, session, Role.COMMISSIONER, payers[0])
    for path in ("/records", "/records.csv"):
        shown = client.get(address(submitted, path)).text
        assert "abc" not in shown
        assert "Person 6" in shown
    last = rows(client, address(submitted, "/records"))[-1]
    assert last[4] == "Removed: measure The cap of 5 units of M01 was reached."


def test_an_evaluator_sees_the_claim_and_none_of_its_records(
    client: Client, session: Session, centre: Centre, submitted: Claim
) -> None:
    sign_in(client, session, Role.EVALUATOR, centre)
    page = soup(client.get(address(submitted)))
    assert "£600.00" in page.get_text()
    assert not page.select(f'a[href^="{address(submitted, "/records")}"]')
    assert client.get(address(submitted, "/records")).status_code == 403


def test_a_commissioner_lists_what_was_asked_of_their_organisation_and_no_draft(
    client: Client, session: Session, centre: Centre, draft: Claim, submitted: Claim
) -> None:
    icb = session.exec(select(Organisation).where(Organisation.name == "Wren ICB")).one()
    sign_in(client, session, Role.COMMISSIONER, icb)
    [row] = rows(client, of_the_centre(centre))
    assert row[0] == f"{reference('claim', submitted.id)} Warm homes"
    assert row[3:7] == ["Submitted", "£250.00", "£0.00", "£0.00"]
    assert client.get(address(draft)).status_code == 404


def test_a_payer_of_another_contract_sees_nothing(
    client: Client, session: Session, centre: Centre, submitted: Claim
) -> None:
    other = builders.a_payer(session)
    builders.a_contract(session, centre, other)
    sign_in(client, session, Role.COMMISSIONER, other)
    assert client.get(address(submitted)).status_code == 404
    assert rows(client, of_the_centre(centre)) == []


@pytest.mark.usefixtures("director")
def test_claims_are_listed_by_state_contract_and_venture(
    client: Client, session: Session, centre: Centre, draft: Claim, submitted: Claim
) -> None:
    other = builders.a_claim(session, builders.a_contract(session, centre), counts={"M01": 2})
    session.commit()

    def listed(query: str) -> list[str]:
        return [row[0].split()[0] for row in rows(client, of_the_centre(centre, query))]

    first, second, third = (reference("claim", each.id) for each in (draft, submitted, other))
    assert listed("") == [third, second, first]
    assert listed("?state=draft") == [first]
    assert listed(f"?contract={reference('contract', other.contract_id)}") == [third]
    assert listed(f"?venture={reference('venture', draft.venture_id)}") == [second, first]
    assert listed("?sort=-asked") == [second, third, first]
    assert listed("?sort=asked") == [third, second, first]
    tabs = soup(client.get(of_the_centre(centre))).select(".chec-states li")
    assert [" ".join(tab.get_text(" ").split()) for tab in tabs] == [
        "All 3",
        "Draft 1",
        "Submitted 2",
    ]


@pytest.mark.usefixtures("director", "draft", "submitted")
@pytest.mark.parametrize(
    "sort", ["claim", "venture", "contract", "period", "state", "asked", "approved", "paid", "age"]
)
def test_a_list_of_claims_sorts_by_each_column(client: Client, centre: Centre, sort: str) -> None:
    for order in (sort, f"-{sort}"):
        assert len(rows(client, of_the_centre(centre, f"?sort={order}"))) == 2


@pytest.mark.usefixtures("director")
def test_the_list_is_a_file_too(
    client: Client, centre: Centre, draft: Claim, submitted: Claim
) -> None:
    file = client.get(of_the_centre(centre, "/claims.csv?state=submitted")).text
    [told] = csv.DictReader(io.StringIO(file.removeprefix("\ufeff")))
    assert (told["claim"], told["asked"], told["state"]) == (
        reference("claim", submitted.id), "500.00", "submitted",
    )  # fmt: skip
    assert told["last day"] == "2025-06-30"


@pytest.mark.usefixtures("director")
@pytest.mark.parametrize("query", ["?state=lost", "?contract=CN-9999", "?venture=x"])
def test_a_filter_that_means_nothing_is_refused_in_words(
    client: Client, centre: Centre, draft: Claim, query: str
) -> None:
    for path in ("", "/claims.csv"):
        answer = client.get(of_the_centre(centre, f"{path}{query}"))
        assert answer.status_code == 422
        assert "Choose one of the list." in answer.text


@pytest.mark.usefixtures("director")
def test_a_contract_without_claims_can_be_asked_for_too(
    client: Client, session: Session, centre: Centre, contract: Contract
) -> None:
    session.commit()
    path = of_the_centre(centre, f"?contract={reference('contract', contract.id)}")
    assert "No claim fits this filter" in text(client, path)
