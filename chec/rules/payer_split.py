"""Who pays what of an amount (methods, 2, step 7).

Split by share, the largest remainder first; each part is cut to what is left of that payer's
commitment. What is cut lapses, or moves to the payers after, in the contract's order and round to
its first, that have room.
"""

from collections.abc import Mapping, Sequence

from chec.finance.money import Pence, apportion, format_pounds
from chec.models.claim import RemovalStep
from chec.rules.claim_valuation import Reason
from chec.rules.contract_terms import ContractTerms, Payer
from chec.rules.limit import Limit


class PayerSplit:
    """The payers of a contract and what is left of their commitments."""

    def __init__(self, contract: ContractTerms) -> None:
        self.names = contract.payer_names
        self.limits = [Limit(each.commitment_pence, _reason(each)) for each in contract.payers]
        self._left_before = [each.left for each in self.limits]
        self._shares = [each.share for each in contract.payers]
        self._moves = contract.on_payer_exhausted == "move"
        self._splits: dict[Pence, tuple[list[tuple[Limit, Pence]], dict[str, Pence]]] = {}

    def use(self, by_payer: Mapping[str, Pence]) -> None:
        """Use up what was accepted before; before the first payment."""
        for name, limit in zip(self.names, self.limits, strict=True):
            limit.use(by_payer.get(name, 0))
        self._left_before = [each.left for each in self.limits]

    @property
    def paid(self) -> dict[str, Pence]:
        """What each has paid so far, without what was accepted before."""
        lefts = zip(self._left_before, self.limits, strict=True)
        return self._named([before - limit.left for before, limit in lefts])

    @property
    def reasons(self) -> list[Reason]:
        """Why a payer's part may be removed."""
        return [each.reason for each in self.limits]

    def pay(self, pence: Pence) -> tuple[dict[str, Pence], Pence, Reason | None]:
        """What each pays of `pence`, and all together; the limits have that much less left.

        With the reason, if none of it is paid.
        """
        split = self._splits.get(pence)
        if split is None:
            parts = apportion(pence, self._shares)
            split = list(zip(self.limits, parts, strict=True)), self._named(parts)
            self._splits[pence] = split
        parts_of_limits, by_payer = split
        for limit, part in parts_of_limits:
            if part > limit.left:
                return self._pay_in_part(parts_of_limits, limit.reason)
        for limit, part in parts_of_limits:
            limit.left -= part
        return by_payer, pence, None

    def _named(self, parts: Sequence[Pence]) -> dict[str, Pence]:
        return dict(zip(self.names, parts, strict=True))

    def _pay_in_part(
        self, parts_of_limits: list[tuple[Limit, Pence]], reason: Reason
    ) -> tuple[dict[str, Pence], Pence, Reason | None]:
        """What is left of each part's commitment; what finds no room is removed."""
        paid, cut = [], []
        for limit, part in parts_of_limits:
            within = part if part <= limit.left else limit.left
            limit.left -= within
            paid.append(within)
            cut.append(part - within)
        if self._moves:
            self._move(cut, paid)
        for limit, pence in zip(self.limits, cut, strict=True):
            if pence:
                limit.reason.remove(None, 0, pence)
        total = sum(paid)
        if not total:
            reason.remove(None, 1, 0)
        return self._named(paid), total, None if total else reason

    def _move(self, cut: list[Pence], paid: list[Pence]) -> None:
        """Move what was cut to the payers that have room."""
        for payer in range(len(cut)):
            for step in range(1, len(cut)):
                other = (payer + step) % len(cut)
                moved = min(cut[payer], self.limits[other].left)
                self.limits[other].left -= moved
                cut[payer] -= moved
                paid[other] += moved


def _reason(payer: Payer) -> Reason:
    committed = format_pounds(payer.commitment_pence or 0)
    return Reason(
        RemovalStep.PAYER,
        f"The commitment of {committed} of {payer.organisation} was reached",
        is_limit=True,
    )
