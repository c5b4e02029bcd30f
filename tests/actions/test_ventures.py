from datetime import date

import pytest
from sqlmodel import Session

from chec.errors import RuleBroken
from chec.models import Stage
from tests import builders


def test_a_stage_holds_since_the_venture_started_unless_told_otherwise(session: Session) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre, stage=Stage.IDEA, started_on=date(2024, 5, 1))
    assert (venture.stage, venture.stage_since_on) == (Stage.IDEA, date(2024, 5, 1))


def test_a_centre_names_each_venture_differently(session: Session) -> None:
    centre = builders.a_centre(session)
    builders.a_venture(session, centre, name="COPD helpline")
    with pytest.raises(RuleBroken, match="already has a venture called copd helpline"):
        builders.a_venture(session, centre, name="copd helpline")


def test_two_centres_may_use_the_same_venture_name(session: Session) -> None:
    first, second = builders.a_centre(session), builders.a_centre(session)
    names = {builders.a_venture(session, each, name="Café").name for each in (first, second)}
    assert names == {"Café"}


def test_a_venture_belongs_to_a_provider(session: Session) -> None:
    centre, payer = builders.a_centre(session), builders.a_payer(session, name="Wrenshire ICB")
    with pytest.raises(RuleBroken, match="Wrenshire ICB is not a provider"):
        builders.a_venture(session, centre, provider=payer)


def test_every_reason_against_a_venture_is_given_at_once(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken) as refused:
        builders.a_venture(
            session, centre, name="A / B", care_model="", started_on=date(2021, 1, 1)
        )
    assert len(refused.value.reasons) == 3
