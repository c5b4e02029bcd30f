"""What a centre is worth, and what each investor would have of it (methods, 4).

**Realised** value counts money only: if it stopped today. A centre's is what is in the bank, less
the surplus reserve and less what it owes to payers; it is never below nothing. A venture's is
nothing: what it brought is in the bank already.

**Prudent** value adds what payers have approved and not yet paid, less expected clawback, and takes
off what the centre is bound to release. A centre's is the same sum with these in it, and only the
whole is never below nothing: what is owed is not forgotten because the bank is empty.

Expected clawback is the share of all approvals of the centre that was clawed back so far. It is the
centre's own record and not an opinion, and of the whole centre because one venture has too few
approvals to tell. Where nothing was approved nothing is expected. It is rounded half up, venture by
venture, and never more than what is unpaid.

A centre is bound to release what it promised a venture, less the tranches it has released. Money
that came back unspent is not owed again: the tranche was released, as agreed. A stopped venture is
owed nothing more.

Either value of a centre is shared out over the instruments in proportion to what was paid in under
each; a loan has at most the principal still outstanding, and what it leaves goes to the others in
the same proportion. What loans alone cannot take belongs to no investor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chec.finance.money import Pence, apportion


@dataclass(frozen=True)
class Holding:
    """What was paid in under one instrument; `most_pence` bounds its value (None: nothing does)."""

    paid_in_pence: Pence
    most_pence: Pence | None = None


def centre_value(
    bank: Pence, surplus_reserve: Pence, owed_to_payers: Pence, to_come: Pence = 0
) -> Pence:
    """The value of a centre, in pence: realised, or with what is `to_come` added, prudent."""
    return max(0, bank - surplus_reserve - owed_to_payers + to_come)


def expected_clawback(unpaid: Pence, *, clawed_back: Pence, approved: Pence) -> Pence:
    """What of `unpaid` payers are expected to claw back, in pence.

    `clawed_back` and `approved` are all that the centre's payers ever did, net of reversals.
    """
    if approved <= 0:
        return 0
    rounded = (2 * unpaid * max(0, clawed_back) + approved) // (2 * approved)
    return min(unpaid, rounded)


def bound_to_release(promised: Pence, released: Pence) -> Pence:
    """What a venture was promised and has not had, in pence; `released` also counts what it sent
    back unspent."""
    return max(0, promised - released)


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
