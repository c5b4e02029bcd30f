"""The form that imports a contract: a document comes in, is looked at, and is then confirmed."""

import binascii
import zlib
from base64 import b64decode, b64encode

from flask_wtf.file import FileField
from sqlmodel import Session
from wtforms import Field, HiddenField, TextAreaField

from chec.errors import RuleBroken
from chec.evidence.nhs_number import find_nhs_numbers
from chec.models import Centre
from chec.queries.contract_imports import PlannedImport, plan_import
from chec.web.forms.base import Form

MOST_BYTES = 1_000_000
MOST_FAULTS_NAMED = 100
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

    file = FileField("File of the document", description="A JSON file of at most 1 MB.")
    contract_text = TextAreaField("Or its text")
    contract_packed = HiddenField()
    seen = HiddenField()

    def planned(self, session: Session, centre: Centre) -> PlannedImport | None:
        """What the document that was sent would do.

        None where none was sent or it cannot be imported; each reason then stands at its field.
        """
        if not self.validate_on_submit():
            return None
        try:
            return plan_import(session, centre, self._document())
        except RuleBroken as refused:
            self._came_in.errors = _first(refused.reasons)
            self.contract_packed.data = ""
            return None

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

    def _document(self) -> bytes:
        # A browser ends every line of a text with two characters.
        text = (self.contract_text.data or "").replace("\r\n", "\n")
        if self.contract_packed.data:
            document = unpack(self.contract_packed.data)
        elif self.file.data and text:
            raise RuleBroken(_BOTH)
        else:
            document = self.file.data.read(MOST_BYTES + 1) if self.file.data else text.encode()
        if not document.strip():
            raise RuleBroken(_LOST if self.contract_packed.data else _NONE)
        if len(document) > MOST_BYTES:
            raise RuleBroken(_TOO_LONG)
        if find_nhs_numbers(text):
            self.contract_text.data = ""  # it is not shown again
        return document


def _first(reasons: list[str]) -> list[str]:
    more = len(reasons) - MOST_FAULTS_NAMED
    return [*reasons[:MOST_FAULTS_NAMED], *([f"And {more:,} more."] if more > 0 else [])]


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
