"""A chart before it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chec.finance.money import Pence
from chec.finance.periods import financial_year_of

Spec = dict[str, Any]
"""A Vega-Lite specification."""

WIDE, NARROW = (960, 320), (330, 260)
"""Width and height of the drawing on a desk and on a telephone, in pixels."""

BLUE, GREEN, TEXT, GREY, LINE = "#005eb8", "#007f3b", "#212b32", "#4c6272", "#d8dde0"
"""Colours of the NHS design system; each of the first four has a contrast of 5 : 1 or more."""

_FONT = "Arial, sans-serif"
_POUNDS = (
    "(datum.value < 0 ? '−' : '') + '£' + (abs(datum.value) >= 1e6"
    " ? format(abs(datum.value) / 1e6, '~g') + 'm' : abs(datum.value) >= 1e3"
    " ? format(abs(datum.value) / 1e3, '~g') + 'k' : format(abs(datum.value), '~g'))"
)
_MOST_TICKS = 9


@dataclass(frozen=True)
class Chart:
    """What a page shows: `rows` are the cells under `columns`, written for people.

    `wide` and `narrow` are the same drawing for a desk and for a telephone.
    """

    title: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: Spec
    narrow: Spec


def short_pounds(pence: Pence) -> str:
    """`£1.42m`, `£610k`, `£950`, `−£2.5k`: rounded, for titles; the figures are in the table."""
    pounds = abs(pence) / 100
    sign = "−" if pence < 0 else ""
    for size, unit in ((1e6, "m"), (1e3, "k")):
        if float(f"{pounds:.3g}") >= size:
            return f"{sign}£{float(f'{pounds / size:.3g}'):,.10g}{unit}"
    return f"{sign}£{pounds:,.0f}"


def spec_of(
    layers: Sequence[Spec], size: tuple[int, int], days: Sequence[date], values: Sequence[Spec]
) -> Spec:
    """The whole specification: `layers` and a zero line, on axes of time and pounds."""
    width, height = size
    zero = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": TEXT, "size": 1},
        "encoding": {"y": {"datum": 0}, "x": {"value": 0}, "x2": {"value": "width"}},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": None,
        "data": {"values": list(values)},
        "encoding": {"x": _time_axis(days, width)},
        "layer": [*layers, zero],
        "config": _config(width),
    }


def pounds_axis(amounts: Sequence[Pence]) -> Spec:
    """The encoding of `pounds`, with room above and below for what is written there."""
    low, high = min(0, *amounts) / 100, max(0, *amounts) / 100
    room = (high - low) * 0.12
    domain = [low - room if low else low, high + room]
    axis = {"labelExpr": _POUNDS, "tickCount": 5, "title": None}
    return {
        "field": "pounds",
        "type": "quantitative",
        "axis": axis,
        "scale": {"domain": domain, "nice": False},
    }


def _time_axis(days: Sequence[date], width: int) -> Spec:
    years = "%b %Y" if width > NARROW[0] or len(_ticks(days)) < _MOST_TICKS // 2 else "%Y"
    return {
        "field": "on",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {
            "title": None,
            "grid": False,
            "values": [day.isoformat() for day in _ticks(days)],
            "labelExpr": f"utcFormat(datum.value, '{years}')",
            "labelOverlap": True,
        },
    }


def _ticks(days: Sequence[date]) -> list[date]:
    """The first days of financial years in the range; of quarters, where it is short."""
    first, last = days[0], days[-1]
    years = range(first.year, last.year + 1)
    starts = [date(year, month, 1) for year in years for month in (1, 4, 7, 10)]
    quarters = [day for day in starts if first <= day <= last]
    if len(quarters) < _MOST_TICKS:
        return quarters
    return [day for day in quarters if day == financial_year_of(day).starts_on]


def _config(width: int) -> Spec:
    size = 15 if width > NARROW[0] else 13
    label = {"labelFont": _FONT, "labelFontSize": size, "labelColor": GREY}
    return {
        # The drawing is one image with a text of its own; its marks are not read one by one.
        **{part: {"aria": False} for part in ("mark", "line", "area", "point", "rule")},
        "view": {"stroke": None},
        "axis": {**label, "aria": False, "gridColor": LINE, "domain": False, "tickColor": LINE},
        "legend": {
            **label,
            "aria": False,
            "labelColor": TEXT,
            "orient": "top",
            "title": None,
            "symbolSize": 400,
            "symbolStrokeWidth": 3,
        },
        "text": {"aria": False, "font": _FONT, "fontSize": size, "color": TEXT},
        "padding": 4,
    }
