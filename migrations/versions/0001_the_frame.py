"""The frame: people, ventures, the ledger, returns runs, the trail."""

import sqlalchemy as sa
from alembic import op
from append_only import protect

revision = "0001"
down_revision = None

CAUSES = (
    "drawdown",
    "grant",
    "tranche",
    "unspent returned",
    "running cost",
    "approval",
    "payment",
    "clawback",
    "refund",
    "given up",
    "venture stopped",
    "spin-out paid",
    "spin-out completed",
    "surplus kept",
    "surplus used",
    "distribution",
)
EVENTS = (
    "signed in",
    "sign-in failed",
    "signed out",
    "refused",
    "downloaded",
    "centre opened",
    "organisation added",
    "venture started",
    "instrument agreed",
    "user added",
    "membership given",
    "ledger imported",
    "transfer posted",
    "transfer reversed",
    "quarter closed",
    "returns requested",
    "returns computed",
)


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("fs_uniquifier"),
    )
    op.create_table(
        "audit_event_kind",
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "centre",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "commissioner",
                "local authority",
                "provider",
                "investor",
                "evaluator",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "transfer_cause",
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("acting_for", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"],
            ["audit_event_kind.code"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_table(
        "instrument",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("investor_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "grant",
                "loan",
                "revenue participation",
                "quasi-equity",
                name="instrumentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("committed_pence", sa.BigInteger(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("committed_pence > 0", name="committed_is_positive"),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["investor_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "reference"),
        sa.UniqueConstraint("id", "centre_id", name="instrument_in_its_centre"),
    )
    op.create_index(op.f("ix_instrument_investor_id"), "instrument", ["investor_id"], unique=False)
    op.create_table(
        "quarter_close",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("quarter_starts_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "quarter_starts_on"),
    )
    op.create_table(
        "returns_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method_version", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfer_count", sa.Integer(), nullable=False),
        sa.Column("last_transfer_id", sa.Integer(), nullable=False),
        sa.Column("raised_pence", sa.BigInteger(), nullable=False),
        sa.Column("funded_pence", sa.BigInteger(), nullable=False),
        sa.Column("earned_pence", sa.BigInteger(), nullable=False),
        sa.Column("paid_back_pence", sa.BigInteger(), nullable=False),
        sa.Column("running_cost_pence", sa.BigInteger(), nullable=False),
        sa.Column("receivable_pence", sa.BigInteger(), nullable=False),
        sa.Column("bank_pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("returns_run_of_centre", "returns_run", ["centre_id", "id"], unique=False)
    op.create_table(
        "venture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("care_model", sa.String(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "idea",
                "proof of concept",
                "pilot",
                "scale",
                "spin-out",
                "independent",
                "stopped",
                name="stage",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("stage_since_on", sa.Date(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "name"),
        sa.UniqueConstraint("id", "centre_id", name="venture_in_its_centre"),
    )
    op.create_index(op.f("ix_venture_provider_id"), "venture", ["provider_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bank",
                "investor capital",
                "investor return",
                "grant income",
                "venture funding",
                "outcome receivable",
                "outcome income",
                "operating cost",
                "manager's share",
                "spin-out proceeds",
                "write-off",
                "surplus reserve",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("venture_id", sa.Integer(), nullable=True),
        sa.Column("payer_id", sa.Integer(), nullable=True),
        sa.Column("investor_id", sa.Integer(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(instrument_id IS NOT NULL) = (kind IN ('investor capital', 'investor return'))",
            name="instrument_id_where_the_kind_needs_it",
        ),
        sa.CheckConstraint(
            "(investor_id IS NOT NULL) = (kind IN ('grant income', 'investor capital', 'investor return'))",
            name="investor_id_where_the_kind_needs_it",
        ),
        sa.CheckConstraint(
            "(payer_id IS NOT NULL) = (kind IN ('outcome receivable'))",
            name="payer_id_where_the_kind_needs_it",
        ),
        sa.CheckConstraint(
            "(venture_id IS NOT NULL) = (kind IN ('outcome income', 'outcome receivable', 'spin-out proceeds', 'venture funding', 'write-off'))",
            name="venture_id_where_the_kind_needs_it",
        ),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id", "centre_id"],
            ["instrument.id", "instrument.centre_id"],
        ),
        sa.ForeignKeyConstraint(
            ["investor_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venture_id", "centre_id"],
            ["venture.id", "venture.centre_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "centre_id", name="account_in_its_centre"),
    )
    op.create_index(op.f("ix_account_instrument_id"), "account", ["instrument_id"], unique=False)
    op.create_index(op.f("ix_account_investor_id"), "account", ["investor_id"], unique=False)
    op.create_index(op.f("ix_account_payer_id"), "account", ["payer_id"], unique=False)
    op.create_index(op.f("ix_account_venture_id"), "account", ["venture_id"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("lost_count", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("returns_run_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["returns_run_id"],
            ["returns_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job", "centre_id", "period"),
    )
    op.create_index(op.f("ix_job_run_centre_id"), "job_run", ["centre_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
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
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("venture_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_before", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(role IN ('director', 'evaluator', 'administrator') AND centre_id IS NOT NULL  AND organisation_id IS NULL AND venture_id IS NULL) OR (role IN ('investor', 'commissioner') AND organisation_id IS NOT NULL  AND centre_id IS NULL AND venture_id IS NULL) OR (role = 'provider team' AND venture_id IS NOT NULL  AND centre_id IS NULL AND organisation_id IS NULL)",
            name="acts_for_what_the_role_needs",
        ),
        sa.CheckConstraint("ends_before > starts_on", name="ends_after_it_starts"),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venture_id"],
            ["venture.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_membership_centre_id"), "membership", ["centre_id"], unique=False)
    op.create_index(
        op.f("ix_membership_organisation_id"), "membership", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_index(op.f("ix_membership_venture_id"), "membership", ["venture_id"], unique=False)
    op.create_table(
        "returns_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "centre",
                "venture",
                "investor",
                name="subject",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("venture_id", sa.Integer(), nullable=True),
        sa.Column("investor_id", sa.Integer(), nullable=True),
        sa.Column(
            "valuation",
            sa.Enum(
                "realised", name="valuation", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("committed_pence", sa.BigInteger(), nullable=True),
        sa.Column("paid_in_pence", sa.BigInteger(), nullable=False),
        sa.Column("distributed_pence", sa.BigInteger(), nullable=False),
        sa.Column("value_pence", sa.BigInteger(), nullable=False),
        sa.Column("irr_rate", sa.Float(), nullable=True),
        sa.Column("irr_reason", sa.String(), nullable=True),
        sa.Column("pic", sa.Float(), nullable=True),
        sa.Column("dpi", sa.Float(), nullable=True),
        sa.Column("rvpi", sa.Float(), nullable=True),
        sa.Column("tvpi", sa.Float(), nullable=True),
        sa.Column("payback_on", sa.Date(), nullable=True),
        sa.Column("first_flow_on", sa.Date(), nullable=True),
        sa.Column("flow_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["investor_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["returns_run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venture_id"],
            ["venture.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_returns_result_investor_id"), "returns_result", ["investor_id"], unique=False
    )
    op.create_index(
        op.f("ix_returns_result_venture_id"), "returns_result", ["venture_id"], unique=False
    )
    op.create_index(
        "returns_result_of_run", "returns_result", ["run_id", "subject", "venture_id"], unique=False
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("debit_account_id", sa.Integer(), nullable=False),
        sa.Column("credit_account_id", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.Column("corrects_quarter_on", sa.Date(), nullable=True),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        sa.CheckConstraint("pence > 0", name="pence_is_positive"),
        sa.ForeignKeyConstraint(
            ["cause"],
            ["transfer_cause.code"],
        ),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "centre_id"],
            ["account.id", "account.centre_id"],
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "centre_id"],
            ["account.id", "account.centre_id"],
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "idempotency_key"),
        sa.UniqueConstraint("reverses_id"),
    )
    op.create_index(
        "transfer_by_credit", "transfer", ["credit_account_id", "on", "id"], unique=False
    )
    op.create_index(
        "transfer_by_day",
        "transfer",
        [
            "centre_id",
            "on",
            "id",
            "debit_account_id",
            "credit_account_id",
            "pence",
            "cause",
            "recorded_at",
        ],
        unique=False,
    )
    op.create_index("transfer_by_debit", "transfer", ["debit_account_id", "on", "id"], unique=False)
    op.execute(
        "CREATE UNIQUE INDEX one_account_of_a_kind ON account (centre_id, kind,"
        " coalesce(venture_id, 0), coalesce(payer_id, 0),"
        " coalesce(investor_id, 0), coalesce(instrument_id, 0))"
    )
    _fill("transfer_cause", CAUSES)
    _fill("audit_event_kind", EVENTS)

    protect("transfer", "id", "centre_id, idempotency_key", "reverses_id")
    protect("transfer_cause", "code")
    protect("quarter_close", "id", "centre_id, quarter_starts_on")
    protect("returns_run", "id")
    protect("returns_result", "id")
    protect("audit_event", "id")
    protect("audit_event_kind", "code")


def _fill(table: str, codes: tuple[str, ...]) -> None:
    rows = [{"code": code} for code in codes]
    op.bulk_insert(sa.table(table, sa.column("code", sa.String())), rows)
