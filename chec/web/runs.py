"""Returns runs: asking for one, and what each was made of."""

from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chec.actions.returns_runs import request_returns_run
from chec.clock import london_day
from chec.models import JobRun, JobState
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.investors import list_positions
from chec.queries.job_runs import askers_of, latest_job_run, list_unfinished_job_runs
from chec.queries.portfolio import VentureFilter, count_ventures, list_ventures
from chec.queries.returns import count_runs, find_result, get_run, list_runs, previous_run
from chec.rules.job_retries import retry_at
from chec.rules.rate_shown import rates_of
from chec.rules.returns_schedule import as_of
from chec.web.access import acting, needs, viewer
from chec.web.forms.runs import RequestReturnsForm
from chec.web.lists import page_of

pages = Blueprint("runs", __name__)

_OF_A_CENTRE = "/centres/<reference('centre'):centre_id>/runs"


@pages.get(_OF_A_CENTRE)
@needs(Action.VIEW_RUNS)
def index(centre_id: int) -> str:
    """Every run of the centre, and what waits or failed."""
    centre = get_centre(g.session, viewer(), Action.VIEW_RUNS, centre_id)
    page = page_of(count_runs(g.session, viewer(), centre_id))
    runs = list_runs(g.session, viewer(), centre_id, page=page.number, page_size=page.limit)
    jobs = list_unfinished_job_runs(g.session, viewer(), centre_id)
    return render_template(
        "runs/index.html",
        centre=centre,
        runs=runs,
        askers=askers_of(g.session, viewer(), centre_id, runs),
        jobs=[(job, _day_of(job), retry_at(job)) for job in jobs],
        page=page,
        request_form=RequestReturnsForm(),
    )


@pages.get("/runs/<reference('returns_run'):run_id>")
@needs(Action.VIEW_RUNS)
def show(run_id: int) -> str:
    """What one run read, and every return that came of it."""
    run = get_run(g.session, viewer(), run_id)
    centre = get_centre(g.session, viewer(), Action.VIEW_RUNS, run.centre_id)
    every = VentureFilter()
    page = page_of(count_ventures(g.session, viewer(), centre.id, every))
    ventures = list_ventures(
        g.session, viewer(), centre.id, run, every, offset=page.offset, limit=page.limit
    )
    return render_template(
        "runs/show.html",
        centre=centre,
        run=run,
        asker=askers_of(g.session, viewer(), centre.id, [run])[run.id],
        before=previous_run(g.session, run),
        together=find_result(g.session, viewer(), run.id),
        rates_of=rates_of,
        investors=list_positions(g.session, viewer(), centre.id, run),
        ventures=ventures,
        page=page,
    )


@pages.route(f"{_OF_A_CENTRE}/new", methods=["GET", "POST"])
@needs(Action.RUN_RETURNS)
def new(centre_id: int) -> ResponseReturnValue:
    """Ask for the returns as of today."""
    centre = get_centre(g.session, viewer(), Action.RUN_RETURNS, centre_id)
    form = RequestReturnsForm()
    if form.validate_on_submit():
        actor = acting(Action.RUN_RETURNS, centre_id)
        request_returns_run(g.session, actor, centre, f"form:{form.idempotency_key.data}")
        flash("The returns are being computed.")
        return redirect(url_for("centres.show", centre_id=centre_id), 303)
    page = render_template("runs/new.html", centre=centre, form=form)
    return page, 422 if form.is_submitted() else 200


@pages.get(f"{_OF_A_CENTRE}/progress")
@needs(Action.VIEW_PORTFOLIO)
def progress(centre_id: int) -> ResponseReturnValue:
    """How far the latest run is: a part of the portfolio, which asks for it again and again."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PORTFOLIO, centre_id)
    portfolio = url_for("centres.show", centre_id=centre_id)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(portfolio)
    job = latest_job_run(g.session, viewer(), centre_id)
    if job is None or job.state in {JobState.DONE, JobState.FAILED}:
        return "", 200, {"HX-Refresh": "true"}
    return render_template("runs/_progress.html", centre=centre, job=job)


def _day_of(job: JobRun) -> date:
    return as_of(job, requested_on=london_day(job.requested_at))
