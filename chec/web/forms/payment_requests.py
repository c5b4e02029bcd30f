"""Forms of payment requests, and of the limit above which one needs a second director."""

from wtforms import HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import InputRequired, Optional, ValidationError

from chec.finance.money import Pence
from chec.models import PaymentKind
from chec.queries.payment_requests import RequestFilter, RequestState
from chec.rules.payment_request import REASON_LENGTH, reasons_not_to_decline_for
from chec.web.forms.base import FilterForm, Form
from chec.web.forms.confirm import ConfirmedForm
from chec.web.forms.fields import MoneyField


class RequestFilterForm(FilterForm):
    """Which requests to show."""

    state = SelectField(
        "State",
        default="",
        choices=[
            SelectChoice("", "All"),
            *(SelectChoice(each.value, each.value.capitalize()) for each in RequestState),
        ],
    )
    kind = SelectField(
        "Kind",
        default="",
        choices=[
            SelectChoice("", "All"),
            *(SelectChoice(each.value, each.value.capitalize()) for each in PaymentKind),
        ],
    )

    def chosen(self) -> RequestFilter:
        """The filter of a valid form."""
        return RequestFilter(
            state=RequestState(self.state.data) if self.state.data else None,
            kind=PaymentKind(self.kind.data) if self.kind.data else None,
        )


class ApprovePaymentForm(Form):
    """What the approver was shown of a distribution's shares; of another payment nothing."""

    seen = HiddenField(validators=[Optional()])


class DeclinePaymentForm(Form):
    """Why a payment is not to be made."""

    reason = TextAreaField(
        "Why is it not to be paid?",
        description=f"Whoever reads the request sees this. At most {REASON_LENGTH} characters.",
        validators=[InputRequired("Say why: whoever asked for it has to know.")],
    )

    def validate_reason(self, field: TextAreaField) -> None:
        """One line, no formula, no NHS number."""
        for reason in reasons_not_to_decline_for(field.data or ""):
            raise ValidationError(reason)


class WithdrawPaymentForm(Form):
    """Nothing but the token against forgery."""


EVERY, ABOVE = "every", "above"


class SetPaymentLimitForm(ConfirmedForm):
    """Which payments of a centre need a second director."""

    class Meta(ConfirmedForm.Meta):
        marks_optional = False  # the amount is needed for one of the answers

    rule = RadioField(
        "Which payments need a second director?",
        choices=[
            SelectChoice(EVERY, "Every payment"),
            SelectChoice(ABOVE, "Payments above an amount"),
        ],
        validators=[InputRequired("Choose which payments need a second director.")],
    )
    pounds = MoneyField("The amount", description="For payments above an amount.")

    def validate_pounds(self, field: MoneyField) -> None:
        """There is an amount where one is asked for."""
        if self.rule.data == ABOVE and field.data is None:
            raise ValidationError("Enter the amount above which a payment needs two directors.")

    def is_already(self, limit_pence: Pence) -> bool:
        """Whether a good form would leave the limit as it is; then its field says so."""
        if self.pence != limit_pence:
            return False
        field = self.pounds if self.rule.data == ABOVE else self.rule
        field.errors = ["That is the limit already."]
        return True

    @property
    def pence(self) -> Pence:
        """The limit that a good form sets."""
        return (self.pounds.data or 0) if self.rule.data == ABOVE else 0
