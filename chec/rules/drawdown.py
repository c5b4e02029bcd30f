"""What an investor may be called for, and how money received under an instrument is posted.

No more is drawn than was committed, per instrument and net of reversals. Money under a grant is
income and is not paid back: it is posted as a grant, everything else as a drawdown. The ledger
keeps one account of an investor's grants, so a grant received names its agreement as its reference;
what names none of them counts under the earliest agreement that still has room.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.models import BANK, AccountKey, AccountKind, Cause, Instrument
from chec.rules.posting import Entry, Fault


def drawdown_entry(instrument: Instrument, pence: Pence, on: date, memo: str) -> Entry:
    """The transfer that money received under `instrument` makes."""
    if not instrument.is_repaid:
        income = AccountKey(AccountKind.GRANT_INCOME, investor_id=instrument.investor_id)
        return Entry(on, BANK, income, pence, Cause.GRANT, instrument.reference, memo)
    capital = AccountKey(
        AccountKind.INVESTOR_CAPITAL,
        investor_id=instrument.investor_id,
        instrument_id=instrument.id,
    )
    return Entry(on, BANK, capital, pence, Cause.DRAWDOWN, instrument.reference, memo)


def faults_to_draw(instrument: Instrument, drawn_pence: Pence, entry: Entry) -> list[Fault]:
    """Why `entry` cannot be drawn where `drawn_pence` was already; empty where it can."""
    faults = []
    undrawn = max(0, instrument.committed_pence - drawn_pence)
    if entry.on < instrument.agreed_on:
        agreed = f"{instrument.agreed_on:%-d %B %Y}"
        faults.append(
            Fault("on", f"{instrument.reference} was agreed on {agreed}, after this day.")
        )
    if entry.pence > undrawn:
        faults.append(Fault("pounds", _too_much(instrument, undrawn)))
    return faults


def grants_under(grants: Sequence[Instrument], received: Mapping[str, Pence]) -> dict[int, Pence]:
    """What one investor gave under each grant, by its key; `grants` in order of agreement.

    `received` is what came in, by the reference it came with, net of reversals.
    """
    under = {grant.id: received.get(grant.reference, 0) for grant in grants}
    left = sum(received.values()) - sum(under.values())
    for grant in grants:
        taken = min(left, max(0, grant.committed_pence - under[grant.id]))
        under[grant.id] += taken
        left -= taken
    return under


def _too_much(instrument: Instrument, undrawn: Pence) -> str:
    if not undrawn:
        return (
            f"All of {instrument.reference} is drawn. If more was promised, record the new"
            " commitment first."
        )
    return (
        f"{format_pounds(undrawn)} of {instrument.reference} is undrawn, less than this. Enter"
        " at most that; if more was promised, record the new commitment first."
    )
