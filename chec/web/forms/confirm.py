"""A form in two steps: filled in, looked at on a page that says what it will do, then confirmed.

Nothing is kept between the steps: the page to confirm sends every value again, and a value that was
changed on the way is checked like any other. The view goes

    form = RecordDrawdownForm()
    if form.is_good():
        if form.is_confirmed:
            …one action, flash, redirect 303…
        if not form.blame(faults_to_post(g.session, actor, centre, entries)):
            return render_template("….html", form=form, touched=accounts_touched(…)), 200
    return render_template("….html", form=form), form.status

and the page to confirm has `touched_table(touched)` of `money/_touched.html` and
`confirm_form(form, "Record the drawdown")` of `components/confirm.html`. A field of the form that
an entry's fault can be about has the fault's name: `pounds`, `on`, `reference`, `memo`.
"""

from collections.abc import Iterator, Sequence

from flask import request

from chec.rules.posting import Fault
from chec.web.forms.base import Form, input_names
from chec.web.forms.fields import IdempotencyField

CONFIRMED, CHANGE = "confirmed", "change"

SENT_ALREADY = "This was recorded already, as shown here. To record more, open the form afresh."
"""Told to whoever fills in a form again that has acted."""


class ConfirmedForm(Form):
    """A form that acts only once its page to confirm was seen. Its key is `form:` + the token."""

    idempotency_key = IdempotencyField()

    def is_good(self) -> bool:
        """Whether what was sent can be shown to be confirmed, or done if it was."""
        return CHANGE not in request.form and bool(self.validate_on_submit())

    @property
    def is_confirmed(self) -> bool:
        """Whether the page to confirm was sent; ask only a form that is good."""
        return CONFIRMED in request.form

    @property
    def key(self) -> str:
        """The idempotency key of what a good form posts."""
        return f"form:{self.idempotency_key.data}"

    @property
    def status(self) -> int:
        """Of the page to fill in: 200 where it is opened or changed, 422 where it was refused."""
        return 422 if self.is_submitted() and CHANGE not in request.form else 200

    def blame(self, faults: Sequence[Fault]) -> Sequence[Fault]:
        """Put each fault at its field, or above the form where it has none; the same faults."""
        for fault in faults:
            field = self._fields.get(fault.field, self.idempotency_key)
            field.errors = [*field.errors, fault.reason]
        return faults

    @property
    def values_sent(self) -> Iterator[tuple[str, str]]:
        """Name and value of every input, as it was sent; not the token against forgery."""
        for field in self:
            if field.name != "csrf_token":
                for name in input_names(field):
                    yield from ((name, value) for value in request.form.getlist(name))
