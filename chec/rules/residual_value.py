"""What a centre is worth if it stopped today, and what each investor would have (methods, 4).

Realised value counts money only. A centre's is what is in the bank, less the surplus reserve and
less what it owes to payers; it is never below nothing. It is shared out over the instruments in
proportion to what was paid in under each; a loan has at most the principal still outstanding, and
what it leaves goes to the others in the same proportion. What loans alone cannot take belongs to
no investor. A venture's realised value is nothing: what it brought is in the bank already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chec.finance.money import Pence, apportion


@dataclass(frozen=True)
class Holding:
    """What was paid in under one instrument; `most_pence` bounds its value (None: nothing does)."""

    paid_in_pence: Pence
    most_pence: Pence | None = None


def centre_value(bank: Pence, surplus_reserve: Pence, owed_to_payers: Pence) -> Pence:
    """The realised value of a centre, in pence."""
    return max(0, bank - surplus_reserve - owed_to_payers)


def holding_values(value: Pence, holdings: Sequence[Holding]) -> list[Pence]:
    """The pence of `value` that each holding has, in their order.

    They add up to `value` if any unbounded holding has paid in, else to what the loans can take.
    """
    values = [0] * len(holdings)
    sharing = [i for i, holding in enumerate(holdings) if holding.paid_in_pence > 0]
    left = value
    while sharing:
        full = _filled(left, [holdings[i] for i in sharing])
        if not full:
            shares = apportion(left, [holdings[i].paid_in_pence for i in sharing])
            for i, share in zip(sharing, shares, strict=True):
                values[i] = share
            break
        for i in [sharing[place] for place in full]:
            values[i] = max(0, holdings[i].most_pence or 0)
            left -= values[i]
            sharing.remove(i)
    return values


def _filled(value: Pence, holdings: Sequence[Holding]) -> list[int]:
    """Places of the holdings whose share in proportion is above what bounds them."""
    whole = sum(holding.paid_in_pence for holding in holdings)
    return [
        place
        for place, holding in enumerate(holdings)
        if holding.most_pence is not None
        and value * holding.paid_in_pence > holding.most_pence * whole
    ]
