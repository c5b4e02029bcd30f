"""An audit event: who did what, acting for whom, when and from where. Never changed."""

from datetime import datetime
from enum import StrEnum

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


class AuditEventKind(SQLModel, table=True):
    __tablename__ = "audit_event_kind"

    code: str = Field(primary_key=True)


class AuditEvent(SQLModel, table=True):
    """`subject` is a reference (`T-0042`) or a path; `detail` holds no personal data."""

    __tablename__ = "audit_event"

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    user_id: int | None = Field(default=None, foreign_key="app_user.id")
    acting_for: str = ""
    event: str = Field(foreign_key="audit_event_kind.code")
    subject: str = ""
    address: str = ""
    detail: str = ""
