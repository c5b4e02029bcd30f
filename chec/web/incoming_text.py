"""What text may come in: no NHS number anywhere, nothing that cannot be kept, nothing endless.

What is refused is taken out of the request before anything else reads it, so that it cannot be
stored, logged or shown again. A form says at its field why (`refusal_of`); where no form asks, the
answer is a page that names the field, whatever the view did, and nothing is committed.
"""

import re

from flask import Flask, Response, g, request, session
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import (
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.web.errors import refusal_page

LONGEST = 10_000
_TOO_LONG = "This is too long. Enter at most {:,} characters."
TOO_LONG = _TOO_LONG.format(LONGEST)
UNREADABLE = (
    "This holds a character that cannot be kept. Type the text again instead of pasting it."
)

# Random or secret by nature, and never stored as they are.
_NOT_SEARCHED = frozenset(
    {"credential", "csrf_token", "idempotency_key", "new_password", "password"}
)
# Whole documents, whose reader looks for NHS numbers text by text: an amount may look like one.
_DOCUMENTS = frozenset({"contract_text", "contract_packed"})
_LONGEST_DOCUMENT = 1_000_000
MOST_BYTES = {
    "claim_lines.upload": 16 * 1024 * 1024,
    "contracts.import_document": 4 * 1024 * 1024,  # a document of 1 MB, and words for a longer one
}
"""Of what may be sent to a route that takes a file; to the others, and signed out, less."""
_MOST_BYTES_ELSEWHERE = 1024 * 1024
_MOST_BYTES_SIGNED_OUT = 256 * 1024
_MOST_FIELDS = 5_000
_FORM_TYPES = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data"})
# Control characters, halves of surrogate pairs, and what Unicode says is no character: a database,
# a page or a spreadsheet refuses one or the other.
_NO_CHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NOT_TEXT = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]"
)
_A_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,40}")


def prepare(app: Flask) -> None:
    """Search every request of `app` first."""
    app.before_request(_search)
    app.after_request(_answer_what_no_form_did)


def refusal_of(name: str) -> str | None:
    """Why what came in as `name` was refused, if it was; the form that asks then says so."""
    refused: dict[str, str] = g.get("refused", {})
    return refused.pop(name, None)


def _search() -> None:
    if _fault(request.path):
        raise UnprocessableEntity
    if request.mimetype not in _FORM_TYPES:
        raise UnsupportedMediaType  # text that would not be searched
    request.max_content_length = _most_bytes()
    if sum(len(each) for each in request.form.listvalues()) > _MOST_FIELDS:
        raise RequestEntityTooLarge
    g.refused = {}
    request.args = _without_faults(request.args)
    request.form = _without_faults(request.form)
    request.files = _without_faulty_names(request.files)


def _most_bytes() -> int:
    # What the cookie says is enough here, and nobody's lock is held while a body is read.
    if "_user_id" not in session:
        return _MOST_BYTES_SIGNED_OUT
    if request.mimetype != "multipart/form-data":
        return _MOST_BYTES_ELSEWHERE
    return MOST_BYTES.get(request.endpoint or "", _MOST_BYTES_ELSEWHERE)


def _without_faults(fields: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    clean = MultiDict[str, str]()
    for name, text in fields.items(multi=True):
        fault = _fault(name) or _fault_of(name, text)
        if fault:
            g.refused[name] = fault
        if not _fault(name):
            clean.add(name, "" if fault else text)
    return ImmutableMultiDict(clean)


def _without_faulty_names(
    files: MultiDict[str, FileStorage],
) -> ImmutableMultiDict[str, FileStorage]:
    clean = MultiDict[str, FileStorage]()
    for name, file in files.items(multi=True):
        fault = _fault(name) or _fault(file.filename or "")
        if fault:
            g.refused[name] = fault
            file.close()
        else:
            clean.add(name, file)
    return ImmutableMultiDict(clean)


def _fault_of(name: str, text: str) -> str | None:
    if name in _DOCUMENTS:
        return _fault(text, numbers=False, most=_LONGEST_DOCUMENT)
    return _fault(text, numbers=name not in _NOT_SEARCHED)


def _fault(text: str, *, numbers: bool = True, most: int = LONGEST) -> str | None:
    if len(text) > most:
        return _TOO_LONG.format(most)
    if _NOT_TEXT.search(text):
        return UNREADABLE
    return REFUSAL if numbers and find_nhs_numbers(text) else None


def _answer_what_no_form_did(response: Response) -> Response:
    refused: dict[str, str] = g.get("refused", {})
    if not refused:
        return response
    return refusal_page([(_shown(name), why) for name, why in refused.items()])


def _shown(name: str) -> str:
    """What to call the field; a name made up by the sender is not repeated."""
    return name.replace("_", " ") if _A_NAME.fullmatch(name) else "A field"
