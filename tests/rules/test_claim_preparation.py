"""What a director is told about a draft before it is submitted."""

from datetime import date

import pytest

from chec.models import Claim, ClaimLine, ClaimState, LineBasis
from chec.rules.claim_preparation import warnings_of_counts, warnings_of_lateness
from chec.rules.contract_terms import ContractTerms, read_contract
from tests.builders import NOW, a_contract_document, a_measure


def terms(*, claim_within_days: int | None = None) -> ContractTerms:
    rising = a_measure("M01")
    rising["term"]["prices"].append({"from": "2025-05-01", "pence": 12_000})
    document = a_contract_document(
        measures=(rising, a_measure("M02")), claim_within_days=claim_within_days
    )
    return read_contract(document)


def a_draft(first: date, ends_before: date) -> Claim:
    return Claim(
        id=1,
        centre_id=1,
        contract_id=1,
        venture_id=1,
        starts_on=first,
        ends_before=ends_before,
        state=ClaimState.DRAFT,
        prepared_at=NOW,
    )


def counted(measure: str, basis: LineBasis = LineBasis.COUNTS, units: int = 3) -> ClaimLine:
    return ClaimLine(claim_id=1, measure=measure, basis=basis, units=units)


def test_counts_over_a_change_of_price_are_warned_of() -> None:
    draft = a_draft(date(2025, 4, 1), date(2025, 7, 1))
    [told] = warnings_of_counts(terms(), draft, [counted("M01"), counted("M02")])
    assert told == (
        "M01: its price changes on 1 May 2025, and counts are priced as on 30 June 2025. Claim the"
        " time before and after apart."
    )


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (counted("M01"), date(2025, 5, 1)),
        (counted("M02"), date(2025, 4, 1)),
        (counted("M01", LineBasis.RECORDS), date(2025, 4, 1)),
        (counted("M01", units=0), date(2025, 4, 1)),
    ],
)
def test_nothing_is_said_where_one_price_holds(line: ClaimLine, first: date) -> None:
    assert warnings_of_counts(terms(), a_draft(first, date(2025, 7, 1)), [line]) == []


def test_counts_over_the_end_of_a_financial_year_are_warned_of() -> None:
    draft = a_draft(date(2025, 1, 1), date(2025, 4, 15))
    [told] = warnings_of_counts(terms(), draft, [counted("M02")])
    assert "financial year 2025/26, and counts are dated 14 April 2025" in told
    assert "until 31 March 2025 apart" in told
    assert not warnings_of_counts(terms(), draft, [counted("M02", LineBasis.RECORDS)])


def test_the_last_day_for_a_claim_is_said() -> None:
    draft, within = a_draft(date(2025, 4, 1), date(2025, 7, 1)), terms(claim_within_days=100)
    [told] = warnings_of_lateness(within, draft, date(2025, 7, 10))
    assert told.endswith("submit by 10 July 2025 to have all of this period.")
    [told] = warnings_of_lateness(within, draft, date(2025, 7, 11))
    assert told.endswith("what was achieved before 2 April 2025 is too late today.")
    assert warnings_of_lateness(terms(), draft, date(2025, 7, 11)) == []
