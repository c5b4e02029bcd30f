"""Records of a draft: added from a file, all of it or nothing, and removed by measure."""

import json
from collections import Counter

from sqlalchemy import delete, insert
from sqlmodel import Session, col

from chec.actions.claim_trail import record_of_claim
from chec.actions.claims import lock_to_fill
from chec.errors import RuleBroken
from chec.models import Claim, ClaimLine, ClaimRecord, Event, LineBasis
from chec.permissions import Actor
from chec.queries.claim_uploads import read_upload
from chec.queries.claims import list_lines
from chec.rules.audit_chain import content_hash_of
from chec.rules.claim_upload import in_words


def upload_records(session: Session, actor: Actor, claim: Claim, data: bytes) -> int:
    """Add the records of a file to those of a draft; how many they are.

    Raises RuleBroken, with everything wrong by line and column; nothing is added then.
    """
    contract = lock_to_fill(session, actor, claim)
    upload = read_upload(session, contract, claim, data)
    if upload.faults:
        raise RuleBroken(in_words(upload.faults))
    lines = _lines_for(session, claim, Counter(record.measure for record in upload.records))
    rows = [
        {
            "line_id": lines[record.measure],
            "person": record.person,
            "achieved_on": record.achieved_on,
            "evidence": record.evidence or "",
            "value": None if record.value is None else str(record.value),
        }
        for record in upload.records
    ]
    session.execute(insert(ClaimRecord), rows)
    record_of_claim(
        session,
        actor,
        Event.RECORDS_UPLOADED,
        claim,
        row_count=len(rows),
        content_hash=content_hash_of(json.dumps(list(row.values()), default=str) for row in rows),
    )
    return len(rows)


def remove_records(session: Session, actor: Actor, claim: Claim, line: ClaimLine) -> None:
    """Remove all records of a line of a draft; the line stays, for records only."""
    lock_to_fill(session, actor, claim)
    session.refresh(line)
    session.execute(delete(ClaimRecord).where(col(ClaimRecord.line_id) == line.id))
    before = {f"{line.measure} units": line.units}
    line.units = 0 if line.basis is LineBasis.RECORDS else line.units
    session.add(line)
    session.flush()
    after = {f"{line.measure} units": line.units}
    record_of_claim(session, actor, Event.RECORDS_REMOVED, claim, before=before, after=after)


def _lines_for(session: Session, claim: Claim, added: Counter[str]) -> dict[str, int]:
    """The keys of the lines by measure, each with so many more units."""
    lines = {line.measure: line for line in list_lines(session, claim)}
    for measure, units in added.items():
        line = lines.get(measure)
        if line is None:
            line = lines[measure] = ClaimLine(
                claim_id=claim.id, measure=measure, basis=LineBasis.RECORDS, units=0
            )
        line.units += units
        session.add(line)
    session.flush()
    return {measure: line.id for measure, line in lines.items()}
