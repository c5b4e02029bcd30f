"""Forms of people: invitations, roles, and the first password."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import DataRequired, InputRequired, ValidationError

from chec import clock
from chec.actions.invitations import Days, Invited
from chec.permissions import Grant
from chec.rules.naming import squeezed
from chec.rules.posting import Fault
from chec.rules.user_details import faults_of_details
from chec.web.formats import role_for, sentence_case
from chec.web.forms.base import Form
from chec.web.forms.fields import DayField
from chec.web.passwords import ADVICE, SHORTEST, faults_of_new_password


class _PersonForm(Form):
    """Who: the first fields of the page, so the first whose errors are listed."""

    name = StringField("Name", [DataRequired("Enter the person's name.")])
    email = StringField(
        "Email address",
        [DataRequired("Enter the person's email address.")],
        description="The link goes there. The person signs in with it.",
    )


class GiveRoleForm(Form):
    """Which role, and on which days."""

    held_for = SelectField("Role", validators=[InputRequired("Choose the role.")])
    starts_on = DayField("First day", [InputRequired("Enter the first day.")], default=clock.today)
    last_day = DayField("Last day", description="Leave this empty if the role has no end.")

    def offer(self, roles: Mapping[Grant, str]) -> None:
        """Let the form choose among these roles, each with what it is held for."""
        self._grants = {grant.acting_for: grant for grant in roles}
        listed = [
            SelectChoice(grant.acting_for, sentence_case(role_for(grant.role, name)))
            for grant, name in roles.items()
        ]
        self.held_for.choices = [SelectChoice("", "Choose a role"), *listed]

    @property
    def grant(self) -> Grant:
        """The role of a good form."""
        return self._grants[self.held_for.data]

    @property
    def days(self) -> Days:
        """When the role of a good form is held."""
        last_day: date | None = self.last_day.data
        assert self.starts_on.data
        return Days(
            starts_on=self.starts_on.data,
            ends_before=last_day + timedelta(days=1) if last_day else None,
        )

    def blame(self, faults: Sequence[Fault]) -> Sequence[Fault]:
        """Put each fault at its field; the same faults."""
        for fault in faults:
            field = self._fields[fault.field]
            field.errors = [*field.errors, fault.reason]
        return faults


class InviteForm(_PersonForm, GiveRoleForm):
    """Who, by which address, and the role."""

    def validate(self, **options: Any) -> bool:
        """Whether every field is good; the address and the name are looked at with the others."""
        valid = super().validate(**options)
        typed = (self.email.data or "").strip(), squeezed(self.name.data or "")
        faults = faults_of_details(*typed)
        self.blame([fault for fault in faults if not self._fields[fault.field].errors])
        return valid and not faults

    @property
    def invited(self) -> Invited:
        """What a good form asks for."""
        return Invited(
            email=(self.email.data or "").strip(),
            name=squeezed(self.name.data or ""),
            grant=self.grant,
            **self.days,
        )


class ActForm(Form):
    """A button: what it does stands beside it."""


class ChoosePasswordForm(Form):
    """The first password of somebody who was invited."""

    password = PasswordField(
        "Choose a password",
        [InputRequired("Choose a password.")],
        description=f"At least {SHORTEST} characters. {ADVICE} You may paste one.",
    )

    def __init__(self, *words: str, **options: Any) -> None:
        """`words` are what others know of the person."""
        super().__init__(**options)
        self._words = words

    def validate_password(self, field: PasswordField) -> None:
        """Nothing that is short, common, or made of what others know of the person."""
        for fault in faults_of_new_password(field.data or "", *self._words):
            raise ValidationError(fault)
