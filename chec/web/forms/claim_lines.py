"""Forms that fill a draft: counts by measure, and a file of records."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_wtf.file import FileAllowed, FileField, FileRequired
from werkzeug.datastructures import FileStorage
from wtforms import Field, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.widgets import TextInput

from chec.web.forms.base import FilterForm, Form

_MOST_DIGITS = 9


class CountField(Field):
    """How many; `data` is a whole number, 0 where nothing was typed."""

    widget = TextInput()
    data: int | None

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; why it cannot be read stands at the field."""
        text = valuelist[0].strip().replace(",", "") if valuelist else ""
        self.data = 0
        if not text:
            return
        if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
            raise ValueError("Write a whole number, such as 12, or leave it empty for none.")
        self.data = int(text)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return str(self.data or "")


class CountsForm(Form):
    """A count for each measure that can be counted; made by `counts_form`."""

    class Meta:
        marks_optional = False  # every count is

    codes: Sequence[str]

    @property
    def count_fields(self) -> list[Field]:
        """One for each of `codes`."""
        return [self[f"units_{place}"] for place in range(len(self.codes))]

    @property
    def counts(self) -> dict[str, int]:
        """By measure, of a valid form."""
        fields = zip(self.codes, self.count_fields, strict=True)
        return {code: field.data for code, field in fields}


def counts_form(measures: Iterable[tuple[str, str]], units: Mapping[str, int]) -> CountsForm:
    """A form that asks for the units of each measure (code, name), filled with `units`."""
    named = list(measures)
    fields: dict[str, Any] = {
        f"units_{place}": CountField(
            f"{code}: {name}", default=units.get(code, 0), render_kw={"inputmode": "numeric"}
        )
        for place, (code, name) in enumerate(named)
    }
    form = type("CountsFormOfContract", (CountsForm,), fields)()
    assert isinstance(form, CountsForm)
    form.codes = [code for code, _ in named]
    return form


class UploadRecordsForm(Form):
    """A file of records."""

    file = FileField(
        "File of records (CSV)",
        validators=[
            FileRequired("Choose the file to upload."),
            FileAllowed(["csv"], "Choose a CSV file: its name ends with .csv."),
        ],
    )

    @property
    def content(self) -> bytes:
        """What the file holds, of a valid form."""
        file = self.file.data
        assert isinstance(file, FileStorage)
        content: bytes = file.read()
        return content


class RemoveRecordsForm(Form):
    """Nothing but the token against forgery."""


class RecordFilterForm(FilterForm):
    """Which records to show."""

    measure = SelectField("Measure", default="")

    def offer(self, measures: Mapping[str, str]) -> None:
        """Let the field choose among measures, or all of them."""
        listed = [SelectChoice(code, f"{code}: {name}") for code, name in measures.items()]
        self.measure.choices = [SelectChoice("", "All"), *listed]
