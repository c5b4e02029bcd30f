"""Any sequence of events leads to the same rows on both databases, and to those of plain sums."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.actions.ledger import reverse_transfer
from chec.db import open_session
from chec.finance.returns import CashFlow, annual_irr, multiples, payback_on
from chec.models import (
    AccountKind,
    Cause,
    Centre,
    InstrumentKind,
    ReturnsResult,
    ReturnsRun,
    Subject,
)
from tests.builders import (
    OPENED_ON,
    a_centre,
    a_payer,
    a_venture,
    an_actor,
    an_instrument,
    an_investor,
)
from tests.jobs.ledgers import post, results_of, run_of

AS_OF = date(2026, 10, 31)
IN = frozenset({Cause.UNSPENT_RETURNED, Cause.PAYMENT, Cause.SPIN_OUT_PAID, Cause.DISTRIBUTION})
OUT = frozenset({Cause.TRANCHE, Cause.REFUND, Cause.DRAWDOWN})
OTHER = frozenset({Cause.RUNNING_COST, Cause.APPROVAL, Cause.CLAWBACK, Cause.SURPLUS_KEPT})


@dataclass(frozen=True)
class Happening:
    """`whose` is the place of the venture or of the instrument."""

    cause: Cause
    pence: int
    day: int
    whose: int
    is_reversed: bool


happenings = st.lists(
    st.builds(
        Happening,
        st.sampled_from(sorted(IN | OUT | OTHER)),
        st.integers(1, 10**9),
        st.integers(0, 1600),
        st.integers(0, 1),
        st.booleans(),
    ),
    max_size=12,
)


def tell(session: Session, events: list[Happening]) -> tuple[Centre, list[int], list[int]]:
    """The centre to which they happened, with the keys of its ventures and its investors."""
    centre, payer = a_centre(session), a_payer(session)
    ventures = [a_venture(session, centre) for _ in range(2)]
    investors = [an_investor(session) for _ in range(2)]
    kinds = (InstrumentKind.LOAN, InstrumentKind.QUASI_EQUITY)
    terms = [
        an_instrument(session, centre, investor, kind=kind)
        for investor, kind in zip(investors, kinds, strict=True)
    ]
    post(session, centre, Cause.GRANT, 10**12, on=OPENED_ON)
    for event in events:
        transfer = post(
            session,
            centre,
            event.cause,
            event.pence,
            on=OPENED_ON + timedelta(event.day),
            venture=ventures[event.whose],
            payer=payer,
            instrument=terms[event.whose],
            debit=AccountKind.INVESTOR_RETURN if event.cause is Cause.DISTRIBUTION else None,
        )
        if event.is_reversed:
            reverse_transfer(session, an_actor(), transfer, "Entered twice.")
    session.commit()
    return centre, [each.id for each in ventures], [each.id for each in investors]


def flows(events: list[Happening], causes: set[Cause], whose: set[int]) -> list[CashFlow]:
    """One by one, from what happened."""
    own: list[CashFlow] = []
    for event in events:
        if event.cause in causes and event.whose in whose:
            on, pence = OPENED_ON + timedelta(event.day), event.pence
            signed = pence if event.cause in IN else -pence
            own += [CashFlow(on, signed), *([CashFlow(on, -signed)] if event.is_reversed else [])]
    return own


def total(events: list[Happening], causes: set[Cause], whose: set[int]) -> int:
    return sum(flow.pence for flow in flows(events, causes, whose))


def without_keys(row: ReturnsRun | ReturnsResult) -> dict[str, Any]:
    return row.model_dump(exclude={"id", "run_id"})


def stored(engine: Engine, run: ReturnsRun) -> list[dict[str, Any]]:
    query = select(ReturnsResult).where(ReturnsResult.run_id == run.id)
    with open_session(engine, write=False) as session:
        results = session.exec(query.order_by(col(ReturnsResult.id)))
        return [without_keys(run), *map(without_keys, results)]


@settings(max_examples=8, deadline=None)
@given(happenings)
def test_both_databases_have_the_same_rows_and_fingerprint(
    both_engines: list[Engine], events: list[Happening]
) -> None:
    runs = []
    for engine in both_engines:
        with open_session(engine, write=True) as session:
            centre, *_ = tell(session, events)
        runs.append([stored(engine, run_of(engine, centre, as_of=AS_OF)) for _ in range(2)])

    [[on_sqlite, again], [on_postgresql, _]] = runs
    assert on_sqlite == again
    assert on_sqlite == on_postgresql


@settings(max_examples=15, deadline=None)
@given(happenings)
def test_results_are_those_of_each_flow_by_itself(
    both_engines: list[Engine], events: list[Happening]
) -> None:
    engine = both_engines[0]
    with open_session(engine, write=True) as session:
        centre, ventures, investors = tell(session, events)
    run = run_of(engine, centre, as_of=AS_OF)
    with open_session(engine, write=False) as session:
        of_ventures = {r.venture_id: r for r in results_of(session, run, Subject.VENTURE)}
        of_investors = {r.investor_id: r for r in results_of(session, run, Subject.INVESTOR)}
        [of_centre] = results_of(session, run, Subject.CENTRE)

    funding, earned = {Cause.TRANCHE, Cause.UNSPENT_RETURNED}, {Cause.PAYMENT, Cause.SPIN_OUT_PAID}
    for place in (0, 1):
        check(of_ventures[ventures[place]], events, funding, {*earned, Cause.REFUND}, {place})
        check(of_investors[investors[place]], events, *CAPITAL, {place})
    check(of_centre, events, *CAPITAL, {0, 1})
    assert [of_ventures[key].prudent_value_pence for key in ventures] == [
        prudent_value_of_venture(events, place) for place in (0, 1)
    ]
    if total(events, {Cause.DRAWDOWN}, {1}):
        shared = [result.prudent_value_pence for result in of_investors.values()]
        assert of_centre.prudent_value_pence == sum(pence or 0 for pence in shared)
    assert of_centre.value_pence == sum(r.value_pence for r in of_investors.values()) or (
        total(events, {Cause.DRAWDOWN}, {1}) == 0
    )


CAPITAL = ({Cause.DRAWDOWN}, {Cause.DISTRIBUTION})


def net(events: list[Happening], cause: Cause, place: int | None = None) -> int:
    """What happened of a cause, less what was reversed; to one venture or to both."""
    return sum(
        event.pence
        for event in events
        if event.cause is cause and not event.is_reversed and place in {None, event.whose}
    )


def prudent_value_of_venture(events: list[Happening], place: int) -> int:
    """Approved less paid, by its one payer, and the centre's share of clawbacks off that."""
    approved, clawed_back = net(events, Cause.APPROVAL), net(events, Cause.CLAWBACK)
    owed = {Cause.APPROVAL: 1, Cause.REFUND: 1, Cause.PAYMENT: -1, Cause.CLAWBACK: -1}
    unpaid = max(0, sum(sign * net(events, cause, place) for cause, sign in owed.items()))
    if not approved:
        return unpaid
    return unpaid - min(unpaid, (2 * unpaid * clawed_back + approved) // (2 * approved))


def check(
    result: ReturnsResult,
    events: list[Happening],
    going_in: set[Cause],
    coming_back: set[Cause],
    whose: set[int],
) -> None:
    own = flows(events, going_in | coming_back, whose)
    value = [CashFlow(AS_OF, result.value_pence)] if result.value_pence else []
    paid_in = -total(events, going_in, whose)
    distributed = total(events, coming_back, whose)
    rate = annual_irr([*own, *value])
    prudent = annual_irr([*own, CashFlow(AS_OF, result.prudent_value_pence or 0)])
    ratios = multiples(result.committed_pence or 0, paid_in, distributed, result.value_pence)

    assert (result.paid_in_pence, result.distributed_pence) == (paid_in, distributed)
    assert (result.irr_reason, result.prudent_irr_reason) == (rate.reason, prudent.reason)
    for stored, own_rate in (
        (result.irr_rate, rate.rate),
        (result.prudent_irr_rate, prudent.rate),
    ):
        assert (stored is None) == (own_rate is None)
        assert stored == own_rate or stored == pytest.approx(own_rate, rel=1e-9)
    assert (result.pic, result.dpi) == (ratios.pic, ratios.dpi)
    assert (result.rvpi, result.tvpi) == (ratios.rvpi, ratios.tvpi)
    assert result.payback_on == payback_on(own)
    assert result.flow_count == len(own)
