"""Who gets what of a distribution (methods, 1 and 4).

It is shared out pro rata to what was paid in under each instrument by that day, as realised value
is (`residual_value`): a loan gets at most the principal that is outstanding, and a grant is not
paid back. Each share first returns capital, up to what is outstanding; the rest is investor return.
Nothing is rounded away: the shares add up to the penny.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from chec.finance.money import Pence, format_pounds
from chec.models import BANK, AccountKey, AccountKind, Cause, Instrument, InstrumentKind
from chec.rules.posting import Entry, Fault
from chec.rules.residual_value import Holding, holding_values


@dataclass(frozen=True)
class Distribution:
    """What is paid out together, on which day."""

    pence: Pence
    on: date
    memo: str = ""


@dataclass(frozen=True)
class Stake:
    """What was paid in under an instrument by a day, and the capital outstanding from then on."""

    instrument: Instrument
    paid_in_pence: Pence
    outstanding_pence: Pence


@dataclass(frozen=True)
class Share:
    """What an instrument gets: capital back, and beyond it a return."""

    instrument: Instrument
    capital_pence: Pence
    return_pence: Pence

    @property
    def pence(self) -> Pence:
        return self.capital_pence + self.return_pence


class ShareTotals(NamedTuple):
    """What all shares come to."""

    capital_pence: Pence
    return_pence: Pence
    pence: Pence


def totals_of(shares: Sequence[Share]) -> ShareTotals:
    """What `shares` come to."""
    return ShareTotals(
        sum(share.capital_pence for share in shares),
        sum(share.return_pence for share in shares),
        sum(share.pence for share in shares),
    )


def shares_of(pence: Pence, stakes: Sequence[Stake]) -> list[Share]:
    """The shares of a distribution that is not refused, in the order of `stakes`; none of £0."""
    values = holding_values(pence, [_holding(stake) for stake in stakes])
    return [_share(stake, value) for stake, value in zip(stakes, values, strict=True) if value > 0]


def faults_to_distribute(distribution: Distribution, stakes: Sequence[Stake]) -> list[Fault]:
    """Why this much cannot be shared out; empty where it can."""
    if not any(stake.paid_in_pence > 0 for stake in stakes):
        return [
            Fault(
                "pounds",
                f"By {distribution.on:%-d %B %Y} no investor had paid in anything that is paid"
                " back. Record the drawdowns first.",
            )
        ]
    most = sum(share.pence for share in shares_of(distribution.pence, stakes))
    if most == distribution.pence:
        return []
    if most == 0:
        return [Fault("pounds", "Every loan is paid back and nobody else has paid in.")]
    return [
        Fault(
            "pounds",
            f"Only loans were paid in, and {format_pounds(most)} of principal is outstanding."
            f" Distribute at most {format_pounds(most)}.",
        )
    ]


def distribution_entries(shares: Sequence[Share], distribution: Distribution) -> list[Entry]:
    """The transfers that pay `shares`: one for the capital and one for the return of each."""
    parts = [
        (share.instrument, kind, pence)
        for share in shares
        for kind, pence in (
            (AccountKind.INVESTOR_CAPITAL, share.capital_pence),
            (AccountKind.INVESTOR_RETURN, share.return_pence),
        )
        if pence
    ]
    return [
        Entry(
            distribution.on,
            AccountKey(kind, investor_id=instrument.investor_id, instrument_id=instrument.id),
            BANK,
            pence,
            Cause.DISTRIBUTION,
            instrument.reference,
            distribution.memo,
        )
        for instrument, kind, pence in parts
    ]


def shares_in_words(shares: Sequence[Share]) -> str:
    """The shares as one text: whoever confirms sends it back, to say what they have seen."""
    return "; ".join(
        f"{share.instrument.reference} {format_pounds(share.capital_pence)}"
        f" and {format_pounds(share.return_pence)}"
        for share in shares
    )


def reasons_not_as_seen(shares: Sequence[Share], seen: str) -> list[str]:
    """Why shares that differ from those `seen` are not paid; empty where they are the same."""
    if shares_in_words(shares) == seen:
        return []
    return [
        "Who gets what has changed since you looked, because other money was recorded meanwhile."
        " Fill in the distribution again and look at the new shares."
    ]


def _holding(stake: Stake) -> Holding:
    is_loan = stake.instrument.kind is InstrumentKind.LOAN
    return Holding(stake.paid_in_pence, stake.outstanding_pence if is_loan else None)


def _share(stake: Stake, pence: Pence) -> Share:
    capital = min(pence, stake.outstanding_pence)
    return Share(stake.instrument, capital, pence - capital)
