"""What a venture was given and what it brought, added up quarter by quarter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chec.charts.chart import (
    BLUE,
    GREEN,
    NARROW,
    WIDE,
    Chart,
    Spec,
    pounds_axis,
    short_pounds,
    spec_of,
)
from chec.finance.cash_flow import CashFlow
from chec.finance.money import Pence, format_pounds
from chec.finance.periods import Quarter, quarter_of

_LINES = ("Funded", "Earned")


@dataclass(frozen=True)
class _Totals:
    """What was funded and earned by the end of a quarter."""

    quarter: Quarter
    on: date
    funded: Pence
    earned: Pence


def venture_money(
    funded: Sequence[CashFlow], earned: Sequence[CashFlow], until: date, *, stopped: bool
) -> Chart | None:
    """Both lines up to the day `until`; None where no money has moved. Amounts are above zero."""
    totals = list(_by_quarter(funded, earned, until))
    if not totals:
        return None
    values = [
        {"on": each.on.isoformat(), "pounds": pence / 100, "line": line}
        for each in totals
        for line, pence in zip(_LINES, (each.funded, each.earned), strict=True)
    ]
    days = [each.on for each in totals]
    return Chart(
        title=_finding(totals[-1], stopped=stopped),
        description="Funding, less what came back unspent, and money earned from payers and a"
        f" spin-out, added up at the end of each quarter up to {until:%-d %B %Y}.",
        columns=("Quarter", "Funded so far", "Earned so far"),
        rows=tuple(
            (each.quarter.name, format_pounds(each.funded), format_pounds(each.earned))
            for each in totals
        ),
        wide=spec_of(_layers(totals), WIDE, days, values),
        narrow=spec_of(_layers(totals), NARROW, days, values),
    )


def _by_quarter(
    funded: Sequence[CashFlow], earned: Sequence[CashFlow], until: date
) -> Iterator[_Totals]:
    moved = [flow.on for flow in (*funded, *earned)]
    if not moved:
        return
    quarter = quarter_of(min(moved))
    while quarter.starts_on <= until:
        end = quarter.ends_before
        yield _Totals(
            quarter,
            min(until, end - timedelta(days=1)),
            sum(flow.pence for flow in funded if flow.on < end),
            sum(flow.pence for flow in earned if flow.on < end),
        )
        quarter = quarter.next()


def _finding(last: _Totals, *, stopped: bool) -> str:
    funding = f"{short_pounds(last.funded)} of funding"
    left = last.funded - last.earned
    if last.earned == 0:
        return f"{funding}, and nothing earned{'' if stopped else ' yet'}"
    if left <= 0:
        more = f", {short_pounds(-left)} more than it took" if left else ", as much as it took"
        return f"{funding} brought back {short_pounds(last.earned)}{more}"
    rest = "did not come back" if stopped else "is still to be earned"
    so_far = "" if stopped else " so far"
    return (
        f"{funding} brought back {short_pounds(last.earned)}{so_far}; {short_pounds(left)} {rest}"
    )


def _layers(totals: Sequence[_Totals]) -> list[Spec]:
    def scale(ends: list[object]) -> Spec:
        return {"domain": list(_LINES), "range": ends}

    encoding = {
        "y": pounds_axis([pence for each in totals for pence in (each.funded, each.earned)]),
        "color": {"field": "line", "type": "nominal", "scale": scale([BLUE, GREEN])},
        "strokeDash": {"field": "line", "type": "nominal", "scale": scale([[6, 4], [1, 0]])},
    }
    return [{"mark": {"type": "line", "strokeWidth": 3}, "encoding": encoding}]
