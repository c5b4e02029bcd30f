"""When the returns of a centre are computed, and as of which day.

Every night at 02:00 in London, as of the day before; and whenever a director asks, as of the day on
which they asked. No run is as of a day before the centre opened, or in the future.
"""

from datetime import date, datetime, timedelta

from chec.models import JobRun

RETURNS = "returns"
"""The name of the job."""
NIGHTLY_HOUR = 2
_ASKED = "asked:"


def last_nightly_day(london: datetime) -> date:
    """The day as of which the latest nightly run is that is due at this moment in London."""
    return london.date() - timedelta(days=1 if london.hour >= NIGHTLY_HOUR else 2)


def nightly_period(day: date) -> str:
    """The key of the nightly run as of `day`."""
    return day.isoformat()


def asked_period(token: str) -> str:
    """The key of a run that somebody asked for with the token of a form."""
    return f"{_ASKED}{token}"


def is_asked_for(run: JobRun) -> bool:
    """Whether somebody asked for it, rather than the calendar."""
    return run.period.startswith(_ASKED)


def as_of(run: JobRun, *, requested_on: date) -> date:
    """The day as of which the returns are computed; however late, the same."""
    return requested_on if is_asked_for(run) else date.fromisoformat(run.period)


def reasons_not_to_run(as_of: date, *, opened_on: date, today: date) -> list[str]:
    """Why there are no returns as of this day; empty where there are."""
    if as_of > today:
        return [f"{as_of:%-d %B %Y} is in the future. Returns are computed up to today."]
    if as_of < opened_on:
        return [f"{as_of:%-d %B %Y} is before the centre opened on {opened_on:%-d %B %Y}."]
    return []
