from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from math import lcm
from random import Random

import numpy_financial
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from chec.finance.returns import CashFlow, annual_irr, multiples, payback_on

START = date(2015, 4, 1)
Polynomial = list[Fraction]


def flows_of(*pairs: tuple[int, int]) -> list[CashFlow]:
    return [CashFlow(START + timedelta(days), pence) for days, pence in pairs]


@st.composite
def any_flows(draw: st.DrawFn) -> list[CashFlow]:
    days = st.integers(0, draw(st.sampled_from([3, 400, 11000])))
    most = 10 ** draw(st.integers(1, 13))
    pairs = draw(st.lists(st.tuples(days, st.integers(-most, most)), max_size=12))
    return flows_of(*pairs)


@st.composite
def investments(draw: st.DrawFn) -> list[CashFlow]:
    """Money out, and after a year at the least money in: exactly one rate fits."""
    unit = 10 ** draw(st.integers(0, 7))
    out = draw(st.lists(st.tuples(st.integers(0, 700), st.integers(1000, 9000)), min_size=1))
    back = draw(st.lists(st.tuples(st.integers(1100, 4000), st.integers(1000, 9000)), min_size=1))
    scale = Fraction(sum(p for _, p in out) * draw(st.integers(5, 40)), 10)
    share = scale / sum(p for _, p in back)
    return flows_of(
        *((day, -unit * pence) for day, pence in out),
        *((day, max(1, round(unit * pence * share))) for day, pence in back),
    )


def product(*factors: Polynomial) -> Polynomial:
    def times(left: Polynomial, right: Polynomial) -> Polynomial:
        terms = [Fraction(0)] * (len(left) + len(right) - 1)
        for i, a in enumerate(left):
            for j, b in enumerate(right):
                terms[i + j] += a * b
        return terms

    return reduce(times, factors)


def flows_with_value(polynomial: Polynomial, days_apart: int) -> list[CashFlow]:
    whole = lcm(*(term.denominator for term in polynomial))
    return flows_of(*((i * days_apart, int(whole * term)) for i, term in enumerate(polynomial)))


GROWTHS = st.fractions(Fraction(1, 20), 20, max_denominator=40)
APART = st.sampled_from([30, 91, 365, 730])


@st.composite
def rootless_factors(draw: st.DrawFn) -> Polynomial:
    """1 + bv + c²v² with b² < 4c²: above zero wherever v is."""
    c = draw(st.integers(1, 6))
    b = draw(st.integers(-2 * c + 1, 2 * c - 1))
    return [Fraction(1), Fraction(b), Fraction(c**2)]


@given(investments())
def test_the_rate_agrees_with_xirr_where_exactly_one_fits(flows: list[CashFlow]) -> None:
    largest = max(abs(flow.pence) for flow in flows)
    theirs = pyxirr.xirr([flow.on for flow in flows], [flow.pence / largest for flow in flows])
    assert annual_irr(flows).rate == pytest.approx(theirs, rel=1e-7, abs=1e-8)


@given(
    st.lists(GROWTHS, unique=True, max_size=3),
    st.lists(rootless_factors(), max_size=2),
    APART,
    st.sampled_from([1, -1]),
)
def test_as_many_rates_are_counted_as_the_flows_were_made_to_have(
    growths: list[Fraction], others: list[Polynomial], apart: int, sign: int
) -> None:
    crossed = [[Fraction(sign)], *([Fraction(1), -growth] for growth in growths), *others]
    flows = flows_with_value(product(*crossed), apart)
    found = annual_irr(flows)
    if len(growths) == 1:
        expected = float(growths[0]) ** (365 / apart) - 1
        assert found.rate == pytest.approx(expected, rel=1e-11, abs=1e-13)
    else:
        assert found.rate is None
        assert (f"{len(growths)} rates fit" == found.reason) == (len(growths) > 1)


@given(GROWTHS, st.integers(2, 4), APART)
def test_a_rate_that_fits_several_times_over_counts_once(
    growth: Fraction, times: int, apart: int
) -> None:
    flows = flows_with_value(product(*[[Fraction(1), -growth]] * times), apart)
    expected = float(growth) ** (365 / apart) - 1
    assert annual_irr(flows).rate == pytest.approx(expected, rel=1e-11, abs=1e-13)


@given(any_flows(), st.randoms(use_true_random=False))
def test_the_order_of_flows_does_not_matter(flows: list[CashFlow], random: Random) -> None:
    turned = random.sample(flows, len(flows))
    assert annual_irr(turned) == annual_irr(flows)
    assert payback_on(turned) == payback_on(flows)


@given(any_flows(), st.integers(0, 11), st.floats(0, 1))
def test_splitting_a_flow_in_two_on_one_day_changes_nothing(
    flows: list[CashFlow], place: int, share: float
) -> None:
    if place < len(flows):
        whole = flows[place]
        part = CashFlow(whole.on, round(whole.pence * share))
        rest = CashFlow(whole.on, whole.pence - part.pence)
        split = [part, *flows[:place], *flows[place + 1 :], rest]
        assert annual_irr(split) == annual_irr(flows)
        assert payback_on(split) == payback_on(flows)


@given(any_flows(), st.integers(1, 10**4))
def test_the_size_of_all_amounts_does_not_matter(flows: list[CashFlow], times: int) -> None:
    larger, found = [CashFlow(flow.on, flow.pence * times) for flow in flows], annual_irr(flows)
    assert annual_irr(larger).reason == found.reason
    if found.rate is not None:
        assert annual_irr(larger).rate == pytest.approx(found.rate, rel=1e-9)
    assert payback_on(larger) == payback_on(flows)


@given(any_flows())
def test_a_loan_has_the_rate_of_the_investment_it_mirrors(flows: list[CashFlow]) -> None:
    mirrored = [CashFlow(flow.on, -flow.pence) for flow in flows]
    assert annual_irr(mirrored).rate == annual_irr(flows).rate


@pytest.mark.parametrize(
    ("pairs", "day"),
    [
        ([], None),
        ([(0, 100)], None),
        ([(0, -100)], None),
        ([(0, -100), (9, 99)], None),
        ([(0, -100), (9, 100)], 9),
        ([(9, 150), (0, -100)], 9),
        ([(0, -100), (9, 150), (20, -60), (30, 5)], None),
        ([(0, -100), (9, 150), (20, -60), (30, 10)], 30),
        ([(0, -100), (9, 150), (20, -50), (30, 10)], 9),
        ([(0, -100), (9, 80), (9, 20)], 9),
        ([(0, 100), (9, -50)], 9),
        ([(0, 100), (9, -150), (20, 50)], 20),
    ],
)
def test_money_is_back_from_the_day_the_running_total_stays_at_or_above_zero(
    pairs: list[tuple[int, int]], day: int | None
) -> None:
    assert payback_on(flows_of(*pairs)) == (None if day is None else START + timedelta(day))


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_total_value_is_what_was_paid_out_and_what_is_left(paid: int, out: int, left: int) -> None:
    found = multiples(paid, paid, out, left)
    assert found.pic == 1
    assert found.dpi is not None
    assert found.rvpi is not None
    assert found.tvpi == pytest.approx(found.dpi + found.rvpi)


def test_nothing_committed_and_nothing_paid_in_leave_no_multiple() -> None:
    assert set(vars(multiples(0, 0, 5, 5)).values()) == {None}


def test_amounts_beyond_whole_arithmetic_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        annual_irr(flows_of((0, -(2**62)), (9, 2**62)))


@given(st.integers(1_000, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=12))
def test_a_year_apart_the_rate_is_the_periodic_one(out: int, back: list[int]) -> None:
    start = date(2001, 1, 1)
    amounts = [-out, *back]
    flows = [CashFlow(start + timedelta(days=365 * n), pence) for n, pence in enumerate(amounts)]
    ours = annual_irr(flows).rate
    assert ours is not None
    theirs = numpy_financial.npv(ours, amounts)
    assert abs(theirs) <= 1e-6 * max(map(abs, amounts))
