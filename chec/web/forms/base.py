"""What every form does: protects against forgery, and says at its fields what was refused."""

from collections.abc import Iterator
from typing import Any

import wtforms
from flask import request
from flask_wtf import FlaskForm

from chec.web.incoming_text import refusal_of


class SaysWhatWasRefused:
    """For a form class: text refused at the door gets its message at the field it came from."""

    def validate(self, **options: Any) -> bool:
        """Whether every field is good and nothing was refused."""
        valid = bool(super().validate(**options))  # type: ignore[misc]
        for field, refusal in _refusals(self):
            field.errors = [refusal]
            valid = False
        return valid


class _Words:
    """Instead of WTForms' own texts, which do not say how to mend it."""

    def gettext(self, text: str) -> str:
        """The text about one value."""
        return "Choose one of the list." if text == "Not a valid choice." else text

    def ngettext(self, one: str, several: str, count: int) -> str:
        """The text about one value or several."""
        return "Choose from the list." if "valid choice" in one else (one, several)[count != 1]


class Form(SaysWhatWasRefused, FlaskForm):  # type: ignore[misc]
    """A form that changes something: POST, with a token against forgery."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, _form: wtforms.Form) -> _Words:
            """The texts of WTForms, as we say them."""
            return _Words()


class FilterForm(SaysWhatWasRefused, wtforms.Form):  # type: ignore[misc]
    """What a list is filtered by: read from the address, so that a filtered list can be sent on.

    A filter that is not valid filters nothing: use `data` of fields only after `validate()`.
    """

    class Meta:
        marks_optional = False  # every filter is

        def get_translations(self, _form: wtforms.Form) -> _Words:
            """The texts of WTForms, as we say them."""
            return _Words()

    def __init__(self) -> None:
        super().__init__(request.args)

    @property
    def filled(self) -> list[str]:
        """After `validate()`: the names of the fields that filter something."""
        return sorted(field.name for field in self if field.data)

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """After `validate()`: the label of each field that is not valid, and why."""
        return [(field.label.text, str(error)) for field in self for error in field.errors]


def input_names(field: wtforms.Field) -> list[str]:
    """The names under which the field's inputs are sent; a date has three."""
    names: list[str] = getattr(field, "input_names", [field.name])
    return names


def _refusals(form: Any) -> Iterator[tuple[wtforms.Field, str]]:
    for field in form:
        for name in input_names(field):
            if refusal := refusal_of(name):
                yield field, refusal
