"""The list of ventures."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from chec.errors import NotFound
from chec.models import Cause, Centre, ReturnsRun, Role, Stage
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.portfolio import (
    SORTED_BY,
    PortfolioVenture,
    VentureFilter,
    count_ventures,
    latest_result,
    list_ventures,
)
from tests import builders
from tests.builders import OPENED_ON
from tests.jobs.ledgers import run_of

AS_OF = date(2026, 10, 31)


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session)
    session.commit()
    return centre


def names(ventures: object) -> list[str]:
    assert isinstance(ventures, list)
    return [venture.name for venture in ventures]


def money(
    session: Session,
    centre: Centre,
    name: str,
    *,
    funded: int,
    earned: int,
    stage: Stage = Stage.PILOT,
    month: int = 1,
) -> None:
    """A venture with an amount of each, in pence, earned in a month of 2024."""
    provider = builders.a_provider(session, name=f"Provider of {name.lower()}")
    venture = builders.a_venture(session, centre, name=name, stage=stage, provider=provider)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=funded, venture=venture)
    on = date(2024, month, 8)
    payer = builders.a_payer(session)
    for cause, pence in ((Cause.APPROVAL, earned + funded), (Cause.PAYMENT, earned)):
        builders.a_transfer(
            session, centre, cause, pence=pence, on=on, venture=venture, payer=payer
        )


def found(
    session: Session, centre: Centre, run: ReturnsRun | None, sort: str
) -> list[PortfolioVenture]:
    return list(list_ventures(session, SYSTEM, centre.id, run, VentureFilter(), sort=sort))


@pytest.mark.parametrize("column", SORTED_BY)
def test_a_list_sorted_downwards_is_the_other_one_turned_round(
    engine: Engine, session: Session, centre: Centre, column: str
) -> None:
    money(session, centre, "Apples", funded=100, earned=300)
    money(session, centre, "pears", funded=200, earned=410, stage=Stage.SCALE, month=2)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    up, down = found(session, centre, run, column), found(session, centre, run, f"-{column}")
    first = "pears" if column in {"multiple", "irr", "prudent-irr"} else "Apples"
    assert names(up)[0] == first
    assert names(down) == names(up)[::-1]


def test_what_has_no_value_comes_last_both_ways(
    engine: Engine, session: Session, centre: Centre
) -> None:
    money(session, centre, "Apples", funded=100, earned=300)
    money(session, centre, "Pears", funded=200, earned=100)
    builders.a_venture(session, centre, name="An idea")
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    assert names(found(session, centre, run, "multiple")) == ["Pears", "Apples", "An idea"]
    assert names(found(session, centre, run, "-multiple")) == ["Apples", "Pears", "An idea"]


def test_stages_are_sorted_by_their_order_in_life(session: Session, centre: Centre) -> None:
    for stage in (Stage.STOPPED, Stage.IDEA, Stage.SCALE):
        builders.a_venture(session, centre, name=str(stage), stage=stage)
    assert names(found(session, centre, None, "stage")) == ["idea", "scale", "stopped"]


def test_a_gain_of_less_than_a_year_is_not_sorted_among_annual_rates(
    engine: Engine, session: Session, centre: Centre
) -> None:
    money(session, centre, "Old", funded=100, earned=101)
    young = builders.a_venture(session, centre, name="Young")
    on, later = date(2026, 3, 2), date(2026, 5, 4)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=100, on=on, venture=young)
    builders.a_transfer(session, centre, Cause.PAYMENT, pence=900, on=later, venture=young)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    sorted_down = found(session, centre, run, "-irr")
    assert names(sorted_down) == ["Old", "Young"]
    assert sorted_down[1].rate is not None
    assert sorted_down[1].rate.plain


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (VentureFilter(text="HELP"), ["COPD helpline"]),
        (VentureFilter(text="guild"), ["Warm homes"]),
        (VentureFilter(text="100%"), []),
        (VentureFilter(text="_"), []),
        (VentureFilter(stage=Stage.STOPPED), ["Warm homes"]),
        (VentureFilter(Stage.STOPPED, "helpline"), []),
        (VentureFilter(), ["COPD helpline", "Warm homes"]),
    ],
)
def test_ventures_are_filtered_by_stage_and_text(
    session: Session, centre: Centre, chosen: VentureFilter, expected: list[str]
) -> None:
    guild = builders.a_provider(session, name="Builders' Guild")
    builders.a_venture(session, centre, name="COPD helpline", stage=Stage.SCALE)
    builders.a_venture(session, centre, name="Warm homes", provider=guild, stage=Stage.STOPPED)
    assert names(list(list_ventures(session, SYSTEM, centre.id, None, chosen))) == expected
    assert count_ventures(session, SYSTEM, centre.id, chosen) == len(expected)


def test_a_venture_that_the_run_did_not_know_is_listed_without_figures(
    engine: Engine, session: Session, centre: Centre
) -> None:
    run = run_of(engine, centre, as_of=OPENED_ON)
    builders.a_venture(session, centre, name="New", started_on=AS_OF)
    [venture] = found(session, centre, run, "name")
    assert (venture.result_id, venture.funded_pence, venture.rate) == (None, None, None)


def test_the_run_of_the_latest_day_is_on_show(
    engine: Engine, session: Session, centre: Centre
) -> None:
    assert latest_result(session, SYSTEM, centre.id) is None
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    run_of(engine, centre, as_of=OPENED_ON)
    on_show = latest_result(session, SYSTEM, centre.id)
    assert on_show is not None
    assert (on_show[0].id, on_show[1].run_id) == (run.id, run.id)


def test_a_portfolio_of_others_is_not_found(session: Session, centre: Centre) -> None:
    stranger = Viewer(1, frozenset({Grant(Role.DIRECTOR, centre_id=centre.id + 1)}))
    with pytest.raises(NotFound):
        latest_result(session, stranger, centre.id)
    with pytest.raises(NotFound):
        list_ventures(session, stranger, centre.id, None, VentureFilter())
    with pytest.raises(NotFound):
        count_ventures(session, stranger, centre.id, VentureFilter())
