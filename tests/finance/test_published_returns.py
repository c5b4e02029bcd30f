"""Published returns and multiples, reproduced at the precision they were published with."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chec.finance.returns import CashFlow, Irr, annual_irr, multiples

CASES_FILE = Path(__file__).parents[1] / "cases" / "numbers.json"
CASES = {case["id"]: case for case in json.loads(CASES_FILE.read_text("utf-8"))}


def dated(rows: list[list[Any]]) -> list[CashFlow]:
    return [CashFlow(date.fromisoformat(on), round(pounds * 100)) for on, pounds in rows]


def yearly(pounds: list[int]) -> list[CashFlow]:
    start = date(2021, 1, 1)
    return [CashFlow(start + timedelta(365 * i), 100 * each) for i, each in enumerate(pounds)]


def rate(flows: list[CashFlow]) -> float:
    found = annual_irr(flows).rate
    assert found is not None
    return found


def test_our_copy_of_the_published_cases_is_the_shared_one() -> None:
    shared = CASES_FILE.parents[3] / "shared" / "cases" / "numbers.json"
    if shared.exists():
        assert json.loads(shared.read_text("utf-8")) == list(CASES.values())


def test_the_example_of_excels_documentation_is_reproduced() -> None:
    case = CASES["PE-01"]
    assert rate(dated(case["input"])) == pytest.approx(case["expected"]["xirr_365"], abs=1e-10)
    # What Excel prints stops short of the root by its own tolerance.
    assert rate(dated(case["input"])) == pytest.approx(case["expected"]["excel_prints"], abs=2e-9)


def test_the_day_count_is_actual_365_fixed_and_no_other() -> None:
    case = CASES["PE-02"]
    found = rate(dated(case["input"]))
    assert found == pytest.approx(case["expected"]["act/365F"], abs=1e-12)
    assert [name for name, other in case["expected"].items() if abs(found - other) < 1e-6] == [
        "act/365F"
    ]


def test_mathworks_figure_stops_short_of_the_root_in_its_thirteenth_decimal() -> None:
    # The root to 80 digits begins 0.10064378342663987.
    found = rate(dated(CASES["PE-02"]["input"]))
    assert found == pytest.approx(0.10064378342663987, abs=1e-15)
    assert CASES["PE-02"]["expected"]["act/365F"] == 0.10064378342638


def test_flows_a_year_apart_give_the_periodic_rate() -> None:
    case = CASES["PE-03"]
    assert [round(rate(yearly(flows)), 4) for flows in case["input"]] == case["expected"]


def test_two_rates_that_fit_are_reported_and_none_is_given() -> None:
    assert annual_irr(dated(CASES["PE-10"]["input"])) == Irr(None, "2 rates fit")


def test_the_rate_is_annual_over_364_days_too() -> None:
    case = CASES["PE-12"]
    assert round(rate(dated(case["input"])), 8) == case["expected"]


def test_multiples_follow_from_totals() -> None:
    for case, residual in (("PE-05", 15), ("PE-06", 20)):
        flows, expected = CASES[case]["input"]["flows"], CASES[case]["expected"]
        paid_in = -sum(flow for flow in flows if flow < 0)
        found = multiples(paid_in, paid_in, sum(flow for flow in flows if flow > 0), residual)
        assert found.tvpi == expected["TVPI"]
        assert found.dpi == expected.get("DPI", found.dpi)


def test_the_four_multiples_of_gips_are_reproduced() -> None:
    given, expected = CASES["PE-15"]["input"], CASES["PE-15"]["expected"]
    found = multiples(given["committed"], given["paid_in"], given["dist"], given["nav"])
    assert {name.upper(): round(ratio, 6) for name, ratio in vars(found).items()} == expected


def test_a_ratio_to_nothing_paid_in_is_none_and_not_zero() -> None:
    given = CASES["PE-17"]["input"]
    paid_in = given["call"] - given["recallable"]
    found = multiples(given["call"], paid_in, given["dist"], given["nav"])
    assert (found.pic, found.dpi, found.rvpi, found.tvpi) == (0.0, None, None, None)
