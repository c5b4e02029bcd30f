"""Forms of money in and out of a centre. Each is confirmed on a page that shows the accounts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from flask import request
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError

from chec.actions.instruments import Terms
from chec.finance.money import format_pounds
from chec.models import Instrument, InstrumentKind, PaymentKind
from chec.models.references import parse_reference, reference
from chec.queries.commitments import Commitment
from chec.queries.funding_agreements import Promise
from chec.rules.drawdown import drawdown_entry
from chec.rules.funding_agreement import Promised
from chec.rules.naming import squeezed
from chec.rules.payment_request import Payment
from chec.rules.posting import Entry
from chec.web.forms.confirm import ConfirmedForm
from chec.web.forms.fields import DayField, MoneyField

T = TypeVar("T")

_AMOUNT = [InputRequired("Enter the amount.")]
_DAY = [InputRequired("Enter the day.")]
_ONE_LINE = "On one line, at most 300 characters. Whoever reads the ledger sees it."


def _on_one_line(text: str | None) -> str:
    return squeezed(text or "")


def _chosen_in_address(noun: str) -> Any:
    # So that a link can lead to the form with its row chosen.
    return lambda: request.args.get(noun, "")


class AgreeCommitmentForm(ConfirmedForm):
    """What an investor, of this centre or new to it, promises."""

    class Meta(ConfirmedForm.Meta):
        marks_optional = False  # of the first two fields one is needed

    known = SelectField("Investor of this centre", default="")
    investor = StringField(
        "Name of a new investor", description="Only where the investor is not in the list above."
    )
    reference = StringField(
        "Reference of the agreement",
        description="As the agreement calls itself, such as RF-2026. At most 60 characters.",
        filters=[_on_one_line],
        validators=[DataRequired("Enter the reference of the agreement.")],
    )
    kind = RadioField(
        "Kind",
        choices=[SelectChoice(kind.value, kind.value.capitalize()) for kind in InstrumentKind],
        validators=[InputRequired("Choose the kind of agreement.")],
    )
    pounds = MoneyField("Amount committed", _AMOUNT)
    on = DayField("Agreed on", _DAY)

    def offer(self, investors: Mapping[int, str]) -> None:
        """Let the form choose among the investors of the centre."""
        self.names = {reference("organisation", key): name for key, name in investors.items()}
        listed = [SelectChoice(key, name) for key, name in self.names.items()]
        self.known.choices = [SelectChoice("", "A new investor, named below"), *listed]

    def validate_investor(self, field: StringField) -> None:
        """Either one of the list or a new name, and not both."""
        named = (field.data or "").strip()
        if self.known.data and named:
            raise ValidationError("Choose an investor of the list or name a new one, not both.")
        if not self.known.data and not named:
            raise ValidationError("Choose an investor of the list, or name a new one here.")

    @property
    def terms(self) -> Terms:
        """What a good form promises."""
        return Terms(
            investor=self.names.get(self.known.data) or self.investor.data or "",
            reference=self.reference.data or "",
            kind=InstrumentKind(self.kind.data),
            committed_pence=_filled_in(self.pounds.data),
            agreed_on=_filled_in(self.on.data),
        )


class RecordDrawdownForm(ConfirmedForm):
    """Money received under an instrument."""

    instrument = SelectField(
        "Agreement",
        default=_chosen_in_address("instrument"),
        validators=[InputRequired("Choose the agreement.")],
    )
    pounds = MoneyField("Amount received", _AMOUNT)
    on = DayField("Received on", _DAY)
    memo = StringField("Memo", description=_ONE_LINE, filters=[_on_one_line])

    def offer(self, commitments: Iterable[Commitment]) -> None:
        """Let the form choose among the instruments of the centre."""
        self.instrument.choices = [
            SelectChoice("", "Choose an agreement"),
            *(
                SelectChoice(reference("instrument", c.instrument.id), _told(c))
                for c in commitments
            ),
        ]

    @property
    def instrument_id(self) -> int:
        """Of a good form."""
        return _filled_in(parse_reference("instrument", self.instrument.data))

    def entry(self, instrument: Instrument) -> Entry:
        """What a good form posts."""
        pence, on = _filled_in(self.pounds.data), _filled_in(self.on.data)
        return drawdown_entry(instrument, pence, on, self.memo.data or "")


class _OfAVenture(ConfirmedForm):
    venture = SelectField(
        "Venture",
        default=_chosen_in_address("venture"),
        validators=[InputRequired("Choose the venture.")],
    )

    def offer(self, promises: Iterable[Promise]) -> None:
        """Let the form choose among the ventures of the centre."""
        self.venture.choices = [
            SelectChoice("", "Choose a venture"),
            *(
                SelectChoice(reference("venture", each.venture.id), _owed(each))
                for each in promises
            ),
        ]

    @property
    def venture_id(self) -> int:
        """Of a good form."""
        return _filled_in(parse_reference("venture", self.venture.data))


class AgreeFundingForm(_OfAVenture):
    """What a venture is promised, and on which milestones."""

    pounds = MoneyField("Amount promised", _AMOUNT)
    milestones = TextAreaField(
        "Milestones",
        description="In words: what has to be reached for each tranche. At most 1,000 characters.",
        filters=[_on_one_line],
        validators=[DataRequired("Say on what milestones the tranches are released.")],
    )
    on = DayField("Agreed on", _DAY)

    @property
    def terms(self) -> Promised:
        """What a good form promises."""
        return Promised(
            pence=_filled_in(self.pounds.data),
            milestones=self.milestones.data or "",
            agreed_on=_filled_in(self.on.data),
        )


class PaymentForm(ConfirmedForm):
    """A form that asks for a payment."""

    kind: PaymentKind
    pounds: MoneyField
    on: DayField
    memo: StringField

    @property
    def payment(self) -> Payment:
        """What a good form asks for."""
        pence, on = _filled_in(self.pounds.data), _filled_in(self.on.data)
        return Payment(self.kind, pence, on, memo=self.memo.data or "")


class ReleaseTrancheForm(_OfAVenture, PaymentForm):
    """Money paid to a venture, on a milestone."""

    kind = PaymentKind.TRANCHE
    pounds = MoneyField("Amount paid", _AMOUNT)
    on = DayField("Paid on", _DAY)
    memo = StringField(
        "Milestone",
        description=f"What was reached. {_ONE_LINE}",
        filters=[_on_one_line],
        validators=[DataRequired("Say which milestone was reached.")],
    )

    @property
    def payment(self) -> Payment:
        """What a good form asks for."""
        return replace(super().payment, venture_id=self.venture_id)


class RecordRunningCostForm(PaymentForm):
    """What the centre itself costs."""

    kind = PaymentKind.RUNNING_COST
    pounds = MoneyField("Amount paid", _AMOUNT)
    on = DayField("Paid on", _DAY)
    memo = StringField(
        "What it was for",
        description=_ONE_LINE,
        filters=[_on_one_line],
        validators=[DataRequired("Say what it was for.")],
    )


class DistributeForm(PaymentForm):
    """What is paid out to all investors together. `seen` is the shares that were confirmed."""

    kind = PaymentKind.DISTRIBUTION
    pounds = MoneyField("Amount to distribute", _AMOUNT)
    on = DayField("Paid on", _DAY)
    memo = StringField("Memo", description=_ONE_LINE, filters=[_on_one_line])
    seen = HiddenField(validators=[Optional()])

    @property
    def values_sent(self) -> Iterator[tuple[str, str]]:
        """As it was sent, with the shares that the page to confirm shows."""
        yield from ((name, value) for name, value in super().values_sent if name != "seen")
        yield "seen", self.seen.data or ""


def _filled_in(value: T | None) -> T:
    assert value is not None  # a good form has it
    return value


def _told(commitment: Commitment) -> str:
    undrawn = format_pounds(commitment.undrawn_pence)
    committed = format_pounds(commitment.instrument.committed_pence)
    kind, name = commitment.instrument.kind, commitment.instrument.reference
    return f"{commitment.investor}, {name} ({kind}): {undrawn} undrawn of {committed}"


def _owed(promise: Promise) -> str:
    if promise.has_stopped:
        return f"{promise.venture.name}: stopped on {promise.venture.stage_since_on:%-d %B %Y}"
    if not promise.agreements:
        return f"{promise.venture.name}: nothing promised"
    left = format_pounds(promise.still_promised_pence)
    return f"{promise.venture.name}: {left} still promised"
