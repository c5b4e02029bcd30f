from datetime import date

from chec.finance.cash_flow import CashFlow, net_by_day, running_totals

MONDAY, TUESDAY, FRIDAY = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 5)


def test_flows_of_a_day_are_netted_and_put_in_order() -> None:
    flows = [CashFlow(FRIDAY, 30), CashFlow(MONDAY, -100), CashFlow(FRIDAY, 20)]
    assert net_by_day(flows) == [CashFlow(MONDAY, -100), CashFlow(FRIDAY, 50)]


def test_a_day_that_nets_to_nothing_is_left_out() -> None:
    assert net_by_day([CashFlow(MONDAY, 5), CashFlow(MONDAY, -5), CashFlow(FRIDAY, 0)]) == []


def test_running_totals_follow_the_money_from_day_to_day() -> None:
    flows = [CashFlow(FRIDAY, 130), CashFlow(MONDAY, -100), CashFlow(TUESDAY, -20)]
    assert running_totals(flows) == [
        CashFlow(MONDAY, -100),
        CashFlow(TUESDAY, -120),
        CashFlow(FRIDAY, 10),
    ]
