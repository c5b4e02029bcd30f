"""Forms of claims."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2
from wtforms.validators import InputRequired, Regexp

from chec.finance.money import Pence
from chec.models import ClaimState
from chec.models.references import parse_reference, reference
from chec.queries.claim_lists import ClaimFilter
from chec.web.forms.base import FilterForm, Form
from chec.web.forms.fields import DayField


class ClaimFilterForm(FilterForm):
    """Which claims to show, by reference."""

    state = SelectField(
        "State",
        default="",
        choices=[
            SelectChoice("", "All"),
            *(SelectChoice(state.value, state.value.capitalize()) for state in ClaimState),
        ],
    )
    contract = SelectField("Contract", default="")
    venture = SelectField("Venture", default="")

    def offer(self, contracts: Mapping[int, str], ventures: Mapping[int, str]) -> None:
        """Let the fields choose among these, or all of them."""
        _offer(self.contract, "contract", contracts, "All")
        _offer(self.venture, "venture", ventures, "All")

    def chosen(self) -> ClaimFilter:
        """The filter of a valid form."""
        return ClaimFilter(
            ClaimState(self.state.data) if self.state.data else None,
            parse_reference("contract", self.contract.data or ""),
            parse_reference("venture", self.venture.data or ""),
        )


class PrepareClaimForm(Form):
    """What is claimed for whom, and for which days."""

    contract = SelectField("Contract", validators=[InputRequired("Choose the contract.")])
    venture = SelectField("Venture", validators=[InputRequired("Choose the venture.")])
    first_day = DayField("First day", validators=[InputRequired("Enter the first day.")])
    last_day = DayField(
        "Last day",
        description="It has to be over. Counts are priced as on this day.",
        validators=[InputRequired("Enter the last day.")],
    )

    def offer(self, contracts: Mapping[int, str], ventures: Mapping[int, str]) -> None:
        """Let the fields choose among these."""
        _offer(self.contract, "contract", contracts, "Choose a contract")
        _offer(self.venture, "venture", ventures, "Choose a venture")

    @property
    def contract_id(self) -> int:
        """The key of the contract, of a valid form."""
        return parse_reference("contract", self.contract.data) or 0

    @property
    def venture_id(self) -> int:
        """The key of the venture, of a valid form."""
        return parse_reference("venture", self.venture.data) or 0

    def is_refused(self, reasons: list[str]) -> bool:
        """Whether there are reasons against the period; they then stand at its last day."""
        self.last_day.errors = reasons
        return bool(reasons)

    @property
    def starts_on(self) -> date:
        """The first day, of a valid form."""
        assert self.first_day.data
        return self.first_day.data

    @property
    def ends_before(self) -> date:
        """The day after the last one, of a valid form."""
        assert self.last_day.data
        return self.last_day.data + timedelta(days=1)


class SubmitClaimForm(Form):
    """Carries what the director saw that the claim is worth, in pence."""

    seen_pence = HiddenField(
        validators=[
            Regexp(r"[0-9]{1,18}\Z", message="This page was out of date. Look at it and submit.")
        ]
    )

    @property
    def seen(self) -> Pence:
        """What the director saw, of a valid form."""
        return int(self.seen_pence.data or 0)


class WithdrawClaimForm(Form):
    """Nothing but the token against forgery."""


class DiscardClaimForm(Form):
    """Nothing but the token against forgery."""


def _offer(field: Any, noun: str, names: Mapping[int, str], nothing: str) -> None:
    listed = [SelectChoice(reference(noun, key), name) for key, name in names.items()]
    field.choices = [SelectChoice("", nothing), *listed]
