"""What changed, in words: whatever a field held, it can be shown."""

import json

import pytest
from flask import Flask, g
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chec.models import AuditEvent, Event
from chec.models.references import PREFIXES
from chec.permissions import Viewer
from chec.rules.audit_chain import changes_text
from chec.web.trail_words import changes_in_words, rows_of
from tests import builders

FIELDS = st.sampled_from(
    ["on", "starts_on", "as_of", "payer", "debit", "held_for", "pence", "paid_pence", "measure"]
)
LOOKS_LIKE_ONE = st.one_of(
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.from_regex(rf"({'|'.join(PREFIXES.values())})-[0-9]{{1,12}}( V-0001)?", fullmatch=True),
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), LOOKS_LIKE_ONE)
CHANGES = st.dictionaries(FIELDS | st.text(), VALUES, max_size=5)


def an_event(changes: str) -> AuditEvent:
    return AuditEvent(
        id=1, at=builders.NOW, event=Event.CENTRE_OPENED, centre_id=1, changes=changes
    )


@pytest.mark.backend("sqlite")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CHANGES, CHANGES)
def test_any_text_in_any_field_is_shown(
    app: Flask, before: dict[str, object], after: dict[str, object]
) -> None:
    event = an_event(changes_text(before, after))
    with app.test_request_context():
        g.viewer = Viewer(user_id=None)
        [row] = rows_of([event], {}, {}, {})
    assert len(row.changes) == len(json.loads(event.changes or "{}"))
    changes_in_words(event)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-07-01 12:30:00.123+00:00", "1 July 2026 at 13:30"),
        ("2026-12-01T12:30:00+00:00", "1 December 2026 at 12:30"),
        ("soon", "soon"),
    ],
)
def test_a_moment_is_told_as_londons(text: str, shown: str) -> None:
    event = an_event(changes_text(None, {"accepted_at": text}))
    assert changes_in_words(event) == f"accepted at: {shown}"


def test_whom_a_request_was_about_is_told(app: Flask) -> None:
    event = AuditEvent(id=7, at=builders.NOW, event=Event.SIGN_IN_FAILED, subject="POST /login")
    with app.test_request_context():
        g.viewer = Viewer(user_id=None)
        [row] = rows_of([event], {2: "Gwen Talbot"}, {}, {7: [2, 3]})
    assert (row.on, row.of) == ("POST /login", "Gwen Talbot, U-0003")


@pytest.mark.parametrize("name", ["measure", "stage", "state", "x units"])
@pytest.mark.parametrize("text", ["C-0001", "2026-11-16", "venture O-0001"])
def test_a_field_of_text_is_told_as_it_is(name: str, text: str) -> None:
    event = an_event(changes_text(None, {name: text}))
    assert changes_in_words(event).endswith(f": {text}")
    assert changes_in_words(event).count(": ") == 1
