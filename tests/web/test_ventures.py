"""The page of a venture."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.models import Cause, Centre, ReturnsResult, ReturnsRun, Role, Stage, User, Venture
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup
from tests.demo import demo_user
from tests.jobs.ledgers import run_of


def a_member(session: Session, role: Role, **held_for: Centre | Venture) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, **held_for)  # type: ignore[arg-type]
    session.commit()
    return user


def address(venture: Venture) -> str:
    return f"/ventures/{reference('venture', venture.id)}"


def test_the_figures_are_the_totals_of_the_ledger_they_lead_to(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    venture = demo_session.exec(select(Venture).where(Venture.stage == Stage.STOPPED)).one()
    demo_session.commit()
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    figures = soup(demo_client.get(address(venture))).select(".chec-figure a")[:2]
    for figure in figures:
        behind = soup(demo_client.get(str(figure["href"])))
        effect = behind.select("tfoot td")[1].get_text(strip=True)
        assert str(figure.find(string=True)) in {effect.removeprefix("−"), effect[:-3]}
    assert len(figures) == 2


def test_the_page_tells_what_the_team_does_and_how_the_money_went(
    demo_client: Client, demo_engine: Engine
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    page = soup(demo_client.get("/ventures/V-0001"))
    assert "respiratory nurse" in page.text
    assert "Scale since" in " ".join(page.text.split())
    [figure] = page.select("figure")
    assert "of funding brought back" in figure.text
    assert figure.select_one('svg[role="img"]')
    assert len(page.select('a[href^="/transfers/"]')) == 10


def test_a_provider_team_sees_its_own_venture_and_traces_it(
    demo_client: Client, demo_engine: Engine
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.PROVIDER))
    page = soup(demo_client.get("/ventures/V-0001"))
    hrefs = {str(link["href"]) for link in page.select("main a[href]")}
    assert not {href for href in hrefs if href.startswith("/centres/")}
    assert any(href.startswith("/returns/") for href in hrefs)
    for href in hrefs:
        if href.startswith(("/returns/", "/transfers/")):
            assert demo_client.get(href).status_code == 200
    assert demo_client.get("/ventures/V-0002").status_code == 404


def test_a_venture_of_another_centre_is_not_found(client: Client, session: Session) -> None:
    own, other = builders.a_centre(session), builders.a_centre(session)
    venture = builders.a_venture(session, other)
    client.sign_in(a_member(session, Role.DIRECTOR, centre=own))
    assert client.get(address(venture)).status_code == 404
    assert client.get("/ventures/V-9999").status_code == 404


def test_a_team_that_no_longer_holds_its_role_finds_nothing(
    client: Client, session: Session
) -> None:
    venture = builders.a_venture(session, builders.a_centre(session))
    user = builders.a_user(session)
    builders.a_membership(
        session, Role.PROVIDER, user=user, venture=venture, ends_before=date(2026, 1, 1)
    )
    session.commit()
    client.sign_in(user)
    assert client.get(address(venture)).status_code == 403


@pytest.mark.parametrize("has_run", [False, True])
def test_a_venture_without_money_says_so(
    client: Client, engine: Engine, session: Session, has_run: bool
) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre, stage=Stage.IDEA)
    user = a_member(session, Role.PROVIDER, venture=venture)
    if has_run:
        run_of(engine, centre, as_of=date(2026, 10, 31))
    client.sign_in(user)
    page = soup(client.get(address(venture)))
    titles = [title.text for title in page.select(".chec-empty__title")]
    waiting = [] if has_run else ["There is no return of this venture yet"]
    assert titles == [*waiting, "No money has moved yet"]
    assert ("Not defined: no flows" in page.text) == has_run


def test_a_care_model_is_shown_as_it_was_written(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    told = "<script>alert(1)</script> & so on"
    venture = builders.a_venture(session, centre, care_model=told)
    client.sign_in(a_member(session, Role.EVALUATOR, centre=centre))
    page = soup(client.get(address(venture)))
    assert told in page.text
    assert not page.select("main script")


def test_a_transfer_after_the_run_is_listed_and_not_yet_counted(
    client: Client, engine: Engine, session: Session
) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre)
    user = a_member(session, Role.DIRECTOR, centre=centre)
    run: ReturnsRun = run_of(engine, centre, as_of=date(2026, 10, 31))
    on = date(2026, 11, 2)
    builders.a_transfer(
        session,
        centre,
        Cause.TRANCHE,
        pence=987,
        on=on,
        venture=venture,
        reference="TR-7",
        memo="Second nurse",
    )
    session.commit()
    client.sign_in(user)
    page = soup(client.get(address(venture)))
    assert "£9.87" in page.select("tbody")[-1].text
    assert "TR-7 · Second nurse" in page.select("tbody")[-1].text
    query = select(ReturnsResult).where(
        ReturnsResult.run_id == run.id, ReturnsResult.venture_id == venture.id
    )
    assert session.exec(query).one().paid_in_pence == 0
    assert "£9.87" not in page.select(".chec-figures")[0].text
