"""Drawings: valid under the policy for content, kept, and never a reason to fail."""

import logging
import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chec.charts.chart import Chart
from chec.charts.drawing import Drawings
from chec.charts.j_curve import j_curve
from chec.finance.cash_flow import CashFlow

FLOWS = [CashFlow(date(2024, 1, 8), -100_000), CashFlow(date(2025, 1, 8), 40_000)]


@pytest.fixture
def chart() -> Chart:
    made = j_curve(FLOWS, date(2025, 3, 31), 'The "A & B" <Fund>')
    assert made is not None
    return made


def test_a_drawing_is_one_image_with_a_text(chart: Chart, tmp_path: Path) -> None:
    drawn = Drawings(tmp_path).draw(chart)
    assert drawn is not None
    assert drawn.count("<svg ") == drawn.count('role="img"') == 2
    assert 'aria-label="The &#34;A &amp; B&#34; &lt;Fund&gt; was £1k out of pocket' in drawn
    assert "graphics-symbol" not in drawn


def test_a_drawing_keeps_to_the_policy_for_content(chart: Chart, tmp_path: Path) -> None:
    drawn = Drawings(tmp_path).draw(chart)
    assert drawn is not None
    assert not re.search(r"<style|<script|style=|\son\w+=|<image|<foreignObject", drawn)
    assert set(re.findall(r"https?://[^\"]+", drawn)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_what_was_drawn_once_is_kept(chart: Chart, tmp_path: Path) -> None:
    first = Drawings(tmp_path).draw(chart)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(kept) == 2
    assert Drawings(tmp_path).draw(chart) == first
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == kept


def test_other_figures_are_another_drawing(chart: Chart, tmp_path: Path) -> None:
    drawings = Drawings(tmp_path)
    other = j_curve([CashFlow(date(2024, 1, 8), -5)], date(2025, 3, 31), "A fund")
    assert other is not None
    assert drawings.draw(chart) != drawings.draw(other)


def test_a_chart_that_cannot_be_drawn_is_none(
    chart: Chart, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(chart, wide={"mark": "no such mark"})
    assert Drawings(tmp_path).draw(broken) is None
    assert caplog.messages == ["A chart could not be drawn."]


def test_a_folder_that_cannot_be_written_is_no_failure(
    chart: Chart, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "charts").write_text("a file where the folder should be")
    with caplog.at_level(logging.CRITICAL, "chec.charts.drawing"):
        assert Drawings(tmp_path / "charts").draw(chart) is None


def test_a_forked_process_draws_nothing_rather_than_wait_for_ever(tmp_path: Path) -> None:
    drawings = Drawings(tmp_path)
    chart = j_curve(FLOWS, date(2025, 3, 31), "Investors")
    assert chart is not None
    child = os.fork()
    if child == 0:
        logging.disable()
        os._exit(0 if drawings.draw(chart) is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
