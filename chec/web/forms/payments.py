"""Forms of payments on a claim. Each is confirmed on a page that shows the accounts."""

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from chec.models import PaymentKind
from chec.queries.claim_decisions import FoundPart
from chec.rules.claim_posting import payment_entry
from chec.rules.naming import squeezed
from chec.rules.payment_request import Payment
from chec.rules.posting import MEMO_LENGTH, Entry
from chec.rules.reversal import reasons_not_to_give
from chec.web.forms.confirm import ConfirmedForm
from chec.web.forms.fields import DayField, MoneyField

_AMOUNT = [InputRequired("Enter the amount.")]
_DAY = [InputRequired("Enter the day.")]


class RecordPaymentForm(ConfirmedForm):
    """Money that came from a payer."""

    pounds = MoneyField("Amount received", _AMOUNT)
    on = DayField("Received on", _DAY)
    memo = StringField(
        "The payer's reference",
        description="As it stands on the bank statement, such as BACS 99-107.",
    )

    def entry(self, found: FoundPart) -> Entry:
        """What a good form posts."""
        assert self.pounds.data is not None
        assert self.on.data
        return payment_entry(
            found.claim,
            found.part,
            self.pounds.data,
            self.on.data,
            payers_reference=squeezed(self.memo.data or ""),
        )


class ReturnPaymentForm(ConfirmedForm):
    """Money that goes back to a payer."""

    pounds = MoneyField("Amount returned", _AMOUNT)
    on = DayField("Paid out on", _DAY)

    def payment(self, found: FoundPart) -> Payment:
        """What a good form asks for."""
        assert self.pounds.data is not None
        assert self.on.data
        return Payment(
            PaymentKind.REFUND,
            self.pounds.data,
            self.on.data,
            claim_id=found.claim.id,
            payer_id=found.payer.id,
        )


class UndoPaymentForm(ConfirmedForm):
    """Why a payment was recorded wrongly."""

    reason = TextAreaField(
        "Why was this recorded wrongly?",
        description=f"Whoever reads the ledger sees this. At most {MEMO_LENGTH} characters.",
        validators=[InputRequired("Say why it was recorded wrongly.")],
    )

    def validate_reason(self, field: TextAreaField) -> None:
        """One line, no formula, no NHS number."""
        for reason in reasons_not_to_give(field.data or ""):
            raise ValidationError(reason)
