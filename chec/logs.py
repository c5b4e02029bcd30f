"""How logs are written: a line for each thing that happened, without secrets or personal data.

A line is `2026-11-22T10:05:00.123Z WARNING chec.jobs.worker [request] text`. Of an exception it has
the kinds and the places in the code, never what it says: that may hold what somebody typed. A
character that would begin another line is written as its code.
"""

import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar
from traceback import extract_tb
from types import TracebackType

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Stands in every line that a request writes, so that they can be found together."""

_FORM = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s [%(request_id)s] %(message)s"
_EXPLICIT = ("sqlstate", "sqlite_errorname", "errno")
"""What an error of a database or of the system has as its code."""


class LineFormatter(logging.Formatter):
    """Writes a record as one line, and below it the places of its exception."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(_FORM, "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The lines of the record."""
        record.request_id = request_id.get()
        lines = [_on_one_line(super().formatMessage(_with_text_and_time(self, record)))]
        if record.exc_info and record.exc_info[1]:
            lines += _told_of(record.exc_info[1])
        return "\n".join(lines)


def write_to_stderr(level: str = "INFO") -> None:
    """Have this process write its logs so, from `level` for ours and from WARNING for the rest."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("chec").setLevel(level)


def _with_text_and_time(
    formatter: logging.Formatter, record: logging.LogRecord
) -> logging.LogRecord:
    record.message = record.getMessage()
    record.asctime = formatter.formatTime(record, formatter.datefmt)
    return record


def _on_one_line(text: str) -> str:
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _told_of(error: BaseException) -> Iterator[str]:
    for each in _chain(error):
        code = next((f" {getattr(each, name)}" for name in _EXPLICIT if hasattr(each, name)), "")
        yield f"  {type(each).__module__}.{type(each).__qualname__}{code}"
        yield from _places(each.__traceback__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame in extract_tb(trace):
        yield f"    {frame.filename}:{frame.lineno} {frame.name}"
