"""Importing a ledger file: all of it or nothing, and the same file twice changes nothing."""

import pytest
from sqlmodel import Session, func, select

from chec.actions.ledger import reverse_transfer
from chec.actions.ledger_imports import MOST_FAULTS_NAMED, LedgerImport, import_ledger
from chec.errors import RuleBroken
from chec.models import Centre, InstrumentKind, Transfer
from chec.permissions import SYSTEM
from chec.queries.ledger import LedgerFilter, list_transfers
from tests import builders

HEADER = "on,debit,credit,pounds,cause,reference,memo"
GRANT = "2026-03-02,bank,grant income: Fund,1000.00,grant,,First grant"
TRANCHE = "2026-03-02,venture funding: Warm homes,bank,250.50,tranche,PO-7,"


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session)
    builders.a_venture(session, centre, name="Warm homes")
    builders.an_instrument(session, centre, builders.an_investor(session, name="Fund"))
    return centre


def load(session: Session, centre: Centre, *rows: str) -> LedgerImport:
    text = "\n".join([HEADER, *rows])
    lines = text.encode().splitlines(keepends=True)
    return import_ledger(session, builders.an_actor(), centre, lines)


def refusals(session: Session, centre: Centre, *rows: str) -> list[str]:
    with pytest.raises(RuleBroken) as refused:
        load(session, centre, *rows)
    assert session.exec(select(func.count()).select_from(Transfer)).one() == 0
    return refused.value.reasons


def test_every_line_becomes_a_transfer(session: Session, centre: Centre) -> None:
    assert load(session, centre, GRANT, TRANCHE) == LedgerImport(2, 0)
    rows = list_transfers(session, SYSTEM, centre.id, LedgerFilter())
    assert rows[0].balance_pence == 100_000 - 25_050
    assert {(row.memo, row.reference) for row in rows} == {("First grant", ""), ("", "PO-7")}


def test_the_same_file_twice_changes_nothing(session: Session, centre: Centre) -> None:
    load(session, centre, GRANT, TRANCHE)
    assert load(session, centre, GRANT, TRANCHE) == LedgerImport(0, 2)


def test_equal_lines_of_a_file_are_all_posted(session: Session, centre: Centre) -> None:
    assert load(session, centre, GRANT, GRANT) == LedgerImport(2, 0)


def test_a_longer_version_of_a_file_adds_only_what_is_new(session: Session, centre: Centre) -> None:
    load(session, centre, GRANT)
    assert load(session, centre, TRANCHE, GRANT, GRANT) == LedgerImport(2, 1)


def test_a_reversed_line_stays_reversed_when_the_file_comes_again(
    session: Session, centre: Centre
) -> None:
    load(session, centre, GRANT)
    transfer = session.exec(select(Transfer)).one()
    reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    assert load(session, centre, GRANT) == LedgerImport(0, 1)


def test_one_bad_line_keeps_all_the_others_out(session: Session, centre: Centre) -> None:
    bad = TRANCHE.replace("250.50", "250.5").replace("Warm homes", "Warm hoems")
    reasons = refusals(session, centre, GRANT, bad, bad.replace("2026-03-02", "2026-02-30"))
    assert [reason.partition(":")[0] for reason in reasons] == [
        "Line 3, debit",
        "Line 3, pounds",
        "Line 4, on",
        "Line 4, debit",
        "Line 4, pounds",
    ]


def test_an_account_opened_for_a_refused_file_is_not_kept(session: Session, centre: Centre) -> None:
    refusals(session, centre, GRANT, TRANCHE.replace("250.50", "1000.01"))
    assert list_transfers(session, SYSTEM, centre.id, LedgerFilter()) == []
    assert load(session, centre, GRANT) == LedgerImport(1, 0)


def test_the_file_is_checked_for_overdraft_as_a_whole(session: Session, centre: Centre) -> None:
    assert load(session, centre, TRANCHE, GRANT) == LedgerImport(2, 0)


def test_an_overdraft_names_the_line_and_the_day(session: Session, centre: Centre) -> None:
    late = TRANCHE.replace("2026-03-02", "2026-03-09").replace("250.50", "900.00")
    [reason] = refusals(session, centre, GRANT, TRANCHE, late)
    assert reason.startswith(
        "Line 4, pounds: The bank would be £150.50 short at the end of 9 March"
    )


def test_only_so_many_faults_are_named_and_the_rest_are_counted(
    session: Session, centre: Centre
) -> None:
    bad = GRANT.replace("1000.00", "nought")
    reasons = refusals(session, centre, *[bad] * (MOST_FAULTS_NAMED + 20))
    assert len(reasons) == MOST_FAULTS_NAMED + 1
    assert reasons[-1] == "And 20 more."


def test_the_future_and_closed_days_are_refused_by_line(session: Session, centre: Centre) -> None:
    future = GRANT.replace("2026-03-02", "2027-03-02")
    early = GRANT.replace("2026-03-02", "2020-03-02")
    reasons = refusals(session, centre, future, early)
    assert "Line 2, on: 2 March 2027 is in the future" in reasons[0]
    assert "Line 3, on: 2 March 2020 is before the centre opened" in reasons[1]


def test_a_grant_is_never_booked_as_capital(session: Session, centre: Centre) -> None:
    fund = builders.an_investor(session, name="Giver")
    builders.an_instrument(session, centre, fund, reference="G1", kind=InstrumentKind.GRANT)
    wrong = GRANT.replace("grant income: Fund", "investor capital: Giver / G1")
    reasons = refusals(session, centre, wrong.replace(",grant,", ",drawdown,"))
    assert reasons[0].startswith("Line 2, credit: This centre has no instrument “Giver / G1”")
    assert load(session, centre, GRANT.replace("Fund", "Giver")) == LedgerImport(1, 0)
