"""The value of a claim as it is printed: a table for people, and a document for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from chec.finance.money import format_pounds
from chec.rules.claim_valuation import ClaimValuation

_GAP = "  "


def valuation_document(valuation: ClaimValuation) -> dict[str, Any]:
    """What JSON says of it; amounts in pence."""
    return {
        "gross_pence": valuation.gross_pence,
        "payable_pence": valuation.payable_pence,
        "by_payer": dict(valuation.by_payer),
        "removed": [
            {
                "step": each.step.value,
                "measure": each.measure,
                "units": each.units,
                "pence": each.pence,
                "why": each.why,
            }
            for each in valuation.removed
        ],
        "lines": [
            {
                "measure": each.measure,
                "units": each.units,
                "gross_pence": each.gross_pence,
                "payable_pence": each.payable_pence,
            }
            for each in valuation.lines
        ],
        "warnings": list(valuation.warnings),
    }


def valuation_table(valuation: ClaimValuation) -> str:
    """Its lines, what was removed and why, and who pays, in pounds.

    A line's payable amount is what its payers pay, so what is removed at the step of payers, of all
    measures as one, is in it too.
    """
    return "\n".join(_paragraphs(valuation))


def _paragraphs(valuation: ClaimValuation) -> Iterator[str]:
    lines = [
        (each.measure, f"{each.units:,}", f"{each.taken_units:,}", format_pounds(each.gross_pence),
         format_pounds(each.payable_pence))
        for each in valuation.lines
    ]  # fmt: skip
    units, taken = (
        f"{sum(getattr(each, name) for each in valuation.lines):,}"
        for name in ("units", "taken_units")
    )
    total = format_pounds(valuation.payable_pence)
    all_lines = ("All", units, taken, format_pounds(valuation.gross_pence), total)
    yield from _aligned([("Measure", "Claimed", "Taken", "Gross", "Payable"), *lines, all_lines])
    if valuation.removed:
        yield "\nRemoved"
        yield from _aligned(
            [
                (each.step.value, each.measure or "all", format_pounds(each.pence), each.why)
                for each in valuation.removed
            ],
            right=(2,),
        )
    yield "\nPayable by"
    payers = [(name, format_pounds(pence)) for name, pence in valuation.by_payer.items()]
    yield from _aligned([*payers, ("All", total)])
    if valuation.warnings:
        yield "\nWarnings"
        yield from valuation.warnings


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[int] | None = None) -> Iterator[str]:
    """`rows` in columns; those of `right`, or all but the first, end together."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    to_the_right = range(1, len(widths)) if right is None else right
    for row in rows:
        cells = [
            cell.rjust(width) if place in to_the_right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield _GAP.join(cells).rstrip()
