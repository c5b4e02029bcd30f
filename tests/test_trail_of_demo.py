"""What the demo's trail holds, and what it must not."""

import json
import re
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

import chec
from chec.models import (
    AuditEvent,
    AuditSubject,
    Claim,
    ClaimRecord,
    Contract,
    Event,
    FundingAgreement,
    Instrument,
    Transfer,
    User,
    Venture,
)
from chec.models.references import reference
from chec.queries.audit_chain import find_break

OF_PEOPLE = {Event.USER_ADDED, Event.SIGNED_IN, Event.SIGNED_OUT}
"""What belongs to no centre, and changes nothing that may be told."""
OF_ORGANISATIONS = {Event.MEMBERSHIP_GIVEN}
"""What belongs to no centre while the organisation deals with none yet, or with several."""


@pytest.fixture
def events(demo_session: Session) -> list[AuditEvent]:
    found = list(demo_session.exec(select(AuditEvent).order_by(col(AuditEvent.id))))
    assert len(found) > 800
    return found


def text_of(event: AuditEvent) -> str:
    return " ".join(str(value) for value in event.model_dump().values())


@pytest.mark.backend("sqlite")
def test_every_change_says_at_which_centre_and_what_changed(events: list[AuditEvent]) -> None:
    for event in events:
        if event.event in OF_PEOPLE:
            continue
        assert event.centre_id or event.event in OF_ORGANISATIONS, text_of(event)
        assert event.changes or event.row_count is not None, text_of(event)
        for pair in json.loads(event.changes or "{}").values():
            assert len(pair) == 2
            assert pair[0] != pair[1]


@pytest.mark.backend("sqlite")
def test_no_event_holds_anything_personal(demo_session: Session, events: list[AuditEvent]) -> None:
    secret: set[str] = set()
    for user in demo_session.exec(select(User)):
        secret |= {user.name, user.email, user.password, user.fs_uniquifier}
        secret |= {part for part in user.name.split() if len(part) > 3}
    for record in demo_session.exec(select(ClaimRecord)):
        secret.add(record.person)
        secret |= {record.evidence} if len(record.evidence) > 3 else set()
    texts = [transfer.memo for transfer in demo_session.exec(select(Transfer))]
    texts += [each.milestones for each in demo_session.exec(select(FundingAgreement))]
    texts += [venture.care_model for venture in demo_session.exec(select(Venture))]
    secret |= {text for text in texts if len(text) > 8}
    told = "\n".join(text_of(event) for event in events)
    subjects = "\n".join(demo_session.exec(select(AuditSubject.subject)))
    found = {text for text in secret if re.search(rf"\b{re.escape(text)}\b", told + subjects)}
    assert not found


@pytest.mark.backend("sqlite")
def test_all_that_was_done_to_a_thing_stands_in_its_history(demo_session: Session) -> None:
    about = {
        (subject, kind)
        for subject, kind in demo_session.exec(
            select(AuditSubject.subject, AuditEvent.event).join(
                AuditEvent, col(AuditEvent.id) == AuditSubject.event_id
            )
        )
    }
    for claim in demo_session.exec(select(Claim)):
        for noun, key in (
            ("claim", claim.id),
            ("contract", claim.contract_id),
            ("venture", claim.venture_id),
        ):
            assert (reference(noun, key), Event.CLAIM_PREPARED) in about
            if claim.submitted_on:
                assert (reference(noun, key), Event.CLAIM_SUBMITTED) in about
    for contract in demo_session.exec(select(Contract)):
        assert (reference("contract", contract.id), Event.CONTRACT_IMPORTED) in about
    for instrument in demo_session.exec(select(Instrument)):
        investor = reference("organisation", instrument.investor_id)
        assert (investor, Event.INSTRUMENT_AGREED) in about
        assert (investor, Event.TRANSFER_POSTED) in about
    for venture in demo_session.exec(select(Venture)):
        assert (reference("venture", venture.id), Event.VENTURE_STARTED) in about
    for transfer in demo_session.exec(select(Transfer)):
        assert {kind for subject, kind in about if subject == reference("transfer", transfer.id)}


def test_the_trail_of_the_demo_is_whole(demo_session: Session) -> None:
    assert find_break(demo_session) is None


def test_every_kind_of_event_is_recorded_somewhere() -> None:
    folder = Path(chec.__file__).parent
    code = "\n".join(
        path.read_text()
        for path in folder.rglob("*.py")
        if not {"models", "queries"} & set(path.relative_to(folder).parts)
    )
    never = {event.name for event in Event if f"Event.{event.name}" not in code}
    assert not never
