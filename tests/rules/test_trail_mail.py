"""When the head of the trail is mailed."""

from datetime import UTC, date, datetime

import pytest

from chec.clock import LONDON
from chec.rules.trail_mail import day_and_recipient, last_mail_day, mail_period


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 10, 6, 59, 59, tzinfo=UTC), date(2026, 1, 9)),
        (datetime(2026, 1, 10, 7, 0, tzinfo=UTC), date(2026, 1, 10)),
        (datetime(2026, 7, 10, 5, 59, 59, tzinfo=UTC), date(2026, 7, 9)),
        (datetime(2026, 7, 10, 6, 0, tzinfo=UTC), date(2026, 7, 10)),
    ],
)
def test_a_day_of_mail_begins_at_seven_in_london(moment: datetime, day: date) -> None:
    assert last_mail_day(moment.astimezone(LONDON)) == day


def test_the_key_of_a_mail_tells_its_day_and_its_recipient() -> None:
    assert mail_period(date(2026, 11, 16), 7) == "2026-11-16 U-0007"
    assert day_and_recipient("2026-11-16 U-0007") == (date(2026, 11, 16), 7)
