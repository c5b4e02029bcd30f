"""The things: every table, one file per noun."""

from chec.models.account import BANK, Account, AccountKey, AccountKind
from chec.models.audit_event import AuditEvent, AuditEventKind, AuditHead, AuditSubject, Event
from chec.models.cause import Cause, TransferCause
from chec.models.centre import Centre
from chec.models.claim import (
    Claim,
    ClaimLine,
    ClaimRemoval,
    ClaimShare,
    ClaimState,
    LineBasis,
    RemovalStep,
)
from chec.models.claim_decision import (
    ClaimDecision,
    ClaimPart,
    ClaimPayment,
    Clawback,
    DecisionLine,
    PartState,
    RejectionReason,
)
from chec.models.claim_record import ClaimRecord, RecordShare
from chec.models.contract import Contract, ContractPayer, ContractVersion
from chec.models.contract_use import MeasureUse, PayerUse
from chec.models.funding_agreement import FundingAgreement
from chec.models.instrument import Instrument, InstrumentKind
from chec.models.invitation import Invitation
from chec.models.job_run import JobRun, JobState
from chec.models.membership import Membership, Role
from chec.models.organisation import Organisation, OrganisationKind
from chec.models.payment_request import (
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
)
from chec.models.quarter_close import QuarterClose
from chec.models.returns_run import ReturnsResult, ReturnsRun, Subject, Valuation
from chec.models.sign_in import SignIn, SignInMethod
from chec.models.transfer import Transfer
from chec.models.user import Passkey, User
from chec.models.venture import Stage, Venture

__all__ = [
    "BANK",
    "Account",
    "AccountKey",
    "AccountKind",
    "AuditEvent",
    "AuditEventKind",
    "AuditHead",
    "AuditSubject",
    "Cause",
    "Centre",
    "Claim",
    "ClaimDecision",
    "ClaimLine",
    "ClaimPart",
    "ClaimPayment",
    "ClaimRecord",
    "ClaimRemoval",
    "ClaimShare",
    "ClaimState",
    "Clawback",
    "Contract",
    "ContractPayer",
    "ContractVersion",
    "DecisionLine",
    "Event",
    "FundingAgreement",
    "Instrument",
    "InstrumentKind",
    "Invitation",
    "JobRun",
    "JobState",
    "LineBasis",
    "MeasureUse",
    "Membership",
    "Organisation",
    "OrganisationKind",
    "PartState",
    "Passkey",
    "PayerUse",
    "PaymentDecision",
    "PaymentKind",
    "PaymentRequest",
    "PaymentTransfer",
    "PaymentVerdict",
    "QuarterClose",
    "RecordShare",
    "RejectionReason",
    "RemovalStep",
    "ReturnsResult",
    "ReturnsRun",
    "Role",
    "SignIn",
    "SignInMethod",
    "Stage",
    "Subject",
    "Transfer",
    "TransferCause",
    "User",
    "Valuation",
    "Venture",
]
