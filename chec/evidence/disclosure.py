"""What may be shown of people to investors and the public (methods, 9).

Counts follow the rule for sub-national counts of the Hospital Episode Statistics Analysis Guide
(NHS England): 1 to 7 are suppressed, 0 stays 0, all others go to the nearest 5. Totals come from
the true total; rates, intervals and costs per outcome from the rounded counts. Money that comes
from outcomes is shown to £1,000, and only where 8 people or more are behind it.

**Joining.** A venture with fewer than 8 people in a quarter is joined with the next larger ones,
people and money alike, from the smallest up, until together

- there are at least two ventures, 8 people, and three people more than ventures, and
- the next larger venture is at least as large as all of them together.

Within a joined group no venture's own figures are shown, not even rounded ones: whoever knows what
an outcome is paid can work the exact number of people out from the money, of a group too, and with
one member's rounded count the other one's follows. The last condition keeps the order of size from
telling: without it, ventures of 7 and 8 beside another one of 8 could be nothing else. Three more
people than ventures leave each of them at least three possible numbers. If all ventures together do
not come to that, the quarter shows no number at all.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

SUPPRESSED = "*"
LEAST_SHOWN = 8
NEAREST = 5
NEAREST_PENCE = 100_000
A_POUND = 100
LEAST_JOINED = 2
MORE_PEOPLE_THAN_VENTURES = 3


class Cell(NamedTuple):
    """One venture in one quarter, as it is: people with an outcome, and the money it brought."""

    name: str
    people: int
    pence: int


class ShownPart(NamedTuple):
    """What may be shown of one venture, of several joined, or of all; pence None: withheld.

    `cost_pence` is per person; None where there is none or nothing may be said.
    """

    names: tuple[str, ...]
    people: str
    pence: int | None
    cost_pence: int | None

    @property
    def is_joined(self) -> bool:
        return len(self.names) > 1


class ShownCut(NamedTuple):
    """A quarter as it may be shown: every venture is in one part. `total` names them all."""

    parts: tuple[ShownPart, ...]
    total: ShownPart


def rounded_count(count: int) -> int | None:
    """`count` of people to the nearest 5; 0 stays 0, and 1 to 7 give None: not to be shown.

    Whole numbers are never halfway between two multiples of 5, so there are no ties. Raises
    ValueError below zero.
    """
    if count < 0:
        raise ValueError("A count of people is never below zero.")
    if 0 < count < LEAST_SHOWN:
        return None
    return (count + NEAREST // 2) // NEAREST * NEAREST


def shown_count(count: int) -> str:
    """`count` of people as it may be shown: `0`, `*` for 1 to 7, else the nearest 5, as `145`."""
    rounded = rounded_count(count)
    return SUPPRESSED if rounded is None else str(rounded)


def shown_rate(part: int, whole: int) -> float | None:
    """The share that `part` people are of `whole`, from rounded counts.

    None where either count may not be shown, or `whole` is nobody. Raises ValueError where `part`
    is more than `whole`.
    """
    if part > whole:
        raise ValueError("A part is at most the whole.")
    counts = rounded_count(part), rounded_count(whole)
    if counts[0] is None or not counts[1]:
        return None
    return counts[0] / counts[1]


def shown_interval(part: int, whole: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """The two-sided Wilson interval of `shown_rate`, from rounded counts; None where that is."""
    rate, of = shown_rate(part, whole), rounded_count(whole)
    if rate is None or of is None:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = rate + z * z / (2 * of)
    half = z * sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def shown_pence(pence: int, people: int) -> int | None:
    """Money from outcomes of `people`, in pence to the nearest £1,000, halves up.

    None where 1 to 7 people are behind it, or nobody and yet some money. Raises ValueError below
    zero.
    """
    if pence < 0:
        raise ValueError("Money that outcomes brought is never below zero.")
    if people < LEAST_SHOWN and (people or pence):
        return None
    return (pence + NEAREST_PENCE // 2) // NEAREST_PENCE * NEAREST_PENCE


def shown_cost(pence: int, people: int) -> int | None:
    """What one outcome cost, in pence to the nearest pound, halves up, from what is shown.

    None where either may not be shown, and where there is nobody.
    """
    money, count = shown_pence(pence, people), rounded_count(people)
    if money is None or not count:
        return None
    of_pounds = count * A_POUND
    return (2 * money + of_pounds) // (2 * of_pounds) * A_POUND


def publish(cells: Iterable[Cell]) -> ShownCut:
    """The ventures of one quarter as they may be shown; ventures that stand alone first, by name.

    The order of `cells` does not matter. Raises ValueError where two have one name.
    """
    told = sorted(cells, key=lambda cell: (cell.name.casefold(), cell.name))
    if len({cell.name for cell in told}) < len(told):
        raise ValueError("Each venture has one cell in a quarter.")
    joined = _joined(told)
    parts = [_shown([cell]) for cell in told if cell not in joined]
    is_enough = not joined or _is_enough(joined)
    if joined:
        parts.append(_shown(joined) if is_enough else _withheld(joined))
    return ShownCut(tuple(parts), _shown(told) if is_enough else _withheld(told))


def _joined(told: Sequence[Cell]) -> list[Cell]:
    """The cells that are joined: the smallest, all that cannot stand alone among them."""
    by_size = sorted((cell for cell in told if cell.people or cell.pence), key=_size)
    count = sum(cell.people < LEAST_SHOWN for cell in by_size)
    while 0 < count < len(by_size) and not _may_stop(by_size[:count], by_size[count]):
        count += 1
    return [cell for cell in told if cell in by_size[:count]]


def _size(cell: Cell) -> tuple[int, int, str]:
    return cell.people, cell.pence, cell.name


def _may_stop(joined: Sequence[Cell], next_larger: Cell) -> bool:
    return _is_enough(joined) and next_larger.people >= _people(joined)


def _is_enough(joined: Sequence[Cell]) -> bool:
    least = max(LEAST_SHOWN, len(joined) + MORE_PEOPLE_THAN_VENTURES)
    return len(joined) >= LEAST_JOINED and _people(joined) >= least


def _people(cells: Iterable[Cell]) -> int:
    return sum(cell.people for cell in cells)


def _shown(cells: Sequence[Cell]) -> ShownPart:
    people, pence = _people(cells), sum(cell.pence for cell in cells)
    return ShownPart(
        tuple(cell.name for cell in cells),
        shown_count(people),
        shown_pence(pence, people),
        shown_cost(pence, people),
    )


def _withheld(cells: Sequence[Cell]) -> ShownPart:
    return ShownPart(tuple(cell.name for cell in cells), SUPPRESSED, None, None)
