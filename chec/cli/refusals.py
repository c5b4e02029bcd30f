"""How a command says no: the reasons, and exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from chec.errors import RuleBroken


@contextmanager
def refusals_shown(after: str) -> Iterator[None]:
    """What a rule refuses ends the command, with its reasons and `after`."""
    try:
        yield
    except RuleBroken as refused:
        raise refusal([*refused.reasons, after]) from refused


def refusal(reasons: list[str]) -> click.ClickException:
    """Raised, it prints the reasons and ends with exit code 1."""
    return click.ClickException("\n".join(reasons))
