"""How a command says no: the reasons, and exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError

from chec.config import Settings
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


def readable_settings() -> None:
    """End the command where a setting cannot be read; which, and why, without its value."""
    try:
        Settings()
    except ValidationError as unreadable:
        faults = unreadable.errors()
        reasons = [f"CHEC_{str(each['loc'][0]).upper()}: {each['msg']}." for each in faults]
        raise refusal(reasons) from None
