"""Rates that floats cannot tell apart: roots that touch, or nearly touch, in 80 digits.

In z = exp(−δ), δ the daily force of interest, net present value is a polynomial: a sum of whole
pence × z to the power of whole days. Between two neighbouring changes of sign, at days p and q,
its product with z^−(p+q)/2 has a derivative with one change of sign fewer (the step by which
Laguerre proves Descartes' rule), whose coefficients are whole numbers again. Between its roots the
product is monotone, so that all roots follow from those of a derivative without a change of sign,
which has none. A root that is touched and not crossed counts once.
"""

from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from itertools import pairwise

from chec.finance.discounting import FARTHEST

_DIGITS = Context(prec=80, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ZERO = Decimal("1e-50")  # of the sum of all absolute values: less than that counts as zero
_WIDTH = Decimal("1e-65")


def roots_between(
    pence: Sequence[int], days: Sequence[int], low: float, high: float
) -> list[float]:
    """The distinct roots in daily force of interest between two forces, in rising order.

    The flows are netted and in order of date. Neither bound is a root; either may be infinite.
    """
    since = [day - days[0] for day in days]
    with localcontext(_DIGITS):
        bounds = Decimal(max(low, -FARTHEST)), Decimal(min(high, FARTHEST))
        return [float(root) for root in _roots(list(pence), since, *bounds)]


def _roots(amounts: list[int], days: list[int], low: Decimal, high: Decimal) -> list[Decimal]:
    turn = _first_change_of_sign(amounts)
    if turn is None:
        return []
    centre = days[turn] + days[turn + 1]
    slope = [a * (2 * day - centre) for a, day in zip(amounts, days, strict=True)]
    edges = [low, *_roots(slope, days, low, high), high]
    signs = [_sign(amounts, days, edge) for edge in edges]
    roots = [edge for edge, sign in zip(edges, signs, strict=True) if sign == 0]
    for (left, sign), (right, other) in pairwise(zip(edges, signs, strict=True)):
        if sign * other < 0:
            roots.append(_bisected(amounts, days, left, right, sign))
    return sorted(set(roots))


def _first_change_of_sign(amounts: list[int]) -> int | None:
    changes = (i for i, (a, b) in enumerate(pairwise(amounts)) if (a > 0) != (b > 0))
    return next(changes, None)


def _bisected(
    amounts: list[int], days: list[int], low: Decimal, high: Decimal, sign_at_low: int
) -> Decimal:
    while high - low > _WIDTH:
        middle = (low + high) / 2
        sign = _sign(amounts, days, middle)
        if sign == 0:
            return middle
        low, high = (middle, high) if sign == sign_at_low else (low, middle)
    return low


def _sign(amounts: list[int], days: list[int], force: Decimal) -> int:
    z = (-force).exp()
    power, value, size, before = Decimal(1), Decimal(0), Decimal(0), 0
    for amount, day in zip(amounts, days, strict=True):
        power *= z ** (day - before)
        value, size, before = value + amount * power, size + abs(amount) * power, day
    if abs(value) <= _ZERO * size:
        return 0
    return 1 if value > 0 else -1
