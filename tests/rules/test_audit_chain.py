"""The chain of the audit trail."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.models import ClaimState
from chec.rules.audit_chain import (
    Break,
    Kept,
    Link,
    changes_text,
    content_hash_of,
    first_break,
    link_hash,
    read_moment,
)

GENESIS = "0" * 64
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
LINK = Link(
    id=1,
    at=NOON,
    user_id=7,
    acting_for="director of C-0001",
    event="transfer posted",
    subject="T-0001",
    about=("O-0003", "T-0001"),
    centre_id=1,
    address="192.0.2.1",
    detail="",
    changes='{"pence":[null,100]}',
    row_count=None,
    content_hash="",
)


def a_chain(count: int) -> list[Kept]:
    chain: list[Kept] = []
    previous = GENESIS
    for number in range(1, count + 1):
        link = LINK._replace(id=number, subject=f"T-{number:04d}")
        chain.append(Kept(link, previous, link_hash(previous, link)))
        previous = chain[-1].hash
    return chain


def broken(chain: list[Kept], head_id: int = 5) -> Break | None:
    return first_break(GENESIS, chain, head_id=head_id, head_hash=a_chain(head_id)[-1].hash)


def test_a_hash_is_what_it_always_was() -> None:
    told = "0ed1d2ad902e7ed6"
    assert link_hash(GENESIS, LINK).startswith(told)


def test_a_hash_is_over_the_event_as_canonical_json() -> None:
    text = (
        '{"about":["O-0003","T-0001"],"acting_for":"director of C-0001","address":"192.0.2.1",'
        '"at":"2026-11-16T12:00:00.000000+00:00","centre_id":1,'
        '"changes":"{\\"pence\\":[null,100]}","content_hash":"","detail":"",'
        '"event":"transfer posted","id":1,"previous":"' + GENESIS + '","row_count":null,'
        '"subject":"T-0001","user_id":7}'
    )
    assert link_hash(GENESIS, LINK) == sha256(text.encode()).hexdigest()


def test_a_moment_is_the_same_in_every_time_zone() -> None:
    elsewhere = LINK._replace(at=NOON.astimezone(timezone(timedelta(hours=5))))
    assert link_hash(GENESIS, elsewhere) == link_hash(GENESIS, LINK)


@given(
    name=st.sampled_from(Link._fields),
    text=st.text(max_size=5),
    number=st.none() | st.integers(-9, 9),
    seconds=st.integers(-9, 9),
)
def test_no_field_changes_without_the_hash(
    name: str, text: str, number: int | None, seconds: int
) -> None:
    was = getattr(LINK, name)
    value: object = text if isinstance(was, str) else number
    if isinstance(was, datetime):
        value = was + timedelta(microseconds=seconds)
    if isinstance(was, tuple):
        value = tuple(text)
    changed = Link(**{**LINK._asdict(), name: value})
    assert (link_hash(GENESIS, changed) == link_hash(GENESIS, LINK)) is (changed == LINK)


def test_a_whole_chain_has_no_break() -> None:
    assert broken(a_chain(5)) is None
    assert first_break(GENESIS, [], head_id=0, head_hash=GENESIS) is None


def test_a_changed_event_is_named() -> None:
    chain = a_chain(5)
    chain[2] = chain[2]._replace(link=chain[2].link._replace(acting_for="nobody"))
    assert broken(chain) == Break(3, "It was changed: what it says no longer gives its hash.")


def test_a_rewritten_event_is_named_by_the_one_after_it() -> None:
    chain = a_chain(5)
    link = chain[2].link._replace(acting_for="nobody")
    chain[2] = Kept(link, chain[2].previous_hash, link_hash(chain[2].previous_hash, link))
    assert broken(chain) == Break(
        4, "It does not follow event 3: the hash that it carries is another's."
    )


def test_a_chain_rewritten_to_its_end_is_told_from_its_head() -> None:
    chain, previous = a_chain(5), GENESIS
    for place, each in enumerate(chain):
        link = each.link._replace(acting_for="nobody")
        chain[place] = Kept(link, previous, link_hash(previous, link))
        previous = chain[place].hash
    assert broken(chain) == Break(
        5, "The head of the trail says another hash than this, its last event."
    )


@pytest.mark.parametrize(
    ("left_out", "number", "why"),
    [
        (1, 2, "Event 1 is not there: after 0 comes this one."),
        (3, 4, "Event 3 is not there: after 2 comes this one."),
        (5, 5, "It is not there: the trail once reached event 5."),
    ],
)
def test_an_event_left_out_is_missed(left_out: int, number: int, why: str) -> None:
    chain = a_chain(5)
    del chain[left_out - 1]
    assert broken(chain) == Break(number, why)


def test_an_event_put_in_at_the_end_or_before_the_beginning_is_named() -> None:
    assert broken(a_chain(6)) == Break(
        6, "It stands after the head of the trail, which is event 5."
    )
    stranger = Kept(LINK._replace(id=0), "", "")
    assert broken([stranger, *a_chain(5)]) == Break(
        0, "It does not belong there: the trail begins with event 1."
    )


def test_a_chain_of_another_database_does_not_begin_here() -> None:
    found = first_break("1" * 64, a_chain(2), head_id=2, head_hash=a_chain(2)[-1].hash)
    assert found == Break(1, "It does not begin this trail: the hash that it carries is another's.")


def test_an_empty_trail_ends_where_it_begins() -> None:
    found = first_break(GENESIS, [], head_id=0, head_hash="1" * 64)
    assert found == Break(0, "The head of the trail, which has no event, says another hash.")


def test_what_changed_is_told_field_by_field() -> None:
    told = changes_text(
        {"state": ClaimState.DRAFT, "pence": 5, "same": 1},
        {"state": ClaimState.SUBMITTED, "pence": None, "same": 1, "on": date(2026, 11, 16)},
    )
    assert json.loads(told) == {
        "state": ["draft", "submitted"],
        "pence": [5, None],
        "on": [None, "2026-11-16"],
    }


def test_what_did_not_change_is_nothing() -> None:
    assert changes_text({"state": "draft"}, {"state": "draft"}) == changes_text(None, None) == ""


def test_lines_are_told_apart_in_a_content_hash() -> None:
    assert content_hash_of(["a", "b"]) != content_hash_of(["ab"])
    assert content_hash_of(["a", "b"]) == sha256(b"a\nb\n").hexdigest()


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-11-16", "2026-11-16T12:00:00.000000", "2026-11-16 12:00:00+00:00"],
)
def test_a_moment_that_was_not_written_by_us_is_none(text: str) -> None:
    assert read_moment("2026-11-16 12:00:00.000000") == NOON
    assert read_moment(text).year == 1
