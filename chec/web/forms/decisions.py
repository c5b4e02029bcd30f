"""Forms of a decision: on the whole of a part, or line by line."""

from collections.abc import Iterable, Iterator, Mapping
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


def _verdict(label: str, approve: str, reject: str, missing: str) -> RadioField:
    choices = [SelectChoice(APPROVE, approve), SelectChoice(REJECT, reject)]
    return RadioField(label, choices=choices, validators=[InputRequired(missing)])


class _Fields:
    """The three fields of one verdict; `about` opens what is said of them."""

    def __init__(self, verdict: Any, code: Any, words: Any, about: str = "") -> None:
        self.verdict, self.code, self.words, self._about = verdict, code, words, about

    def blame(self) -> bool:
        """Put at its field what a rejection lacks; whether it lacks anything."""
        if self.verdict.data != REJECT:
            return False
        if not self.code.data:
            self.code.errors = [*self.code.errors, f"{self._about}Choose why you reject it."]
        faults = [] if self.words.errors else reasons_not_to_reject_for(self.words.data or "")
        said = [f"{self._about}{fault}" for fault in faults]
        self.words.errors = [*self.words.errors, *said]
        return bool(self.code.errors or self.words.errors)

    @property
    def rejection(self) -> Rejection | None:
        if self.verdict.data != REJECT:
            return None
        return Rejection(RejectionReason(self.code.data), (self.words.data or "").strip())


class _DecisionForm(ConfirmedForm):
    class Meta(ConfirmedForm.Meta):
        marks_optional = False  # a reason is asked of whoever rejects

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

    verdict = _verdict(
        "Your decision",
        "Approve all of it",
        "Reject all of it",
        "Choose whether to approve or to reject.",
    )
    code = SelectField("If you reject it, why", choices=_CODES, default="")
    words = StringField("What is wrong, in your own words", description=_WORDS)

    def each_verdict(self) -> Iterator[_Fields]:
        """The only one."""
        yield _Fields(self.verdict, self.code, self.words)

    def verdicts(self, lines: Iterable[AskedLine]) -> Verdicts:
        """What a good form says of each line."""
        [only] = self.each_verdict()
        return {each.line.id: only.rejection for each in lines}


class DecideLinesForm(_DecisionForm):
    """A verdict on each line; `lines_form` makes it."""

    measures: ClassVar[Mapping[int, str]] = {}

    def of_line(self, line_id: int) -> _Fields:
        """The fields of the line."""
        verdict, code, words = (self[f"{each}-{line_id}"] for each in ("verdict", "code", "words"))
        return _Fields(verdict, code, words, f"{self.measures[line_id]}: ")

    def each_verdict(self) -> Iterator[_Fields]:
        """Line by line."""
        yield from map(self.of_line, self.measures)

    def verdicts(self, lines: Iterable[AskedLine]) -> Verdicts:
        """What a good form says of each line."""
        return {each.line.id: self.of_line(each.line.id).rejection for each in lines}


def lines_form(lines: Iterable[AskedLine]) -> DecideLinesForm:
    """The form with three fields for each line."""
    measures = {each.line.id: each.line.measure for each in lines}
    fields: dict[str, Any] = {"measures": measures}
    for key, code in measures.items():
        label, missing = f"Your decision on {code}", f"{code}: Choose whether to approve or reject."
        fields[f"verdict-{key}"] = _verdict(label, "Approve", "Reject", missing)
        why, words = f"If you reject {code}, why", "What is wrong, in your own words"
        fields[f"code-{key}"] = SelectField(why, choices=_CODES, default="")
        fields[f"words-{key}"] = StringField(words)
    made = type("DecideLinesForm", (DecideLinesForm,), fields)()
    assert isinstance(made, DecideLinesForm)
    return made
