"""The J-curve: what investors have had back less what they have paid in, month by month."""

from bisect import bisect
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date

from chec.charts.chart import BLUE, NARROW, WIDE, Chart, Spec, pounds_axis, short_pounds, spec_of
from chec.finance.cash_flow import CashFlow, running_totals
from chec.finance.money import format_pounds


def j_curve(flows: Sequence[CashFlow], until: date, who: str) -> Chart | None:
    """The curve of `flows` up to the day `until`; None where no money has moved.

    `who` is a name, or "Investors" for all of them together.
    """
    months = list(_month_ends(flows, until))
    if not months:
        return None
    values = [{"on": flow.on.isoformat(), "pounds": flow.pence / 100} for flow in months]
    days = [flow.on for flow in months]
    before = [0, *(flow.pence for flow in months)]
    return Chart(
        title=_finding(months, who),
        description=f"Paid back less paid in since the first drawdown, at the end of each month up"
        f" to {until:%-d %B %Y}. Below zero, more has been paid in than has come back. Value that"
        " is not yet paid out is not counted.",
        columns=("Month", "Net in the month", "Net so far"),
        rows=tuple(
            (f"{flow.on:%B %Y}", format_pounds(flow.pence - last), format_pounds(flow.pence))
            for flow, last in zip(months, before, strict=False)
        ),
        wide=spec_of(_layers(months), WIDE, days, values),
        narrow=spec_of(_layers(months), NARROW, days, values),
    )


def _month_ends(flows: Sequence[CashFlow], until: date) -> Iterator[CashFlow]:
    """The running total at the end of each month; of the last month, at `until`."""
    totals = running_totals(flows)
    if not totals:
        return
    days = [total.on for total in totals]
    year, month = days[0].year, days[0].month
    while (year, month) <= (until.year, until.month):
        end = min(date(year, month, monthrange(year, month)[1]), until)
        place = bisect(days, end)
        yield CashFlow(end, totals[place - 1].pence if place else 0)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004


def _finding(months: Sequence[CashFlow], who: str) -> str:
    deepest, last = min(months, key=lambda flow: flow.pence), months[-1]
    were, have = ("were", "have") if who == "Investors" else ("was", "has")
    if deepest.pence >= 0:
        return f"{who} {have} not been out of pocket at the end of any month"
    depth = short_pounds(-deepest.pence)
    if last.pence == deepest.pence:
        are = "are" if who == "Investors" else "is"
        return f"{who} {are} {depth} out of pocket, the deepest so far"
    opening = f"{who} {were} {depth} out of pocket at the deepest, in {deepest.on:%B %Y}"
    if last.pence < 0:
        return f"{opening}; {short_pounds(-last.pence)} still is"
    if last.pence == 0:
        return f"{opening}; all of it has come back"
    return f"{opening}, and {have} since had {short_pounds(last.pence)} more back than was paid in"


def _layers(months: Sequence[CashFlow]) -> list[Spec]:
    deepest, last = min(months, key=lambda flow: flow.pence), months[-1]
    pounds = pounds_axis([flow.pence for flow in months])
    drawn = [
        {"mark": {"type": "area", "color": BLUE, "opacity": 0.12}, "encoding": {"y": pounds}},
        {"mark": {"type": "line", "color": BLUE, "strokeWidth": 3}, "encoding": {"y": pounds}},
        _marked(last, pounds, {"align": "right", "dy": -16}),
    ]
    if deepest.pence not in {0, last.pence}:
        align = "left" if deepest is months[0] else "center"
        drawn.append(_marked(deepest, pounds, {"align": align, "dy": 18}))
    return drawn


def _marked(flow: CashFlow, pounds: Spec, place: Spec) -> Spec:
    """A point of the curve with its amount beside it."""
    text = {"type": "text", "text": short_pounds(flow.pence), "fontWeight": "bold", **place}
    return {
        "data": {"values": [{"on": flow.on.isoformat(), "pounds": flow.pence / 100}]},
        "encoding": {"y": pounds},
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 90, "color": BLUE, "opacity": 1}},
            {"mark": text},
        ],
    }
