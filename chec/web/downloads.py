"""CSV downloads: recorded in the audit trail, and safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context

from chec.models import Event
from chec.web.access import viewer
from chec.web.trail import note
from chec.web.transaction import read_while_sent

_OPENS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_download(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    filtered_by: Iterable[str] = (),
    row_count: int | None = None,
) -> Response:
    """The file `name`.csv for the browser to keep, sent row by row as `rows` gives them.

    Give amounts as numbers (`Decimal` pounds) and dates as dates: text that opens like a formula is
    preceded by an apostrophe, numbers below zero are not. The trail is told by which fields the
    rows are filtered, and how many they are, if that is known.
    """
    fields = ", ".join(filtered_by)
    detail = f"filtered by {fields}" if fields else ""
    note(Event.DOWNLOADED, viewer=viewer(), detail=detail, row_count=row_count)
    file = Response(
        stream_with_context(_lines(columns, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    return read_while_sent(file)


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")  # without it Excel takes UTF-8 for something else
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
        if buffer.tell() > 65536:  # noqa: PLR2004  a chunk worth sending
            yield _taken_from(buffer)
    yield _taken_from(buffer)


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_OPENS_A_FORMULA) else cell


def _taken_from(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
