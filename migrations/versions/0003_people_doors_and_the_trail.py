"""People, doors and the trail: second factors, sign-ins, invitations, payment requests, the chain."""

import json
import secrets
from datetime import UTC
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op
from append_only import protect, updates_let_through

revision = "0003"
down_revision = "0002"

EVENTS = (
    "signed out everywhere",
    "password changed",
    "password reset asked",
    "second factor set up",
    "second factor removed",
    "recovery codes made",
    "recovery code used",
    "passkey added",
    "passkey removed",
    "person invited",
    "invitation accepted",
    "invitation withdrawn",
    "membership ended",
    "account locked",
    "account unlocked",
    "payment limit set",
    "payment requested",
    "payment request approved",
    "payment request declined",
    "payment request withdrawn",
    "rate limited",
    "backed up",
    "restored",
    "trail head mailed",
    "password right, code asked for",
)


def upgrade() -> None:
    _add_second_factors()
    _make_sign_ins()
    _make_invitations()
    _let_a_membership_end_on_its_first_day()
    _make_payment_requests()
    events = sa.table("audit_event_kind", sa.column("code", sa.String()))
    op.bulk_insert(events, [{"code": code} for code in EVENTS])
    _chain_the_trail()

    protect("audit_subject", "event_id, subject")
    protect("payment_request", "id", "centre_id, idempotency_key")
    protect("payment_decision", "request_id")
    protect("payment_transfer", "transfer_id")


def _add_second_factors() -> None:
    for column in (
        sa.Column("fs_webauthn_user_handle", sa.String(), nullable=True),
        sa.Column("tf_primary_method", sa.String(), nullable=True),
        sa.Column("tf_totp_secret", sa.String(), nullable=True),
        sa.Column("tf_last_counter", sa.Integer(), nullable=True),
        sa.Column("mf_recovery_codes", sa.UnicodeText(), nullable=True),
        sa.Column("wrong_code_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_wrong_code_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("app_user", column)
    op.create_index(
        op.f("ix_app_user_fs_webauthn_user_handle"),
        "app_user",
        ["fs_webauthn_user_handle"],
        unique=True,
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("transports", sa.UnicodeText(), nullable=True),
        sa.Column("backup_state", sa.Boolean(), nullable=False),
        sa.Column("device_type", sa.String(), nullable=False),
        sa.Column("extensions", sa.String(), nullable=True),
        sa.Column("create_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastuse_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usage", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential_id"),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"], unique=False)


def _make_sign_ins() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "password",
                "password and code",
                "password and recovery code",
                "passkey",
                name="signinmethod",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_sign_in_user_id"), "sign_in", ["user_id"], unique=False)


def _make_invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "director",
                "investor",
                "commissioner",
                "provider team",
                "evaluator",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("for_centre_id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("venture_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_before", sa.Date(), nullable=True),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"]),
        sa.ForeignKeyConstraint(["for_centre_id"], ["centre.id"]),
        sa.ForeignKeyConstraint(["invited_by_id"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["venture_id"], ["venture.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(
        op.f("ix_invitation_for_centre_id"), "invitation", ["for_centre_id"], unique=False
    )


def _let_a_membership_end_on_its_first_day() -> None:
    with op.batch_alter_table("membership") as membership:
        membership.drop_constraint("ends_after_it_starts", type_="check")
        membership.create_check_constraint("ends_not_before_it_starts", "ends_before >= starts_on")


def _make_payment_requests() -> None:
    # Written out: SQLite adds a CHECK only with its column, and the table need not be rebuilt.
    op.execute(
        "ALTER TABLE centre ADD COLUMN payment_limit_pence BIGINT DEFAULT 0 NOT NULL"
        " CONSTRAINT limit_is_not_negative CHECK (payment_limit_pence >= 0)"
    )
    op.create_table(
        "payment_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "tranche",
                "distribution",
                "refund",
                "running cost",
                name="paymentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("venture_id", sa.Integer(), nullable=True),
        sa.Column("claim_id", sa.Integer(), nullable=True),
        sa.Column("payer_id", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("limit_pence", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'tranche' AND venture_id IS NOT NULL AND claim_id IS NULL AND payer_id IS NULL) OR (kind IN ('distribution', 'running cost') AND venture_id IS NULL AND claim_id IS NULL AND payer_id IS NULL) OR (kind = 'refund' AND venture_id IS NULL AND claim_id IS NOT NULL AND payer_id IS NOT NULL)",
            name="pays_what_the_kind_needs",
        ),
        sa.CheckConstraint("pence > 0", name="request_is_positive"),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"]),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]),
        sa.ForeignKeyConstraint(["payer_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["requested_by_id"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["venture_id", "centre_id"], ["venture.id", "venture.centre_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "idempotency_key"),
    )
    op.create_index(
        op.f("ix_payment_request_claim_id"), "payment_request", ["claim_id"], unique=False
    )
    op.create_index(
        op.f("ix_payment_request_venture_id"), "payment_request", ["venture_id"], unique=False
    )
    op.create_table(
        "payment_decision",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "within the limit",
                "approved",
                "declined",
                "withdrawn",
                name="paymentverdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by_id"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["payment_request.id"]),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_table(
        "payment_transfer",
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["payment_request.id"]),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"]),
        sa.PrimaryKeyConstraint("transfer_id"),
    )
    op.create_index(
        op.f("ix_payment_transfer_request_id"), "payment_transfer", ["request_id"], unique=False
    )


def _chain_the_trail() -> None:
    for column in (
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.String(), nullable=False, server_default=""),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False, server_default=""),
        sa.Column("previous_hash", sa.String(), nullable=False, server_default=""),
        sa.Column("hash", sa.String(), nullable=False, server_default=""),
    ):
        op.add_column("audit_event", column)
    op.create_index("audit_event_by_centre", "audit_event", ["centre_id", "id"], unique=False)
    op.create_index(op.f("ix_audit_event_hash"), "audit_event", ["hash"], unique=False)
    op.create_table(
        "audit_subject",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"]),
        sa.PrimaryKeyConstraint("event_id", "subject"),
    )
    op.create_index(op.f("ix_audit_subject_subject"), "audit_subject", ["subject"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("genesis", sa.String(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name="there_is_one_head"),
        sa.PrimaryKeyConstraint("id"),
    )
    genesis = secrets.token_hex(32)
    last_id, head = _hash_what_is_there(genesis)
    op.bulk_insert(
        sa.table("audit_head", *map(sa.column, ("id", "genesis", "last_id", "hash"))),
        [{"id": 1, "genesis": genesis, "last_id": last_id, "hash": head}],
    )


def _hash_what_is_there(genesis: str) -> tuple[int, str]:
    """The number and the hash of the last event that was recorded before there was a chain."""
    connection = op.get_bind()
    events = sa.table(
        "audit_event",
        sa.column("id", sa.Integer()),
        sa.column("at", sa.DateTime(timezone=True)),
        *map(sa.column, ("user_id", "acting_for", "event", "subject", "address", "detail")),
        *map(sa.column, ("previous_hash", "hash")),
    )
    told = (events.c[name] for name in _TOLD)
    rows = connection.execute(sa.select(*told).order_by(events.c.id)).mappings().all()
    head = genesis
    with updates_let_through("audit_event"):
        for number, row in enumerate(rows, 1):
            new: dict[str, Any] = {
                "id": number,
                "previous_hash": head,
                "hash": _hash(head, number, row),
            }
            connection.execute(sa.update(events).where(events.c.id == row["id"]).values(new))
            head = new["hash"]
    subjects = "INSERT INTO audit_subject SELECT id, subject FROM audit_event WHERE subject <> ''"
    op.execute(subjects)
    return len(rows), head


_TOLD = ("id", "at", "user_id", "acting_for", "event", "subject", "address", "detail")


def _hash(previous: str, number: int, row: Any) -> str:
    """As `chec/rules/audit_chain.py` had it when this was written."""
    at = row["at"] if row["at"].tzinfo else row["at"].replace(tzinfo=UTC)
    told = {
        **row,
        "id": number,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "about": [row["subject"]] if row["subject"] else [],
        "centre_id": None,
        "changes": "",
        "row_count": None,
        "content_hash": "",
        "previous": previous,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()
