"""Logs: one line for each thing, and nothing that somebody typed."""

import logging
import re
import sqlite3
import sys

import pytest

from chec.logs import LineFormatter, request_id, write_to_stderr


def test_a_line_says_when_how_bad_where_and_for_which_request() -> None:
    token = request_id.set("ab12")
    line = LineFormatter().format(record("Kept %d rows.", 3))
    request_id.reset(token)
    assert re.fullmatch(r"\S{10}T\S{8}\.\d{3}Z WARNING chec\.jobs \[ab12\] Kept 3 rows\.", line)


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r\nb", "a\x00b", "a\x1b[2Jb", "a\u2028b", "a\x85b", "a\u202eb", "a\ud800b"],
    ids=ascii,
)
def test_no_text_begins_another_line_or_changes_what_is_seen(text: str) -> None:
    line = LineFormatter().format(record("Said %s.", text))
    assert line.isprintable()
    assert line.encode().decode() == line


def test_of_an_exception_it_has_kinds_codes_and_places_and_not_what_it_says() -> None:
    lines = LineFormatter().format(failing()).splitlines()
    assert lines[0].endswith(" It failed.")
    kinds = [line.strip() for line in lines if re.match(r"  \S", line)]
    assert kinds == ["builtins.ValueError", "sqlite3.IntegrityError SQLITE_CONSTRAINT_PRIMARYKEY"]
    assert any("test_logs.py" in line and line.endswith(" _fail") for line in lines)
    assert "secret" not in "\n".join(lines)


def test_a_process_writes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("chec")
    before = root.handlers[:], root.level, ours.level
    try:
        write_to_stderr("WARNING")
        for name in ("chec.web", "elsewhere"):
            logging.getLogger(name).info("quiet")
            logging.getLogger(name).warning("loud")
    finally:
        root.handlers[:], root.level, ours.level = before
    assert re.findall(r"(\w+) (\S+) \[-\] (\w+)", capsys.readouterr().err) == [
        ("WARNING", "chec.web", "loud"),
        ("WARNING", "elsewhere", "loud"),
    ]


def record(text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("chec.jobs", logging.WARNING, "x.py", 1, text, values, None)


def failing() -> logging.LogRecord:
    try:
        _fail()
    except ValueError:
        told = record("It failed.")
        told.exc_info = sys.exc_info()
        return told
    raise AssertionError


def _fail() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (secret TEXT PRIMARY KEY)")
    try:
        connection.executemany("INSERT INTO t VALUES (?)", [("secret",), ("secret",)])
    except sqlite3.IntegrityError as error:
        raise ValueError("secret") from error
    finally:
        connection.close()
