"""When the head of the audit trail is mailed, and to whom.

Every day at 07:00 in London, to everybody who administers a centre that day and whose account is
not locked. Each mail is a piece of work of its own, so that one that cannot be sent is tried again
and the others are not sent twice. A hash that lies in mailboxes cannot be changed with the
database: whoever kept it can show later that nothing before it was changed.
"""

from datetime import date, datetime, timedelta

from chec.models.references import parse_reference, reference

TRAIL_MAIL = "trail mail"
"""The name of the job."""
MAIL_HOUR = 7


def last_mail_day(london: datetime) -> date:
    """The day of the latest mail that is due at this moment in London."""
    return london.date() - timedelta(days=london.hour < MAIL_HOUR)


def mail_period(day: date, user_id: int) -> str:
    """The key of the mail of `day` to one person."""
    return f"{day.isoformat()}{recipient_in_period(user_id)}"


def recipient_in_period(user_id: int) -> str:
    """How the keys of one person's mails end."""
    return f" {reference('user', user_id)}"


def day_and_recipient(period: str) -> tuple[date, int]:
    """The day and the user of a mail's key."""
    day, _, user = period.partition(" ")
    user_id = parse_reference("user", user)
    assert user_id is not None
    return date.fromisoformat(day), user_id
