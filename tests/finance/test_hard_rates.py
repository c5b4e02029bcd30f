"""Cash flows on which rates of return are known to go wrong, each with an answer found by hand.

Amounts are in pence on days counted from the first. A polynomial in v = (1 + r)^(−t) with known
factors gives flows with known rates: (1 − 1.1v)(1 − 1.2v) fits at 10% and at 20%.
"""

from datetime import date, timedelta
from math import comb

import pytest

from chec.finance.returns import CashFlow, annual_irr

START = date(2021, 1, 1)
YEAR = 365
LOST = "only money out: with no value left, everything paid in has been lost"
TOO_LARGE = "one rate fits, but it is too large to write down"
NO_FIT = "signs change but no rate fits"
BILLION = 180_000_000_000  # £1.8bn

Flows = list[tuple[int, int]]


def yearly(*pence: int) -> Flows:
    return [(YEAR * year, each) for year, each in enumerate(pence)]


def flows_of(pairs: Flows) -> list[CashFlow]:
    return [CashFlow(START + timedelta(days), pence) for days, pence in pairs]


RATES: list[tuple[str, Flows, float]] = [
    ("ten per cent in a year", yearly(-100, 110), 0.1),
    ("money back exactly", yearly(-100, 100), 0.0),
    ("money back exactly, in parts and years", yearly(-100, 30, 0, 30, 40), 0.0),
    ("half lost in a year", yearly(-100, 50), -0.5),
    ("a loan received and repaid with interest", yearly(100, -110), 0.1),
    ("two years at 10%", yearly(-100, 0, 121), 0.1),
    ("half a year at 21% a year", [(0, -1000), (146, 1100)], 1.1**2.5 - 1),
    ("one day, a penny on £100", [(0, -10000), (1, 10001)], 1.0001**365 - 1),
    ("one day, 20%", [(0, -100), (1, 120)], 1.2**365 - 1),
    ("one day, nearly all lost", [(0, -100), (1, 1)], -1.0),
    ("99.99% lost in a year", yearly(-10000, 1), -0.9999),
    ("99.9999999% lost in a year", yearly(-(10**9), 1), 1e-9 - 1),
    ("99.99% lost a year, two years", yearly(-(10**8), 0, 1), -0.9999),
    ("a millionfold in a year", yearly(-1, 1_000_001), 1e6),
    ("a hundred million millionfold in a year", yearly(-1, 10**14), 1e14 - 1),
    ("£1.8bn doubled in ten years", [(0, -BILLION), (3650, 2 * BILLION)], 2**0.1 - 1),
    ("£1.8bn brings a penny after thirty years", [(0, -BILLION), (10950, 1)],
     BILLION ** (-1 / 30) - 1),
    ("a penny brings £1.8bn after thirty years", [(0, -1), (10950, BILLION)],
     BILLION ** (1 / 30) - 1),
    ("£1.8bn and a penny of gain", yearly(-BILLION, BILLION + 1), 1 / BILLION),
    ("an even income of £1.8bn a year", yearly(-2 * BILLION, 3 * BILLION, 0), 0.5),
    ("same day, netted to the first case", [(0, -150), (0, 50), (YEAR, 60), (YEAR, 50)], 0.1),
    ("a day that nets to nothing", [(0, -100), (9, 7), (9, -7), (YEAR, 110)], 0.1),
    ("days before the money moved", [(-99, 0), (0, -100), (YEAR, 110), (999, 0)], 0.1),
    ("flows given backwards", [(YEAR, 110), (0, -100)], 0.1),
    ("a bond: 10% a year and the capital", yearly(-100, 10, 10, 10, 110), 0.1),
    ("running totals change twice, one rate fits: −(1 − 1.1v)(1 + v + v²)",
     yearly(-10, 1, 1, 11), 0.1),
    ("signs change three times, one rate fits: −(1 − 1.1v)(1 − v + v²)",
     yearly(-10, 21, -21, 11), 0.1),
    ("signs change three times, one rate fits: −(1 − 2v)(1 − v + 4v²)",
     yearly(-1, 3, -6, 8), 1.0),
    ("tranches between payments, the balance always owed",
     yearly(-1000, 600, -500, 605, -395, 1100), 0.1),
    ("a rate that is touched: (1 − 1.1v)²", yearly(100, -220, 121), 0.1),
    ("a rate that is touched from below: −(1 − 1.1v)²", yearly(-100, 220, -121), 0.1),
    ("a rate that fits three times over: −(1 − 1.1v)³", yearly(-1000, 3300, -3630, 1331), 0.1),
    ("money out and in at one mean time, so that the first step of Newton is without end",
     yearly(-49, 102, 0, 0, -49, 34), 1.0),
    ("four times over at zero, on five days", [(0, 1), (1, -4), (2, 6), (3, -4), (4, 1)], 0.0),
    ("nine times over at 10%, flat far around: (1 − 1.1v)⁹",
     yearly(*(comb(9, k) * 10 ** (9 - k) * (-11) ** k for k in range(10))), 0.1),
    ("touched at £1.8bn: (1 − 2v)²", yearly(BILLION, -4 * BILLION, 4 * BILLION), 1.0),
    ("touched once and never else: (1 − 1.1v)²(1 + v)", yearly(100, -120, -99, 121), 0.1),
    ("a clean-up cost, its other rate at v < 0: −(1 − 3v)(1 + v/2)", yearly(-2, 5, 3), 2.0),
]  # fmt: skip

NO_RATES: list[tuple[str, Flows, str]] = [
    ("nothing at all", [], "no flows"),
    ("flows of no pence", [(0, 0), (YEAR, 0)], "no flows"),
    ("days that net to nothing", [(0, 5), (0, -5), (9, 7), (9, -7)], "no flows"),
    ("one payment out", [(0, -100)], LOST),
    ("only money out, and no value", yearly(-100, -50, 0), LOST),
    ("one payment in", [(0, 100)], "only money in"),
    ("only money in", yearly(1, 2), "only money in"),
    ("out and in on one day", [(0, -100), (0, 150)], "all on one day"),
    ("out and back on one day", [(0, -100), (0, 100)], "all on one day"),
    ("(1 − v)² + v²/4 is never zero", yearly(4, -8, 5), NO_FIT),
    ("in, out, in, too little out", yearly(100, -100, 100), NO_FIT),
    ("£1.8bn: one part in 10¹² above touching", yearly(10**12, -2 * 10**12, 10**12 + 1), NO_FIT),
    ("(1 − v + v²)(1 + v²) is never zero", yearly(1, -1, 2, -1, 1), NO_FIT),
    ("10% and 20%", yearly(100, -230, 132), "2 rates fit"),
    ("the oil pump of Lorie and Savage: 25% and 400%", yearly(-1600, 10000, -10000), "2 rates fit"),
    ("a gain with a last tranche out: 0% and −50%", yearly(-1, 3, -2), "2 rates fit"),
    ("a gain with a last penny out", yearly(-100, 200, -1), "2 rates fit"),
    ("0%, 100% and 200%", yearly(-1000, 6000, -11000, 6000), "3 rates fit"),
    ("one change in running totals, and yet −67%, −50% and 100%",
     yearly(-6, 17, -11, 2), "3 rates fit"),
    ("touched at 10%, crossed at 100%: (1 − 1.1v)²(1 − 2v)",
     yearly(100, -420, 561, -242), "2 rates fit"),
    ("touched at 10% and at 100%: (1 − 1.1v)²(1 − 2v)²",
     yearly(100, -620, 1401, -1364, 484), "2 rates fit"),
    ("0%, 100%, 200% and 300%", yearly(1, -10, 35, -50, 24), "4 rates fit"),
    ("a millionth part apart: (1 − v)(1 − 1.000001v)",
     yearly(10**6, -2 * 10**6 - 1, 10**6 + 1), "2 rates fit"),
    ("one part in 10¹² below touching", yearly(10**12, -2 * 10**12, 10**12 - 1), "2 rates fit"),
    ("three rates, one of them too large to write down: −(1 − 100z)(2 − z)(4 − z) by the day",
     [(0, -8), (1, 806), (2, -601), (3, 100)], "3 rates fit"),
    ("a hundredfold in a day", [(0, -1), (1, 100)], TOO_LARGE),
    ("£1.8bn for a penny in a day", [(0, -1), (1, BILLION)], TOO_LARGE),
]  # fmt: skip


@pytest.mark.parametrize(("pairs", "rate"), [pytest.param(*case[1:], id=case[0]) for case in RATES])
def test_a_single_rate_that_fits_is_found(pairs: Flows, rate: float) -> None:
    found = annual_irr(flows_of(pairs))
    assert found.reason is None
    assert found.rate == pytest.approx(rate, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    ("pairs", "reason"), [pytest.param(*case[1:], id=case[0]) for case in NO_RATES]
)
def test_no_rate_is_given_where_not_exactly_one_fits(pairs: Flows, reason: str) -> None:
    found = annual_irr(flows_of(pairs))
    assert (found.rate, found.reason) == (None, reason)


def test_a_rate_never_reaches_minus_one() -> None:
    found = annual_irr(flows_of([(0, -BILLION), (1, 1)])).rate
    assert found is not None
    assert found > -1
