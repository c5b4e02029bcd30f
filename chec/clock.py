"""The only place that asks the time.

Moments are aware and in UTC; a *day* is the day in London, where the contracts are signed.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in London."""
    return london_day(now())


def london_day(moment: datetime) -> date:
    """The date in London at an aware `moment`."""
    return moment.astimezone(LONDON).date()
