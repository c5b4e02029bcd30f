"""Who gets what of a distribution."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from chec.models import AccountKind, Instrument, InstrumentKind
from chec.rules.distribution import (
    Distribution,
    Stake,
    distribution_entries,
    faults_to_distribute,
    reasons_not_as_seen,
    shares_in_words,
    shares_of,
)

MARCH = date(2026, 3, 2)


def an_instrument(number: int, kind: InstrumentKind = InstrumentKind.QUASI_EQUITY) -> Instrument:
    return Instrument(
        id=number,
        centre_id=1,
        investor_id=number,
        reference=f"REF-{number}",
        kind=kind,
        committed_pence=10**12,
        agreed_on=MARCH,
    )


def a_stake(number: int, paid_in: int, outstanding: int | None = None) -> Stake:
    left = paid_in if outstanding is None else outstanding
    return Stake(an_instrument(number), paid_in, left)


def a_loan(number: int, paid_in: int, outstanding: int) -> Stake:
    return Stake(an_instrument(number, InstrumentKind.LOAN), paid_in, outstanding)


def parts(pence: int, *stakes: Stake) -> list[tuple[str, int, int]]:
    shares = shares_of(pence, stakes)
    return [(each.instrument.reference, each.capital_pence, each.return_pence) for each in shares]


def test_capital_comes_back_first_and_the_rest_is_a_return() -> None:
    told = parts(300_00, a_stake(1, 100_00, 40_00), a_stake(2, 200_00))
    assert told == [("REF-1", 40_00, 60_00), ("REF-2", 200_00, 0)]


def test_a_loan_gets_its_principal_and_no_return() -> None:
    told = parts(90_00, a_loan(1, 100_00, 10_00), a_stake(2, 60_00))
    assert told == [("REF-1", 10_00, 0), ("REF-2", 60_00, 20_00)]


def test_who_paid_nothing_in_gets_nothing() -> None:
    assert parts(90_00, a_stake(1, 0), a_stake(2, 1_00, 0)) == [("REF-2", 0, 90_00)]


def test_nothing_is_distributed_before_anybody_paid_in() -> None:
    [fault] = faults_to_distribute(Distribution(1_00, MARCH), [a_stake(1, 0)])
    assert fault.field == "pounds"
    assert "By 2 March 2026 no investor had paid in" in fault.reason


def test_loans_alone_take_no_more_than_their_principal() -> None:
    stakes = [a_loan(1, 100_00, 10_00), a_loan(2, 50_00, 50_00)]
    [fault] = faults_to_distribute(Distribution(60_01, MARCH), stakes)
    assert "Distribute at most £60.00." in fault.reason
    assert not faults_to_distribute(Distribution(60_00, MARCH), stakes)
    [repaid] = faults_to_distribute(Distribution(1, MARCH), [a_loan(1, 100_00, 0)])
    assert "Every loan is paid back" in repaid.reason


def test_shares_are_paid_as_they_were_seen_or_not_at_all() -> None:
    shares = shares_of(90_00, [a_stake(1, 60_00)])
    assert not reasons_not_as_seen(shares, shares_in_words(shares))
    changed = shares_of(90_00, [a_stake(1, 60_00), a_stake(2, 1_00)])
    assert reasons_not_as_seen(changed, shares_in_words(shares))
    assert reasons_not_as_seen(shares, "")


pence = st.integers(0, 10**11)
stakes = st.lists(st.tuples(pence, pence, st.booleans()), max_size=6)


@given(st.integers(1, 10**11), stakes)
def test_what_is_not_refused_adds_up_to_the_penny_in_shares_and_in_transfers(
    amount: int, told: list[tuple[int, int, bool]]
) -> None:
    given_stakes = [
        a_loan(n, paid, min(paid, left)) if is_loan else a_stake(n, paid, min(paid, left))
        for n, (paid, left, is_loan) in enumerate(told, 1)
    ]
    distribution = Distribution(amount, MARCH)
    if faults_to_distribute(distribution, given_stakes):
        return
    shares = shares_of(amount, given_stakes)
    entries = distribution_entries(shares, distribution)
    assert sum(share.pence for share in shares) == amount
    assert sum(entry.pence for entry in entries) == amount
    assert all(entry.pence > 0 for entry in entries)
    outstanding = {stake.instrument.id: stake.outstanding_pence for stake in given_stakes}
    for entry in entries:
        if entry.debit.kind is AccountKind.INVESTOR_CAPITAL:
            assert entry.pence <= outstanding[entry.debit.instrument_id or 0]
