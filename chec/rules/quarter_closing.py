"""A quarter is closed once it is over, and stays closed (methods, 1).

Closing a quarter closes every earlier one. From then on no transfer is dated in it: a correction is
dated today and names the quarter it concerns.
"""

from datetime import date

from chec.finance.periods import Quarter


def reasons_not_to_close(
    quarter: Quarter, *, today: date, opened_on: date, closed_before: date | None
) -> list[str]:
    """Why `quarter` cannot be closed today; empty where it can."""
    if today < quarter.ends_before:
        last = quarter.ends_before
        return [f"{quarter.name} is not over. It can be closed from {last:%-d %B %Y}."]
    if quarter.ends_before <= opened_on:
        return [f"{quarter.name} was over before the centre opened on {opened_on:%-d %B %Y}."]
    if closed_before and quarter.ends_before <= closed_before:
        return [f"{quarter.name} is closed already."]
    return []
