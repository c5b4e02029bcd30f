"""The chart of a venture says what it shows."""

from datetime import date

import pytest

from chec.charts.venture_money import venture_money
from chec.finance.cash_flow import CashFlow

UNTIL = date(2025, 5, 31)
FUNDED = [CashFlow(date(2024, 11, 4), 20_000_000), CashFlow(date(2025, 2, 3), 11_000_000)]


@pytest.mark.parametrize(
    ("earned", "stopped", "finding"),
    [
        (0, False, "£310k of funding, and nothing earned yet"),
        (0, True, "£310k of funding, and nothing earned"),
        (120_000, False, "£310k of funding brought back £120k so far; £190k is still to be earned"),
        (120_000, True, "£310k of funding brought back £120k; £190k did not come back"),
        (310_000, False, "£310k of funding brought back £310k, as much as it took"),
        (420_000, False, "£310k of funding brought back £420k, £110k more than it took"),
    ],
)
def test_the_title_states_the_finding(earned: int, stopped: bool, finding: str) -> None:
    flows = [CashFlow(date(2025, 5, 12), earned * 100)] if earned else []
    chart = venture_money(FUNDED, flows, UNTIL, stopped=stopped)
    assert chart is not None
    assert chart.title == finding


def test_every_quarter_has_a_row_up_to_the_day() -> None:
    chart = venture_money(FUNDED, [CashFlow(date(2025, 5, 12), 50)], UNTIL, stopped=False)
    assert chart is not None
    assert chart.rows == (
        ("2024/25 Q3 (Oct–Dec 2024)", "£200,000.00", "£0.00"),
        ("2024/25 Q4 (Jan–Mar 2025)", "£310,000.00", "£0.00"),
        ("2025/26 Q1 (Apr–Jun 2025)", "£310,000.00", "£0.50"),
    )
    assert chart.wide["data"]["values"][-1] == {
        "on": "2025-05-31",
        "pounds": 0.5,
        "line": "Earned",
    }


def test_money_that_came_back_unspent_is_not_funding() -> None:
    returned = [*FUNDED, CashFlow(date(2025, 4, 1), -1_000_000)]
    chart = venture_money(returned, [], UNTIL, stopped=False)
    assert chart is not None
    assert chart.title == "£300k of funding, and nothing earned yet"


def test_without_money_there_is_no_chart() -> None:
    assert venture_money([], [], UNTIL, stopped=False) is None
