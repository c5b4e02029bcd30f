"""The J-curve says what it shows."""

from datetime import date

import pytest

from chec.charts.j_curve import j_curve
from chec.finance.cash_flow import CashFlow

UNTIL = date(2024, 6, 20)


def flows(*told: tuple[int, int]) -> list[CashFlow]:
    """Flows of (month, pounds) in 2024."""
    return [CashFlow(date(2024, month, 8), pounds * 100) for month, pounds in told]


@pytest.mark.parametrize(
    ("told", "finding"),
    [
        (
            [(1, -1_000_000), (3, -420_000), (5, 810_000)],
            "Investors were £1.42m out of pocket at the deepest, in March 2024; £610k still is",
        ),
        (
            [(1, -500), (3, 500)],
            "Investors were £500 out of pocket at the deepest, in January 2024; all of it has come"
            " back",
        ),
        (
            [(1, -1_000), (3, 3_500)],
            "Investors were £1k out of pocket at the deepest, in January 2024, and have since had"
            " £2.5k more back than was paid in",
        ),
        ([(1, -1_000), (3, -250)], "Investors are £1.25k out of pocket, the deepest so far"),
        ([(1, 100)], "Investors have not been out of pocket at the end of any month"),
    ],
    ids=["still out", "all back", "gained", "deepest now", "never out"],
)
def test_the_title_states_the_finding(told: list[tuple[int, int]], finding: str) -> None:
    chart = j_curve(flows(*told), UNTIL, "Investors")
    assert chart is not None
    assert chart.title == finding


def test_one_investor_is_called_by_name() -> None:
    chart = j_curve(flows((1, -1_000)), UNTIL, "Larch Hill Foundation")
    assert chart is not None
    assert chart.title == "Larch Hill Foundation is £1k out of pocket, the deepest so far"


def test_every_month_has_a_row_also_one_without_money() -> None:
    chart = j_curve(flows((1, -1_000), (3, 250)), date(2024, 4, 20), "Investors")
    assert chart is not None
    assert chart.rows == (
        ("January 2024", "−£1,000.00", "−£1,000.00"),
        ("February 2024", "£0.00", "−£1,000.00"),
        ("March 2024", "£250.00", "−£750.00"),
        ("April 2024", "£0.00", "−£750.00"),
    )


def test_the_drawing_shows_the_figures_of_the_table() -> None:
    chart = j_curve(flows((1, -1_000), (3, 250)), date(2024, 4, 20), "Investors")
    assert chart is not None
    assert [value["pounds"] for value in chart.wide["data"]["values"]] == [
        -1000.0,
        -1000.0,
        -750.0,
        -750.0,
    ]
    assert chart.wide["data"] == chart.narrow["data"]
    assert chart.wide["data"]["values"][-1]["on"] == "2024-04-20"


def test_without_money_there_is_no_curve() -> None:
    assert j_curve([], UNTIL, "Investors") is None
