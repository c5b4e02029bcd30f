"""What an investor may be called for."""

from datetime import date

from chec.models import AccountKind, Cause, Instrument, InstrumentKind
from chec.rules.drawdown import drawdown_entry, faults_to_draw, grants_under

MARCH = date(2026, 3, 2)


def an_instrument(
    number: int = 1,
    kind: InstrumentKind = InstrumentKind.LOAN,
    *,
    committed: int = 100_00,
    agreed_on: date = MARCH,
) -> Instrument:
    return Instrument(
        id=number,
        centre_id=1,
        investor_id=7,
        reference=f"REF-{number}",
        kind=kind,
        committed_pence=committed,
        agreed_on=agreed_on,
    )


def test_a_grant_is_income_and_everything_else_is_capital() -> None:
    loan = drawdown_entry(an_instrument(), 5_00, MARCH, "")
    grant = drawdown_entry(an_instrument(kind=InstrumentKind.GRANT), 5_00, MARCH, "")
    assert (loan.cause, loan.credit.kind) == (Cause.DRAWDOWN, AccountKind.INVESTOR_CAPITAL)
    assert (grant.cause, grant.credit.kind) == (Cause.GRANT, AccountKind.GRANT_INCOME)


def test_no_more_is_drawn_than_is_undrawn() -> None:
    terms = an_instrument()
    assert not faults_to_draw(terms, 40_00, drawdown_entry(terms, 60_00, MARCH, ""))
    [fault] = faults_to_draw(terms, 40_00, drawdown_entry(terms, 60_01, MARCH, ""))
    assert fault.reason.startswith("£60.00 of REF-1 is undrawn")
    [fault] = faults_to_draw(terms, 110_00, drawdown_entry(terms, 1, MARCH, ""))
    assert fault.reason.startswith("All of REF-1 is drawn")


def test_nothing_is_drawn_before_the_agreement() -> None:
    terms = an_instrument(agreed_on=date(2026, 3, 3))
    [fault] = faults_to_draw(terms, 0, drawdown_entry(terms, 1, MARCH, ""))
    assert fault.field == "on"


def test_a_grant_counts_under_the_agreement_it_names_and_else_under_the_earliest_with_room() -> (
    None
):
    grants = [an_instrument(n, InstrumentKind.GRANT) for n in (1, 2, 3)]
    received = {"REF-2": 80_00, "Year 1": 90_00, "": 40_00}
    assert grants_under(grants, received) == {1: 100_00, 2: 100_00, 3: 10_00}
