"""What a venture may be promised, and when a tranche may go to it."""

from datetime import date

import pytest

from chec.models import Stage, Venture
from chec.rules.funding_agreement import Promised, faults_to_promise
from chec.rules.tranche_release import faults_to_release

MARCH = date(2026, 3, 2)
TODAY = date(2026, 11, 16)


def a_venture(stage: Stage = Stage.PILOT) -> Venture:
    return Venture(
        id=1,
        centre_id=1,
        provider_id=1,
        name="COPD helpline",
        care_model="Nurses visit.",
        stage=stage,
        stage_since_on=MARCH,
        started_on=MARCH,
    )


def faults(
    venture: Venture, *, pence: int = 1, milestones: str = "Nurses in post.", on: date = MARCH
) -> dict[str, str]:
    told = faults_to_promise(venture, Promised(pence, milestones, on), TODAY)
    return {fault.field: fault.reason for fault in told}


def test_a_venture_at_work_is_promised_money_on_milestones() -> None:
    assert not faults(a_venture())


@pytest.mark.parametrize(
    ("field", "told", "says"),
    [
        ("pounds", {"pence": 0}, "more than £0"),
        ("pounds", {"pence": 10**15}, "at most £10,000,000,000"),
        ("milestones", {"milestones": ""}, "Say on what milestones"),
        ("milestones", {"milestones": "=x"}, "spreadsheet formula"),
        ("on", {"on": date(2026, 11, 17)}, "in the future"),
    ],
)
def test_a_promise_that_cannot_be_made_says_why(
    field: str, told: dict[str, object], says: str
) -> None:
    assert says in faults(a_venture(), **told)[field]  # type: ignore[arg-type]


def test_a_stopped_venture_is_promised_nothing_more() -> None:
    assert "stopped on 2 March 2026" in faults(a_venture(Stage.STOPPED))["venture"]


def test_no_tranche_goes_out_from_the_day_a_venture_stopped() -> None:
    assert faults_to_release(a_venture(Stage.STOPPED), MARCH)
    assert not faults_to_release(a_venture(Stage.STOPPED), date(2026, 3, 1))
    assert not faults_to_release(a_venture(), TODAY)
