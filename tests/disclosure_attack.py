"""An attacker on published figures, who knows how ventures are joined and what an outcome is paid.

The price is £1,000 an outcome, so that money shown to £1,000 gives the exact number of people of
everything that is shown. What is left to find out is who of a joined group has how many.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, pairwise

from chec.evidence.disclosure import LEAST_SHOWN, Cell, ShownCut, publish

PRICE_PENCE = 100_000
ENOUGH = 3
"""So many numbers have to stay possible for a venture of 1 to 7 people."""


def at_the_price(people: Mapping[str, int]) -> ShownCut:
    """What is published of these ventures."""
    return publish(Cell(name, each, PRICE_PENCE * each) for name, each in people.items())


def left_possible(people: Mapping[str, int], name: str, cut: ShownCut) -> set[int]:
    """The numbers of people that the venture may have, as far as `cut` says, which hides it.

    Every quarter that is published alike is as good as the true one, `people`. Stops at ENOUGH:
    looks first where it only changed with one other venture, then everywhere.
    """
    [joined] = [part for part in cut.parts if name in part.names]
    everywhere = _so_few if joined.pence is None else _as_many
    found: set[int] = set()
    swapped = _swapped(people, name, joined.names)
    for told in chain(swapped, everywhere(people, joined.names)):
        if len(found) == ENOUGH:
            break
        if told[name] not in found and at_the_price(told) == cut:
            found.add(told[name])
    return found


def _swapped(
    people: Mapping[str, int], name: str, members: Sequence[str]
) -> Iterator[dict[str, int]]:
    for other in members:
        if other != name:
            both = people[name] + people[other]
            for mine in range(1, both):
                yield {**people, name: mine, other: both - mine}


def _as_many(people: Mapping[str, int], members: Sequence[str]) -> Iterator[dict[str, int]]:
    """Every quarter with the same number in all of `members`, each of them somebody."""
    yield from _shared_out(people, members, sum(people[name] for name in members))


def _so_few(people: Mapping[str, int], members: Sequence[str]) -> Iterator[dict[str, int]]:
    """Every quarter with so few in all of `members` that nothing is shown."""
    for total in range(len(members), max(LEAST_SHOWN, len(members) + ENOUGH)):
        yield from _shared_out(people, members, total)


def _shared_out(
    people: Mapping[str, int], members: Sequence[str], total: int
) -> Iterator[dict[str, int]]:
    for cuts in combinations(range(1, total), len(members) - 1):
        shares = (after - before for before, after in pairwise((0, *cuts, total)))
        yield {**people, **dict(zip(members, shares, strict=True))}
