"""What the audit trail is filtered by."""

from collections.abc import Mapping

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import ValidationError

from chec.models import Event
from chec.models.references import parse_reference, reference
from chec.queries.audit_trail import TrailFilter
from chec.queries.things_named import split_reference
from chec.web.forms.base import FilterForm
from chec.web.forms.ledger import FilterDay

_ALL = SelectChoice("", "All")


class TrailFilterForm(FilterForm):
    """Which events to show."""

    from_on = FilterDay("From", name="from")
    to_on = FilterDay("To", name="to")
    event = SelectField(
        "Event",
        default="",
        choices=[_ALL, *(SelectChoice(e.value, e.value.capitalize()) for e in sorted(Event))],
    )
    person = SelectField("Person", default="")
    centre = SelectField("Centre", default="")
    about = StringField("Reference", description="Such as CL-0042")

    def offer(self, *, people: Mapping[int, str], centres: Mapping[int, str]) -> None:
        """Let choose among these, by key."""
        named = [
            SelectChoice(reference("user", key), f"{name}, {reference('user', key)}")
            for key, name in people.items()
        ]
        self.person.choices = [_ALL, *named]
        listed = [SelectChoice(reference("centre", key), name) for key, name in centres.items()]
        self.centre.choices = [_ALL, *listed]

    def validate_to_on(self, field: FilterDay) -> None:
        """A range has its days in order."""
        if self.from_on.data and field.data and field.data < self.from_on.data:
            raise ValidationError("This day is before the first one. Change one of the two.")

    def validate_about(self, field: StringField) -> None:
        """A reference is written as the trail writes it."""
        field.data = (field.data or "").strip().upper()
        if field.data and not split_reference(field.data):
            raise ValidationError("Write a reference as the trail does, such as CL-0042 or V-0001.")

    def chosen(self) -> TrailFilter:
        """The filter of a valid form."""
        return TrailFilter(
            from_on=self.from_on.data,
            to_on=self.to_on.data,
            event=self.event.data or None,
            user_id=parse_reference("user", self.person.data or ""),
            centre_id=parse_reference("centre", self.centre.data or ""),
            subject=self.about.data or None,
        )
