"""The form that imports a contract: a document comes in, is looked at, and is then confirmed."""

import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileAllowed, FileField
from wtforms import Field, HiddenField, TextAreaField

from chec.evidence.nhs_number import find_nhs_numbers
from chec.queries.contract_imports import PlannedImport
from chec.web.forms.base import Form

MOST_BYTES = 1_000_000
_TOO_LONG = "The document has more than 1 MB. Leave out what is not part of the contract."
_NONE = "Choose the file of the contract document, or paste its text."
_BOTH = "There is a file and a pasted text. Send one of the two."
_LOST = "The document was lost on the way. Choose it again."
_OTHER_SINCE = (
    "Somebody has imported another version of this contract since you looked. This is what your"
    " document would change now."
)


class ImportContractForm(Form):
    """The document as a file or as text; then, on the page to check it, packed to be sent again.

    `seen` is the number of the contract's version that the page to check compared it with.
    """

    class Meta(Form.Meta):
        marks_optional = False  # one of the two is asked for

    file = FileField(
        "File of the document",
        description="A JSON file of at most 1 MB.",
        validators=[FileAllowed(["json"], "Choose a JSON file: its name ends with .json.")],
    )
    contract_text = TextAreaField("Or its text")
    contract_packed = HiddenField()
    seen = HiddenField()
    document = b""

    def validate(self, **options: Any) -> bool:
        """Whether one document was sent that is not too long; `document` is then its text."""
        if not super().validate(**options):
            return False
        self.document = self._sent()
        return not self.blame(self._faults())

    def blame(self, reasons: Sequence[str]) -> Sequence[str]:
        """Put why the document cannot be imported at the field that it came in; the same."""
        if reasons:
            self._came_in.errors = reasons
            self.contract_packed.data = ""
        return reasons

    def is_confirmed(self, plan: PlannedImport) -> bool:
        """Whether the page to check was sent, and showed what the document would change now."""
        return bool(self.contract_packed.data) and (
            plan.is_there_already or self.seen.data == _compared_with(plan)
        )

    def ask_to_confirm(self, plan: PlannedImport) -> None:
        """Have the page to check send the document again."""
        if self.contract_packed.data:
            self.seen.errors = [_OTHER_SINCE]
        self.contract_packed.data = pack(plan.document)
        self.seen.data = _compared_with(plan)

    @property
    def _came_in(self) -> Field:
        """The field that the document came in."""
        if self.contract_packed.data:
            return self.contract_packed
        return self.contract_text if self.contract_text.data else self.file

    def _sent(self) -> bytes:
        if self.contract_packed.data:
            return unpack(self.contract_packed.data)
        if self.file.data:
            return bytes(self.file.data.read(MOST_BYTES + 1))
        # A browser ends every line of a text with two characters.
        text = (self.contract_text.data or "").replace("\r\n", "\n")
        if find_nhs_numbers(text):
            self.contract_text.data = ""  # it is not shown again
        return text.encode()

    def _faults(self) -> list[str]:
        if self.file.data and self.contract_text.data and not self.contract_packed.data:
            return [_BOTH]
        if not self.document.strip():
            return [_LOST if self.contract_packed.data else _NONE]
        return [_TOO_LONG] if len(self.document) > MOST_BYTES else []


def _compared_with(plan: PlannedImport) -> str:
    return str(plan.known.version.number if plan.known else 0)


def pack(document: str) -> str:
    """The document for a hidden field; a browser would change its line ends there."""
    return b64encode(zlib.compress(document.encode())).decode()


def unpack(packed: str) -> bytes:
    """What was packed, or nothing where that cannot be told. At most a byte above the limit."""
    try:
        return zlib.decompressobj().decompress(b64decode(packed, validate=True), MOST_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError):
        return b""
