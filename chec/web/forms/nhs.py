"""From a WTForms field to the NHS macro that draws it, and the macro's parameters."""

from collections.abc import Callable, Iterable
from typing import Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
)

from chec.web.forms.fields import DayField, MoneyField

Parameters = dict[str, Any]


def macro_of(field: Field, options: Parameters) -> tuple[str, Parameters]:
    """The name of the macro in `components/forms.html`, and what it is called with.

    The field's description is its hint. `options` are further parameters of the macro, such as
    `width` or `inputmode`.
    """
    for kind, macro, build in _MACROS:
        if isinstance(field, kind):
            return macro, {**_common(field), **build(field), **options}
    return "input", {**_common(field), **_text(field), **options}


def error_list(*forms: Any) -> list[Parameters]:
    """The entries of an error summary, each leading to the first input of its field."""
    return [
        {"text": message, "href": None if _is_hidden(field) else f"#{_first_input(field)}"}
        for form in forms
        for field in form
        for message in field.errors
    ]


def _common(field: Field) -> Parameters:
    parameters = {
        "id": field.id,
        "name": field.name,
        "label": {"text": f"{field.label.text}{' (optional)' if _is_optional(field) else ''}"},
    }
    if field.description:
        parameters["hint"] = {"text": field.description}
    if field.errors:
        parameters["errorMessage"] = {"text": field.errors[0]}
    return parameters


def _money(field: MoneyField) -> Parameters:
    return {
        "value": field._value(),
        "prefix": "£",
        "width": 10,
        "inputmode": "decimal",
        "spellcheck": False,
        "autocomplete": "off",
    }


def _day(field: DayField) -> Parameters:
    parts = zip(("Day", "Month", "Year"), field.input_names, field.typed, strict=True)
    items = [
        {
            "id": name,
            "name": name,
            "label": {"text": text},
            "value": typed,
            "width": 4 if text == "Year" else 2,
        }
        for text, name, typed in parts
    ]
    legend = {"text": _common(field)["label"]["text"], "size": "s"}
    return {"items": items, "fieldset": {"legend": legend}}


def _choices(field: SelectField) -> list[Parameters]:
    choices: Iterable[Any] = field.iter_choices()
    return [
        {"value": choice.value, "text": choice.label, "selected": choice.selected}
        for choice in choices
    ]


def _select(field: SelectField) -> Parameters:
    return {"items": _choices(field)}


def _radios(field: RadioField) -> Parameters:
    items = [{**item, "checked": item["selected"]} for item in _choices(field)]
    legend = {"text": _common(field)["label"]["text"], "size": "s"}
    return {**_around(field), "items": items, "fieldset": {"legend": legend}}


def _checkboxes(field: SelectMultipleField) -> Parameters:
    items = [{**item, "checked": item["selected"]} for item in _choices(field)]
    return {**_around(field), "items": items, "classes": "nhsuk-checkboxes--small"}


def _checkbox(field: BooleanField) -> Parameters:
    item = {
        "id": field.id,
        "value": "y",
        "text": field.label.text,
        "checked": bool(field.data),
    }
    return {**_around(field), "items": [item]}


def _around(field: Field) -> Parameters:
    # The first input has the field's id, which an error leads to; what is around them has another.
    return {"id": f"{field.id}-items", "idPrefix": field.id}


def _text(field: Any) -> Parameters:
    return {"value": field._value()}


def _text_area(field: TextAreaField) -> Parameters:
    return {**_text(field), "rows": 4}


def _nothing_shown(_field: PasswordField | FileField) -> Parameters:
    return {}


_MACROS: tuple[tuple[type[Field], str, Callable[[Any], Parameters]], ...] = (
    (MoneyField, "input", _money),
    (DayField, "dateInput", _day),
    (RadioField, "radios", _radios),
    (SelectMultipleField, "checkboxes", _checkboxes),
    (SelectField, "select", _select),
    (BooleanField, "checkboxes", _checkbox),
    (TextAreaField, "textarea", _text_area),
    (PasswordField, "passwordInput", _nothing_shown),
    (FileField, "fileUpload", _nothing_shown),
)


def _is_optional(field: Field) -> bool:
    asked = field.flags.required or isinstance(field, BooleanField)
    return not asked and getattr(field.meta, "marks_optional", True)


def _is_hidden(field: Field) -> bool:
    return isinstance(field, HiddenField)


def _first_input(field: Field) -> str:
    return field.input_names[0] if isinstance(field, DayField) else field.id
