"""A contract document as text: how it is opened, and how its faults are said.

JSON in UTF-8. Every fault has a place that people can find (`measures[2].term.prices[1].from`, with
the measure's code where it has one) and a reason that says how to mend it. An NHS number is never
repeated.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from chec.errors import RuleBroken
from chec.rules.free_text import reasons_not_to_write

Path = tuple[str | int, ...]
Fault = tuple[str, str]
"""A place and a reason."""

WHOLE_DOCUMENT = "the document"
MOST_FAULTS_NAMED = 100
_LONGEST_SHOWN = 60
_ENCODINGS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


class UnreadableContract(RuleBroken):
    """A contract document was refused. `faults` are its places and reasons, in its order.

    As sentences the first of them are named, and the others counted.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        named = [f"{place}: {reason}" for place, reason in self.faults[:MOST_FAULTS_NAMED]]
        more = len(self.faults) - len(named)
        super().__init__([*named, f"And {more:,} more."] if more else named)


class _Repeated(dict[str, Any]):
    """An object of which `keys_repeated` are there more than once."""

    keys_repeated: tuple[str, ...] = ()


class _NoNumber:
    """NaN or Infinity, which are no numbers of JSON."""


def refuse(faults: Sequence[tuple[Path, str]]) -> None:
    """For a validator: refuse its value for `faults`, if any; paths begin at the value."""
    if faults:
        raise PydanticCustomError("faults", "refused", {"faults": list(faults)})


def open_document(text: str | bytes) -> Any:
    """What the JSON of `text` says, numbers with a point as Decimal.

    Raises UnreadableContract for what is not UTF-8 or not JSON, for NaN, and for repeated keys.
    """
    try:
        document = json.loads(
            _decoded(text),
            object_pairs_hook=_object,
            parse_float=Decimal,
            parse_constant=lambda _: _NoNumber(),
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableContract([(place, f"This is not JSON: {_said(error.msg)}.")]) from None
    except RecursionError:
        raise _whole("Its brackets lie too deep inside each other. Write it flatter.") from None
    except ValueError:
        raise _whole("A number in it is far too long. Shorten it.") from None
    if not isinstance(document, dict):
        raise _whole("It must be one JSON object: { … }.")
    faults = [(_place(path, document), reason) for path, reason in _faults_of_json(document, ())]
    if faults:
        raise UnreadableContract(faults)
    return document


def _whole(reason: str) -> UnreadableContract:
    return UnreadableContract([(WHOLE_DOCUMENT, reason)])


def _said(message: str) -> str:
    """The parser's words, without what stands there."""
    return message[:1].lower() + message[1:].partition(": ")[0].removesuffix(" at")


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    for mark, name in _ENCODINGS:
        if text.startswith(mark):
            raise _whole(f"It is in {name}. Save it as UTF-8 and try again.")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        reason = "This is not in UTF-8. Save the document as UTF-8 and try again."
        raise UnreadableContract([(f"line {line}", reason)]) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    times = Counter(key for key, _ in pairs)
    if len(times) == len(pairs):
        return dict(pairs)
    repeated = _Repeated(pairs)
    repeated.keys_repeated = tuple(key for key, count in times.items() if count > 1)
    return repeated


def _faults_of_json(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, _NoNumber):
        yield path, "NaN and Infinity are no numbers. Write the number itself, or leave it out."
    if isinstance(value, _Repeated):
        for key in value.keys_repeated:
            yield (*path, key), "This field is there more than once. Keep the one that is meant."
    if isinstance(value, dict | list):
        inside: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inside:
            yield from _faults_of_json(each, (*path, key))


def unreadable(error: ValidationError, document: Any) -> UnreadableContract:
    """What pydantic found wrong with `document`, in words."""
    faults: list[Fault] = []
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # what the list holds is refused already
        for path, reason in _in_words(detail):
            faults.append((_place(path, document), reason))
    return UnreadableContract(list(dict.fromkeys(faults)))


def _in_words(detail: ErrorDetails) -> list[tuple[Path, str]]:
    path, context = detail["loc"], detail.get("ctx", {})
    if detail["type"] == "faults":
        return [((*path, *inside), reason) for inside, reason in context["faults"]]
    if detail["type"] == "value_error":
        return [(path, str(context["error"]))]
    if detail["type"].startswith("union_tag"):
        path = (*path, "kind")
    reason = _REASONS.get(detail["type"], "This cannot be read; see the contract document's form.")
    return [(path, reason.format(**{key: _plain(each) for key, each in context.items()}))]


def _plain(value: Any) -> str:
    """`per_outcome`, `sliding_scale` for pydantic's list of what it expected."""
    return f"{value:,}" if isinstance(value, int) else str(value).replace("'", "")


_REASONS = {
    "missing": "This field is missing. Add it.",
    "extra_forbidden": "There is no such field. Check how it is spelled, or take it out.",
    "model_type": "This must be an object: {{ … }}.",
    "model_attributes_type": "This must be an object: {{ … }}.",
    "dict_type": "This must be an object: {{ … }}.",
    "tuple_type": "This must be a list: [ … ].",
    "too_short": "This list is empty. It needs at least one entry.",
    "string_type": "This must be a text in quotation marks.",
    "bool_type": "This must be true or false.",
    "literal_error": "Write one of these: {expected}.",
    "union_tag_invalid": "Write one of these: {expected_tags}.",
    "union_tag_not_found": "This field is missing. Add it.",
}


def _place(path: Path, document: Any) -> str:
    """Such as `measures[2].term.prices[1].from (HBA1C-24)`."""
    text, value, code = "", document, ""
    for step in path:
        if _is_tag(step, value):
            continue
        text += f"[{step}]" if isinstance(step, int) else f".{_shown(step)}"
        value = _inside(value, step)
        if isinstance(value, dict) and path[0] == "measures":
            code = code or _shown_code(value.get("code"))
    return (text.removeprefix(".") or WHOLE_DOCUMENT) + (f" ({code})" if code else "")


def _is_tag(step: str | int, value: Any) -> bool:
    """Whether pydantic names here which kind of term it read."""
    return isinstance(value, Mapping) and step == value.get("kind") and step not in value


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _shown(key: str) -> str:
    if reasons_not_to_write(key, most=_LONGEST_SHOWN) or not key:
        return "…"
    return key if re.fullmatch(r"\w+", key) else f"“{key}”"


def _shown_code(code: Any) -> str:
    shown = isinstance(code, str) and not reasons_not_to_write(code, most=_LONGEST_SHOWN)
    return code if shown else ""
