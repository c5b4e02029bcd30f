"""An amount not to be exceeded: the record that reaches it is paid in part, later ones not."""

from chec.finance.money import Pence
from chec.rules.claim_valuation import Reason

UNLIMITED = 2**62


class Limit:
    """An amount in pence of which `left` is left; above it, `reason` removes."""

    __slots__ = ("left", "reason")

    def __init__(self, most: Pence | None, reason: Reason) -> None:
        self.left = UNLIMITED if most is None else most
        self.reason = reason

    def use(self, pence: Pence) -> None:
        """Use up `pence`, and never more than all: a cap may have been lowered since."""
        self.left = max(0, self.left - pence)

    def cut(self, measure: str, pence: Pence) -> Pence:
        """What can be paid of `pence`, which is more than is left; the rest is removed."""
        self.reason.remove(measure, 0 if self.left else 1, pence - self.left)
        return self.left
