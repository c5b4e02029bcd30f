"""An audit event: who did what, acting for whom, when and from where. Never changed.

Events are a chain: each carries the hash of the one before, the last one's is in the head row
(`rules/audit_chain.py`).
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel


class Event(StrEnum):
    """What can be recorded. Each is a row of the reference table `audit_event_kind`."""

    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    REFUSED = "refused"
    DOWNLOADED = "downloaded"
    CENTRE_OPENED = "centre opened"
    ORGANISATION_ADDED = "organisation added"
    VENTURE_STARTED = "venture started"
    INSTRUMENT_AGREED = "instrument agreed"
    USER_ADDED = "user added"
    MEMBERSHIP_GIVEN = "membership given"
    LEDGER_IMPORTED = "ledger imported"
    TRANSFER_POSTED = "transfer posted"
    TRANSFER_REVERSED = "transfer reversed"
    QUARTER_CLOSED = "quarter closed"
    RETURNS_REQUESTED = "returns requested"
    RETURNS_COMPUTED = "returns computed"
    CONTRACT_IMPORTED = "contract imported"
    CLAIM_PREPARED = "claim prepared"
    COUNTS_ENTERED = "counts entered"
    RECORDS_UPLOADED = "records uploaded"
    RECORDS_REMOVED = "records removed"
    CLAIM_DISCARDED = "claim discarded"
    CLAIM_SUBMITTED = "claim submitted"
    CLAIM_WITHDRAWN = "claim withdrawn"
    CLAIM_DECIDED = "claim decided"
    PAYMENT_RECORDED = "payment recorded"
    PAYMENT_RETURNED = "payment returned"
    PAYMENT_UNDONE = "payment undone"
    OUTCOME_CLAWED_BACK = "outcome clawed back"
    FUNDING_AGREED = "funding agreed"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    PASSWORD_CHANGED = "password changed"  # noqa: S105  an event, not a password
    PASSWORD_RESET_ASKED = "password reset asked"  # noqa: S105
    SECOND_FACTOR_SET_UP = "second factor set up"
    SECOND_FACTOR_REMOVED = "second factor removed"
    RECOVERY_CODES_MADE = "recovery codes made"
    RECOVERY_CODE_USED = "recovery code used"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    PERSON_INVITED = "person invited"
    INVITATION_ACCEPTED = "invitation accepted"
    INVITATION_WITHDRAWN = "invitation withdrawn"
    MEMBERSHIP_ENDED = "membership ended"
    ACCOUNT_LOCKED = "account locked"
    ACCOUNT_UNLOCKED = "account unlocked"
    PAYMENT_LIMIT_SET = "payment limit set"
    PAYMENT_REQUESTED = "payment requested"
    PAYMENT_REQUEST_APPROVED = "payment request approved"
    PAYMENT_REQUEST_DECLINED = "payment request declined"
    PAYMENT_REQUEST_WITHDRAWN = "payment request withdrawn"
    RATE_LIMITED = "rate limited"
    BACKED_UP = "backed up"
    RESTORED = "restored"
    TRAIL_HEAD_MAILED = "trail head mailed"
    CODE_ASKED_FOR = "password right, code asked for"


class AuditEventKind(SQLModel, table=True):
    __tablename__ = "audit_event_kind"

    code: str = Field(primary_key=True)


class AuditEvent(SQLModel, table=True):
    """`id` is the place in the chain: 1, 2, 3, … without a gap.

    `subject` is a reference (`T-0042`) or a path. `changes` is JSON of field to [before, after], or
    empty. A bulk job has the `row_count` of what it stored and a hash of it. None of these holds
    personal data.
    """

    __tablename__ = "audit_event"
    # The newest events of a centre, without sorting all it ever had.
    __table_args__ = (Index("audit_event_by_centre", "centre_id", "id"),)

    id: int = Field(primary_key=True)
    at: datetime = Field(index=True)
    user_id: int | None = Field(default=None, foreign_key="app_user.id")
    acting_for: str = ""
    event: str = Field(foreign_key="audit_event_kind.code")
    subject: str = ""
    address: str = ""
    detail: str = ""
    centre_id: int | None = None
    changes: str = ""
    row_count: int | None = None
    content_hash: str = ""
    previous_hash: str = ""
    hash: str = Field(default="", index=True)


class AuditSubject(SQLModel, table=True):
    """What an event is about: its subject, and whatever else's history it belongs to."""

    __tablename__ = "audit_subject"

    event_id: int = Field(foreign_key="audit_event.id", primary_key=True)
    subject: str = Field(primary_key=True, index=True)


class AuditHead(SQLModel, table=True):
    """The one row that says where the chain ends.

    `genesis` stands for the hash before the first event: random, so that it tells databases apart.
    """

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_head"),)

    id: int = Field(default=1, primary_key=True)
    genesis: str
    last_id: int
    hash: str
