"""Forms of returns runs."""

from chec.web.forms.base import Form
from chec.web.forms.fields import IdempotencyField


class RequestReturnsForm(Form):
    """Nothing but the tokens: against forgery, and to ask once."""

    idempotency_key = IdempotencyField()
