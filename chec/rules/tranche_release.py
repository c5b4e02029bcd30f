"""When a tranche may be released to a venture.

Not to a venture that had stopped by that day. More than was promised may be released, and the page
to confirm says so: a promise binds the centre and does not limit it.
"""

from datetime import date

from chec.finance.money import Pence
from chec.models import BANK, AccountKey, AccountKind, Cause, Venture
from chec.rules.funding_agreement import has_stopped
from chec.rules.posting import Entry, Fault


def tranche_entry(
    venture: Venture, pence: Pence, on: date, memo: str, *, reference: str = ""
) -> Entry:
    """The transfer that releases a tranche."""
    funding = AccountKey(AccountKind.VENTURE_FUNDING, venture_id=venture.id)
    return Entry(on, funding, BANK, pence, Cause.TRANCHE, reference, memo)


def faults_to_release(venture: Venture, on: date) -> list[Fault]:
    """Why no tranche may be released to the venture on this day; empty where one may."""
    if not has_stopped(venture, on):
        return []
    since = f"{venture.stage_since_on:%-d %B %Y}"
    return [
        Fault(
            "venture",
            f"{venture.name} stopped on {since}. A tranche goes to a venture at work: choose"
            " another one, or the day before if it was paid then.",
        )
    ]
