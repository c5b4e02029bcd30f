"""What can go wrong, in three words. Each has one page, made in one place (`web/errors.py`)."""


class NotFound(Exception):
    """The thing is not there, or is not the viewer's: the two look alike on purpose."""


class NotAllowed(Exception):
    """The viewer's role does not open this door."""


class RuleBroken(Exception):
    """An act was refused. `reasons` are whole sentences, in the order they should be read."""

    def __init__(self, reasons: str | list[str]) -> None:
        self.reasons: list[str] = [reasons] if isinstance(reasons, str) else list(reasons)
        super().__init__(" ".join(self.reasons))
