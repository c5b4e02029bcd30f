"""Amounts in titles."""

import pytest

from chec.charts.chart import short_pounds


@pytest.mark.parametrize(
    ("pounds", "text"),
    [
        (0, "£0"),
        (950, "£950"),
        (999.6, "£1k"),
        (2_500, "£2.5k"),
        (610_400, "£610k"),
        (999_999, "£1m"),
        (1_415_000, "£1.42m"),
        (12_300_000, "£12.3m"),
        (1_234_000_000, "£1,230m"),
        (-2_500, "−£2.5k"),
    ],
)
def test_amounts_are_short_in_titles(pounds: float, text: str) -> None:
    assert short_pounds(round(pounds * 100)) == text
