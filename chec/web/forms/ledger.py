"""Forms of the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import DateField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import InputRequired, ValidationError

from chec.models import Cause
from chec.models.references import parse_reference, reference
from chec.queries.ledger import KnownTo, LedgerFilter
from chec.rules.ledger_file import read_iso_day
from chec.rules.posting import MEMO_LENGTH
from chec.rules.reversal import reasons_not_to_give
from chec.web.forms.base import FilterForm, Form


class FilterDay(DateField):
    """A day in the address: `from=2026-04-01`."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the day; empty is no day."""
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = read_iso_day(valuelist[0].strip())


class LedgerFilterForm(FilterForm):
    """Which transfers to show, by reference. The choices are what the centre's accounts have."""

    account = SelectField("Account", default="")
    venture = SelectField("Venture", default="")
    payer = SelectField("Payer", default="")
    investor = SelectField("Investor", default="")
    from_on = FilterDay("From", name="from")
    to_on = FilterDay("To", name="to")
    cause = SelectMultipleField(
        "Causes", choices=[SelectChoice(cause.value, cause.value.capitalize()) for cause in Cause]
    )

    def validate_to_on(self, field: FilterDay) -> None:
        """A range has its days in order."""
        if self.from_on.data and field.data and field.data < self.from_on.data:
            raise ValidationError("This day is before the first one. Change one of the two.")

    def offer(self, **names: Mapping[int, str]) -> None:
        """Let each field named choose among rows, or all of them."""
        for field, rows in names.items():
            listed = [SelectChoice(reference(_NOUNS[field], k), name) for k, name in rows.items()]
            choices: Any = self[field]
            choices.choices = [SelectChoice("", "All"), *listed]

    def chosen(self, known: KnownTo | None) -> LedgerFilter:
        """The filter of a valid form, on the ledger as it is or as it was known to a run."""
        return LedgerFilter(
            account_id=self._key("account"),
            venture_id=self._key("venture"),
            payer_id=self._key("payer"),
            investor_id=self._key("investor"),
            causes=tuple(self.cause.data or ()),
            from_on=self.from_on.data,
            to_on=self.to_on.data,
            known=known,
        )

    def _key(self, field: str) -> int | None:
        return parse_reference(_NOUNS[field], self[field].data or "")


_NOUNS = {
    "account": "account",
    "venture": "venture",
    "payer": "organisation",
    "investor": "organisation",
}


class ReverseTransferForm(Form):
    """Why a transfer is wrong."""

    reason = TextAreaField(
        "Why is this transfer wrong?",
        description=f"Whoever reads the ledger sees this. At most {MEMO_LENGTH} characters.",
        validators=[InputRequired("Say why the transfer is wrong.")],
    )

    def validate_reason(self, field: TextAreaField) -> None:
        """One line, no formula, no NHS number."""
        for reason in reasons_not_to_give(field.data or ""):
            raise ValidationError(reason)


class CloseQuarterForm(Form):
    """Nothing but the token against forgery."""
