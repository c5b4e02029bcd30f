"""Returns runs: asked for, waited for, and read."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.models import Cause, Centre, JobRun, JobState, Role, User
from chec.models.references import reference
from tests import builders
from tests.builders import NOW
from tests.client import Client, soup
from tests.jobs.ledgers import run_of

AS_OF = date(2026, 10, 31)
PORTFOLIO = "/centres/C-0001"
NEW = f"{PORTFOLIO}/runs/new"


@pytest.fixture
def director(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="Amara Okafor")
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    return user


def a_job(session: Session, centre: Centre, state: JobState, error: str | None = None) -> None:
    finished_at = NOW if state in {JobState.FAILED, JobState.DONE} else None
    session.add(
        JobRun(
            job="returns",
            centre_id=centre.id,
            period="2026-11-15",
            state=state,
            requested_at=NOW,
            started_at=NOW,
            finished_at=finished_at,
            attempt_count=1,
            error=error,
        )
    )
    session.commit()


def test_a_director_asks_for_the_returns_once_however_often_they_press(
    client: Client, session: Session, director: User
) -> None:
    client.sign_in(director)
    page = soup(client.get(PORTFOLIO))
    form = page.select_one(f'form[action="{NEW}"]')
    assert form
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    for _ in range(2):
        response = client.post(NEW, data=sent)
        assert (response.status_code, response.headers["Location"]) == (303, PORTFOLIO)
    [job] = session.exec(select(JobRun)).all()
    assert (job.state, job.requested_by_id) == (JobState.QUEUED, director.id)
    assert "as soon as the worker is free" in client.get(PORTFOLIO).text


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_request_that_no_page_has_issued_is_refused(
    client: Client, session: Session, director: User, token: str
) -> None:
    client.sign_in(director)
    response = client.post(NEW, data={"idempotency_key": token})
    assert response.status_code == 422
    assert "out of date" in response.text
    assert session.exec(select(JobRun)).all() == []


def test_a_forged_request_is_refused(client: Client, session: Session, director: User) -> None:
    client.sign_in(director)
    data = {"idempotency_key": str(uuid4())}
    assert client.post(NEW, data=data, headers={"X-CSRFToken": "forged"}).status_code == 400
    assert session.exec(select(JobRun)).all() == []


def test_an_evaluator_may_not_ask(client: Client, session: Session, centre: Centre) -> None:
    evaluator = builders.a_user(session)
    builders.a_membership(session, Role.EVALUATOR, user=evaluator, centre=centre)
    session.commit()
    client.sign_in(evaluator)
    assert client.post(NEW, data={"idempotency_key": str(uuid4())}).status_code == 403


def test_a_failed_run_leaves_the_last_good_one_on_show_and_says_so(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    run_of(engine, centre, as_of=AS_OF)
    a_job(session, centre, JobState.FAILED, "The disk was full.")
    client.sign_in(director)
    page = soup(client.get(PORTFOLIO))
    warning = page.select_one(".nhsuk-card--warning")
    assert warning
    assert "The disk was full." in warning.text
    assert "as of 31 October 2026" in warning.text
    assert page.find("button", string=re.compile("Compute returns now"))


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_run_that_is_waited_for_asks_after_itself(
    client: Client, session: Session, centre: Centre, director: User, state: JobState
) -> None:
    a_job(session, centre, state)
    client.sign_in(director)
    page = soup(client.get(PORTFOLIO))
    waiting = page.select_one("[hx-get]")
    assert waiting
    assert waiting.find("a", href=PORTFOLIO)
    assert not page.find("button", string=re.compile("Compute returns now"))
    part = client.get(str(waiting["hx-get"]), headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<div")
    assert "HX-Refresh" not in part.headers


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_a_run_that_is_over_has_the_page_loaded_again(
    client: Client, session: Session, centre: Centre, director: User, state: JobState
) -> None:
    a_job(session, centre, state, "It failed.")
    client.sign_in(director)
    path = f"{PORTFOLIO}/runs/progress"
    assert client.get(path, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert client.get(path).headers["Location"] == PORTFOLIO


def test_a_run_tells_what_it_read_and_links_to_every_return(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=500)
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=900)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    client.sign_in(director)
    page = soup(client.get("/runs/RR-0001"))
    told = [" ".join(value.text.split()) for value in page.select(".nhsuk-summary-list__value")]
    assert told == [
        "31 October 2026",
        "16 November 2026 at 09:30",
        "16 November 2026 at 09:30",
        "The command line",
        "3",
        "2",
        run.fingerprint,
    ]
    links = page.select('table a[href^="/returns/"]')
    assert len(links) == 3
    for link in links:
        assert client.get(str(link["href"])).status_code == 200


def test_a_run_that_read_the_same_as_the_one_before_says_so(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre)
    session.commit()
    for _ in range(2):
        run_of(engine, centre, as_of=AS_OF)
    builders.a_transfer(session, centre)
    session.commit()
    run_of(engine, centre, as_of=AS_OF)
    client.sign_in(director)
    says = [
        "Nothing had changed" in client.get(f"/runs/RR-000{number}").text for number in (1, 2, 3)
    ]
    assert says == [False, True, False]


def test_the_list_names_who_asked_and_why_runs_failed(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    runs = [run_of(engine, centre, as_of=AS_OF - timedelta(days=days)) for days in (2, 1, 0)]
    for run, asker, state, error in (
        (runs[0], director.id, JobState.DONE, None),
        (runs[1], None, JobState.DONE, None),
        (None, director.id, JobState.FAILED, "The ledger could not be read."),
    ):
        session.add(
            JobRun(
                job="returns",
                centre_id=centre.id,
                period=f"asked:{uuid4()}" if asker else "2026-10-30",
                state=state,
                requested_by_id=asker,
                requested_at=NOW,
                finished_at=NOW,
                attempt_count=1,
                error=error,
                returns_run_id=run.id if run else None,
            )
        )
    session.commit()
    client.sign_in(director)
    page = soup(client.get(f"{PORTFOLIO}/runs"))
    failed, finished = page.select("tbody")
    assert re.search(
        r"Failed\s.*The ledger could not be read\.\s+It is tried again", failed.text, re.S
    )
    told = [row.select("td")[2].text for row in finished.select("tr")]
    assert told == ["The command line", "The calendar", "Amara Okafor"]


def test_a_centre_without_runs_says_when_the_next_begins(client: Client, director: User) -> None:
    client.sign_in(director)
    assert "The next one begins at 02:00" in client.get(f"{PORTFOLIO}/runs").text


def test_a_run_of_another_centre_is_not_found(
    client: Client, engine: Engine, session: Session, director: User
) -> None:
    elsewhere = builders.a_centre(session)
    session.commit()
    run = run_of(engine, elsewhere, as_of=AS_OF)
    client.sign_in(director)
    assert client.get(f"/runs/{reference('returns_run', run.id)}").status_code == 404
