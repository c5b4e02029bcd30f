"""The ledger as people read it."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from chec.actions.ledger import reverse_transfer
from chec.errors import NotFound
from chec.models import Account, Cause, Centre, Role, Transfer
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.ledger import (
    KnownTo,
    LedgerFilter,
    each_transfer,
    get_transfer,
    list_transfers,
    total_transfers,
)
from tests import builders

MARCH = date(2026, 3, 2)
ALL = LedgerFilter()


def viewer(role: Role, **held_for: int) -> Viewer:
    return Viewer(1, frozenset({Grant(role, **held_for)}))


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


def seen(session: Session, viewer: Viewer, transfer: Transfer) -> bool:
    try:
        return get_transfer(session, viewer, transfer.id).id == transfer.id
    except NotFound:
        return False


def test_the_newest_come_first_with_the_bank_after_each(session: Session, centre: Centre) -> None:
    for day, pence in enumerate([500, 300, 200]):
        builders.a_transfer(session, centre, pence=pence, on=MARCH + timedelta(days=day))
    rows = list_transfers(session, SYSTEM, centre.id, ALL)
    assert [(row.effect_pence, row.balance_pence) for row in rows] == [
        (200, 1_000),
        (300, 800),
        (500, 500),
    ]


def test_a_page_goes_on_where_the_one_before_ended(session: Session, centre: Centre) -> None:
    for _ in range(7):
        builders.a_transfer(session, centre, Cause.TRANCHE, pence=100, on=MARCH)
    whole = list_transfers(session, SYSTEM, centre.id, ALL, limit=100)
    pages = [
        list_transfers(session, SYSTEM, centre.id, ALL, offset=offset, limit=4)
        for offset in (0, 4, 8, 12)
    ]
    assert [row for page in pages for row in page] == whole
    assert total_transfers(session, SYSTEM, centre.id, ALL).transfer_count == len(whole) == 14


def test_a_download_tells_the_same_from_the_oldest_on(session: Session, centre: Centre) -> None:
    for day in (3, 1, 2):
        builders.a_transfer(session, centre, Cause.TRANCHE, on=MARCH + timedelta(days=day))
    rows = list_transfers(session, SYSTEM, centre.id, ALL)
    assert list(each_transfer(session, SYSTEM, centre.id, ALL)) == rows[::-1]


def test_with_an_account_chosen_the_balance_is_that_accounts(
    session: Session, centre: Centre
) -> None:
    venture = builders.a_venture(session, centre)
    first = builders.a_transfer(session, centre, Cause.TRANCHE, pence=700, venture=venture)
    back = builders.a_transfer(session, centre, Cause.UNSPENT_RETURNED, pence=200, venture=venture)
    chosen = LedgerFilter(account_id=first.debit_account_id)
    rows = list_transfers(session, SYSTEM, centre.id, chosen)
    assert [(row.id, row.balance_pence) for row in rows] == [(back.id, 500), (first.id, 700)]


def test_filters_find_by_venture_payer_investor_cause_and_day(
    session: Session, centre: Centre
) -> None:
    payment = builders.a_transfer(session, centre, Cause.PAYMENT, on=MARCH)
    drawdown = builders.a_transfer(session, centre, Cause.DRAWDOWN, on=MARCH + timedelta(days=1))
    venture_id, payer_id = _owners(session, payment.credit_account_id)
    investor_id = _investor(session, drawdown.credit_account_id)

    def found(chosen: LedgerFilter) -> list[int]:
        return [row.id for row in list_transfers(session, SYSTEM, centre.id, chosen)]

    assert found(LedgerFilter(venture_id=venture_id)) == [payment.id]
    assert found(LedgerFilter(payer_id=payer_id)) == [payment.id]
    assert found(LedgerFilter(investor_id=investor_id)) == [drawdown.id]
    assert found(LedgerFilter(causes=("drawdown", "tranche"))) == [drawdown.id]
    assert found(LedgerFilter(from_on=MARCH + timedelta(days=1))) == [drawdown.id]
    assert found(LedgerFilter(to_on=MARCH)) == [payment.id]


def test_what_was_recorded_later_was_not_known(session: Session, centre: Centre) -> None:
    grant = builders.a_transfer(session, centre, at=builders.NOW - timedelta(days=2), on=MARCH)
    reverse_transfer(session, builders.an_actor(), grant, "Paid in twice")
    before = KnownTo(MARCH, builders.NOW - timedelta(days=1), last_transfer_id=grant.id + 1)
    known = LedgerFilter(known=before)
    assert total_transfers(session, SYSTEM, centre.id, known).effect_pence == grant.pence
    assert total_transfers(session, SYSTEM, centre.id, ALL).effect_pence == 0


def test_directors_and_evaluators_see_their_centres_and_no_others(
    session: Session, centre: Centre
) -> None:
    transfer = builders.a_transfer(session, centre)
    other = builders.a_centre(session)
    for role in (Role.DIRECTOR, Role.EVALUATOR):
        assert seen(session, viewer(role, centre_id=centre.id), transfer)
        assert not seen(session, viewer(role, centre_id=other.id), transfer)
    assert not seen(session, viewer(Role.ADMINISTRATOR, centre_id=centre.id), transfer)


def test_an_investor_sees_their_own_transfers_and_no_others(
    session: Session, centre: Centre
) -> None:
    alice, bob = builders.an_investor(session), builders.an_investor(session)
    drawdown = builders.a_transfer(session, centre, Cause.DRAWDOWN, investor=alice)
    assert seen(session, viewer(Role.INVESTOR, organisation_id=alice.id), drawdown)
    assert not seen(session, viewer(Role.INVESTOR, organisation_id=bob.id), drawdown)


def test_a_commissioner_sees_what_concerns_them_as_payer(session: Session, centre: Centre) -> None:
    payer, other = builders.a_payer(session), builders.a_payer(session)
    payment = builders.a_transfer(session, centre, Cause.PAYMENT, payer=payer)
    assert seen(session, viewer(Role.COMMISSIONER, organisation_id=payer.id), payment)
    assert not seen(session, viewer(Role.COMMISSIONER, organisation_id=other.id), payment)


def test_a_provider_team_sees_its_own_venture(session: Session, centre: Centre) -> None:
    venture, other = builders.a_venture(session, centre), builders.a_venture(session, centre)
    tranche = builders.a_transfer(session, centre, Cause.TRANCHE, venture=venture)
    assert seen(session, viewer(Role.PROVIDER, venture_id=venture.id), tranche)
    assert not seen(session, viewer(Role.PROVIDER, venture_id=other.id), tranche)


def test_an_organisation_that_is_investor_and_payer_is_seen_by_role(
    session: Session, centre: Centre
) -> None:
    payer = builders.a_payer(session)
    payment = builders.a_transfer(session, centre, Cause.PAYMENT, payer=payer)
    assert not seen(session, viewer(Role.INVESTOR, organisation_id=payer.id), payment)


def _owners(session: Session, account_id: int) -> tuple[int | None, int | None]:
    account = session.get_one(Account, account_id)
    return account.venture_id, account.payer_id


def _investor(session: Session, account_id: int) -> int | None:
    return session.get_one(Account, account_id).investor_id
