"""The things: every table, one file per noun."""

from chec.models.account import BANK, Account, AccountKey, AccountKind
from chec.models.audit_event import AuditEvent, AuditEventKind, Event
from chec.models.cause import Cause, TransferCause
from chec.models.centre import Centre
from chec.models.instrument import Instrument, InstrumentKind
from chec.models.job_run import JobRun, JobState
from chec.models.membership import Membership, Role
from chec.models.organisation import Organisation, OrganisationKind
from chec.models.quarter_close import QuarterClose
from chec.models.returns_run import ReturnsResult, ReturnsRun, Subject, Valuation
from chec.models.transfer import Transfer
from chec.models.user import User
from chec.models.venture import Stage, Venture

__all__ = [
    "BANK",
    "Account",
    "AccountKey",
    "AccountKind",
    "AuditEvent",
    "AuditEventKind",
    "Cause",
    "Centre",
    "Event",
    "Instrument",
    "InstrumentKind",
    "JobRun",
    "JobState",
    "Membership",
    "Organisation",
    "OrganisationKind",
    "QuarterClose",
    "ReturnsResult",
    "ReturnsRun",
    "Role",
    "Stage",
    "Subject",
    "Transfer",
    "TransferCause",
    "User",
    "Valuation",
    "Venture",
]
