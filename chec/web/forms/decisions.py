"""Forms of a decision: on the whole of a part, or line by line."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import InputRequired

from chec.models import RejectionReason
from chec.queries.claim_decisions import AskedLine
from chec.rules.claim_approval import (
    REASON_LENGTH,
    Rejection,
    Verdicts,
    reasons_not_to_reject_for,
)
from chec.web.forms.confirm import ConfirmedForm

APPROVE, REJECT = "approve", "reject"
_CODES = [
    SelectChoice("", "Choose a reason"),
    *(SelectChoice(reason.value, reason.value.capitalize()) for reason in RejectionReason),
]
_WORDS = f"The centre reads this. On one line, at most {REASON_LENGTH} characters."


def _verdict(approve: str, reject: str) -> RadioField:
    choices = [SelectChoice(APPROVE, approve), SelectChoice(REJECT, reject)]
    asked = [InputRequired("Choose whether to approve or to reject.")]
    return RadioField("Your decision", choices=choices, validators=asked)


class _Fields:
    """The three fields of one verdict."""

    def __init__(self, verdict: Any, code: Any, words: Any) -> None:
        self.verdict, self.code, self.words = verdict, code, words

    def blame(self) -> bool:
        """Put at its field what a rejection lacks; whether it lacks anything."""
        if self.verdict.data != REJECT:
            return False
        if not self.code.data:
            self.code.errors = [*self.code.errors, "Choose why you reject it."]
        faults = [] if self.words.errors else reasons_not_to_reject_for(self.words.data or "")
        self.words.errors = [*self.words.errors, *faults]
        return bool(self.code.errors or self.words.errors)

    @property
    def rejection(self) -> Rejection | None:
        if self.verdict.data != REJECT:
            return None
        return Rejection(RejectionReason(self.code.data), (self.words.data or "").strip())


class _DecisionForm(ConfirmedForm):
    def validate(self, **options: Any) -> bool:
        """Whether every verdict is one, and every rejection has its reason."""
        valid = super().validate(**options)
        faulty = [fields.blame() for fields in self.each_verdict()]
        return valid and not any(faulty)

    def each_verdict(self) -> Iterator[_Fields]:
        """The fields of every verdict."""
        raise KeyError


class DecideForm(_DecisionForm):
    """One verdict on every line of a payer's part."""

    verdict = _verdict("Approve all of it", "Reject all of it")
    code = SelectField("Why you reject it", choices=_CODES, default="")
    words = StringField("In your own words", description=_WORDS)

    def each_verdict(self) -> Iterator[_Fields]:
        """The only one."""
        yield _Fields(self.verdict, self.code, self.words)

    def verdicts(self, lines: Iterable[AskedLine]) -> Verdicts:
        """What a good form says of each line."""
        [only] = self.each_verdict()
        return {each.line.id: only.rejection for each in lines}


class DecideLinesForm(_DecisionForm):
    """A verdict on each line; `lines_form` makes it."""

    line_ids: ClassVar[Sequence[int]] = ()

    def of_line(self, line_id: int) -> _Fields:
        """The fields of the line."""
        return _Fields(*(self[f"{name}-{line_id}"] for name in ("verdict", "code", "words")))

    def each_verdict(self) -> Iterator[_Fields]:
        """Line by line."""
        yield from map(self.of_line, self.line_ids)

    def verdicts(self, lines: Iterable[AskedLine]) -> Verdicts:
        """What a good form says of each line."""
        return {each.line.id: self.of_line(each.line.id).rejection for each in lines}


def lines_form(lines: Iterable[AskedLine]) -> DecideLinesForm:
    """The form with three fields for each line."""
    fields: dict[str, Any] = {"line_ids": [each.line.id for each in lines]}
    for key in fields["line_ids"]:
        fields[f"verdict-{key}"] = _verdict("Approve", "Reject")
        fields[f"code-{key}"] = SelectField("Why you reject it", choices=_CODES, default="")
        fields[f"words-{key}"] = StringField("In your own words", description=_WORDS)
    made = type("DecideLinesForm", (DecideLinesForm,), fields)()
    assert isinstance(made, DecideLinesForm)
    return made
