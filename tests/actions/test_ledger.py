"""Posting and reversing transfers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from chec.actions.ledger import post_transfer, reverse_transfer
from chec.actions.quarters import close_quarter
from chec.errors import RuleBroken
from chec.finance.periods import Quarter
from chec.models import BANK, AccountKey, AccountKind, AuditEvent, Cause, Centre, Transfer
from chec.permissions import SYSTEM
from chec.queries.accounts import AccountBalance, list_balances
from chec.queries.ledger import LedgerFilter, total_transfers
from chec.rules.posting import MOVEMENTS, Entry
from tests import builders

MARCH = date(2026, 3, 2)


def a_tranche(session: Session, centre: Centre, *, pence: int, on: date) -> Entry:
    venture = builders.a_venture(session, centre)
    funding = AccountKey(AccountKind.VENTURE_FUNDING, venture_id=venture.id)
    return Entry(on, funding, BANK, pence, Cause.TRANCHE)


def bank_pence(session: Session, centre: Centre) -> int:
    balances = {each.name: each.balance_pence for each in list_balances(session, SYSTEM, centre.id)}
    return balances["bank"]


def test_a_transfer_is_recorded_with_who_and_when(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre, Cause.GRANT, pence=5_000, on=MARCH)
    assert (transfer.pence, transfer.on, transfer.recorded_at) == (5_000, MARCH, builders.NOW)
    session.commit()
    trail = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
    assert trail
    assert trail.subject == f"T-{transfer.id:04d}"


def test_the_same_key_leads_to_the_first_result(session: Session) -> None:
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre, Cause.GRANT, pence=900)
    entry = a_tranche(session, centre, pence=400, on=MARCH)
    first = post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    assert post_transfer(session, builders.an_actor(), centre, entry, "form:1") is first
    assert bank_pence(session, centre) == 500


@pytest.mark.parametrize(
    "change",
    [{"pence": 401}, {"debit": AccountKey(AccountKind.OPERATING_COST)}, {"cause": Cause.REFUND}],
    ids=["amount", "account", "cause"],
)
def test_the_same_key_with_other_values_is_refused(
    session: Session, change: dict[str, Any]
) -> None:
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre, Cause.GRANT, pence=900)
    entry = a_tranche(session, centre, pence=400, on=MARCH)
    posted = post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    with pytest.raises(RuleBroken, match=rf"it recorded T-{posted.id:04d}, £4\.00"):
        post_transfer(session, builders.an_actor(), centre, replace(entry, **change), "form:1")
    assert bank_pence(session, centre) == 500


def test_a_key_of_one_centre_means_nothing_in_another(session: Session) -> None:
    centre, other = builders.a_centre(session), builders.a_centre(session)
    kinds = (BANK, builders.an_account_key(session, centre, AccountKind.GRANT_INCOME))
    entry = Entry(MARCH, *kinds, 900, Cause.GRANT)
    first = post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    second = post_transfer(session, builders.an_actor(), other, entry, "form:1")
    assert (first.centre_id, second.centre_id) == (centre.id, other.id)


def test_no_payment_takes_the_bank_below_zero(session: Session) -> None:
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    entry = a_tranche(session, centre, pence=901, on=MARCH)
    with pytest.raises(RuleBroken, match=r"£0\.01 short at the end of 2 March 2026"):
        post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    assert bank_pence(session, centre) == 900
    post_transfer(session, builders.an_actor(), centre, replace(entry, pence=900), "form:2")
    assert bank_pence(session, centre) == 0


def test_a_payment_cannot_spend_what_is_spent_on_a_later_day(session: Session) -> None:
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    late = a_tranche(session, centre, pence=800, on=MARCH + timedelta(days=9))
    post_transfer(session, builders.an_actor(), centre, late, "form:1")
    early = replace(late, pence=101, on=MARCH)
    with pytest.raises(RuleBroken, match="11 March 2026"):
        post_transfer(session, builders.an_actor(), centre, early, "form:2")


def test_a_reversal_moves_the_money_back_and_names_its_transfer(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    reversal = reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    assert (reversal.reverses_id, reversal.on, reversal.memo) == (
        transfer.id,
        MARCH,
        "Paid in twice",
    )
    assert bank_pence(session, centre) == 0


def test_a_double_click_reverses_once(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre)
    first = reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    assert reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice ") is first


def test_two_people_cannot_reverse_the_same_transfer(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre)
    reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    other = replace(builders.an_actor(), user_id=builders.a_user(session).id)
    with pytest.raises(RuleBroken, match="reversed already"):
        reverse_transfer(session, other, transfer, "Paid in twice")


def test_a_reversal_made_in_error_is_itself_reversed(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre, pence=900)
    reversal = reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    reverse_transfer(session, builders.an_actor(), reversal, "It was paid in once")
    assert bank_pence(session, centre) == 900


def test_a_reversal_may_overdraw_and_then_nothing_is_paid_until_it_is_cured(
    session: Session,
) -> None:
    centre = builders.a_centre(session)
    grant = builders.a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    entry = a_tranche(session, centre, pence=600, on=MARCH)
    post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    reverse_transfer(session, builders.an_actor(), grant, "Meant for another centre")
    assert bank_pence(session, centre) == -600
    small = replace(entry, pence=1, on=MARCH + timedelta(days=1))
    with pytest.raises(RuleBroken, match=r"£6\.01 short"):
        post_transfer(session, builders.an_actor(), centre, small, "form:2")
    builders.a_transfer(session, centre, Cause.GRANT, pence=601, on=MARCH)
    post_transfer(session, builders.an_actor(), centre, small, "form:2")
    assert bank_pence(session, centre) == 0


def test_a_closed_quarter_takes_nothing_and_its_correction_names_it(session: Session) -> None:
    centre = builders.a_centre(session)
    transfer = builders.a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    close_quarter(session, builders.an_actor(), centre, Quarter(2025, 4))
    with pytest.raises(RuleBroken, match="which is closed"):
        builders.a_transfer(session, centre, Cause.GRANT, on=MARCH)
    reversal = reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    assert reversal.on == builders.NOW.date()
    assert reversal.corrects_quarter_on == date(2026, 1, 1)


AMOUNTS = st.integers(1, 10_000_000)
DAYS = st.integers(0, 400).map(lambda n: date(2024, 4, 1) + timedelta(days=n))
EVENTS = st.lists(st.tuples(st.sampled_from(list(Cause)), AMOUNTS, DAYS, st.booleans()), max_size=8)


@pytest.mark.backend("sqlite")
@given(events=EVENTS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_trial_balance_is_zero_after_anything_and_a_replay_gives_the_same(
    session: Session, events: list[tuple[Cause, int, date, bool]]
) -> None:
    centre, replayed = builders.a_centre(session), builders.a_centre(session)
    for cause, pence, on, is_wrong in events:
        transfer = builders.a_transfer(session, centre, cause, pence=pence, on=on)
        if is_wrong:
            reverse_transfer(session, builders.an_actor(), transfer, "A mistake")
    told = total_transfers(session, SYSTEM, centre.id, LedgerFilter())
    balances = list_balances(session, SYSTEM, centre.id)
    assert sum(each.balance_pence for each in balances) == 0
    assert told.effect_pence == _by_kind(balances).get("bank", 0)
    _replay(session, centre, replayed)
    again = list_balances(session, SYSTEM, replayed.id)
    assert _by_kind(again) == _by_kind(balances)


def _replay(session: Session, told: Centre, centre: Centre) -> None:
    """Post every transfer of one centre once more in another, between accounts of its own."""
    kinds = {
        each.id: each.name.partition(":")[0] for each in list_balances(session, SYSTEM, told.id)
    }
    transfers = session.exec(
        select(Transfer).where(Transfer.centre_id == told.id).order_by(col(Transfer.id))
    ).all()
    done: dict[int, Transfer] = {}
    for transfer in transfers:
        if transfer.reverses_id:
            again = reverse_transfer(
                session, builders.an_actor(), done[transfer.reverses_id], transfer.memo
            )
        else:
            again = _post_again(session, centre, transfer, kinds)
        done[transfer.id] = again


def _post_again(
    session: Session, centre: Centre, transfer: Transfer, kinds: dict[int, str]
) -> Transfer:
    movement = MOVEMENTS[Cause(transfer.cause)]
    venture = builders.a_venture(session, centre)
    keys = [
        builders.an_account_key(session, centre, AccountKind(kinds[account_id]), venture=venture)
        for account_id in (transfer.debit_account_id, transfer.credit_account_id)
    ]
    assert keys[0].kind in movement.debit
    entry = Entry(transfer.on, keys[0], keys[1], transfer.pence, Cause(transfer.cause))
    return post_transfer(
        session, builders.an_actor(), centre, entry, f"again:{centre.id}:{transfer.id}"
    )


def _by_kind(balances: Sequence[AccountBalance]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in balances:
        kind = each.name.partition(":")[0]
        totals[kind] = totals.get(kind, 0) + each.balance_pence
    return totals


def test_nothing_is_posted_where_everything_is_refused(session: Session) -> None:
    centre = builders.a_centre(session)
    entry = a_tranche(session, centre, pence=1, on=MARCH)
    with pytest.raises(RuleBroken):
        post_transfer(session, builders.an_actor(), centre, entry, "form:1")
    assert session.exec(select(func.count()).select_from(Transfer)).one() == 0
