"""From a contract to a claim to cash: contracts, claims, decisions, prudent value."""

import sqlalchemy as sa
from alembic import op
from append_only import freeze, protect

revision = "0002"
down_revision = "0001"

EVENTS = (
    "contract imported",
    "claim prepared",
    "counts entered",
    "records uploaded",
    "records removed",
    "claim discarded",
    "claim submitted",
    "claim withdrawn",
    "claim decided",
    "payment recorded",
    "payment returned",
    "payment undone",
    "outcome clawed back",
    "funding agreed",
)


def upgrade() -> None:
    _make_contracts()
    _make_claims()
    _make_decisions()
    _make_funding_agreements()
    _add_prudent_value()
    events = sa.table("audit_event_kind", sa.column("code", sa.String()))
    op.bulk_insert(events, [{"code": code} for code in EVENTS])

    protect("contract_version", "id", "contract_id, number")
    protect("contract_payer", "contract_id, payer_id", "contract_id, named")
    protect("claim_removal", "id")
    protect("claim_share", "id", "claim_id, measure, financial_year, payer_id")
    protect("record_share", "record_id, payer_id")
    protect("claim_decision", "id", "part_id", "transfer_id")
    protect("decision_line", "id", "decision_id, line_id")
    protect("claim_payment", "id", "transfer_id")
    protect("clawback", "id", "part_id, record_id", "transfer_id")
    protect("funding_agreement", "id", "centre_id, idempotency_key")
    freeze("claim_line", "payable_pence")
    freeze("claim_record", "payable_pence")


def _make_contracts() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "reference"),
        sa.UniqueConstraint("id", "centre_id", name="contract_in_its_centre"),
    )
    op.create_table(
        "contract_payer",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("contract_id", "payer_id"),
        sa.UniqueConstraint("contract_id", "named"),
    )
    op.create_index(
        op.f("ix_contract_payer_payer_id"), "contract_payer", ["payer_id"], unique=False
    )
    op.create_table(
        "contract_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contract_id", "number"),
    )
    op.create_table(
        "measure_use",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("held_units", sa.Integer(), nullable=False),
        sa.Column("accepted_units", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
        ),
        sa.PrimaryKeyConstraint("contract_id", "measure"),
    )
    op.create_table(
        "payer_use",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("financial_year", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("held_pence", sa.BigInteger(), nullable=False),
        sa.Column("accepted_pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("contract_id", "measure", "financial_year", "payer_id"),
    )


def _make_claims() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("venture_id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_before", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "paid",
                "rejected",
                "withdrawn",
                name="claimstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("prepared_by_id", sa.Integer(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gross_pence", sa.BigInteger(), nullable=True),
        sa.Column("payable_pence", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'draft') = (payable_pence IS NULL)", name="valued_once_submitted"
        ),
        sa.CheckConstraint("ends_before > starts_on", name="period_has_days"),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contract_id", "centre_id"],
            ["contract.id", "contract.centre_id"],
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venture_id", "centre_id"],
            ["venture.id", "venture.centre_id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["contract_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("claim_by_state", "claim", ["centre_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_claim_contract_id"), "claim", ["contract_id"], unique=False)
    op.create_index(op.f("ix_claim_venture_id"), "claim", ["venture_id"], unique=False)
    op.create_table(
        "claim_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "counts",
                "records",
                name="linebasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("taken_units", sa.Integer(), nullable=True),
        sa.Column("gross_pence", sa.BigInteger(), nullable=True),
        sa.Column("payable_pence", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claim.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id", "measure"),
    )
    op.create_table(
        "claim_removal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "evidence",
                "chain",
                "person",
                "measure",
                "period",
                "contract",
                "payer",
                name="removalstep",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("measure", sa.String(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claim.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_claim_removal_claim_id"), "claim_removal", ["claim_id"], unique=False)
    op.create_table(
        "claim_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("financial_year", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claim.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id", "measure", "financial_year", "payer_id"),
    )
    op.create_table(
        "claim_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("achieved_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("gross_pence", sa.BigInteger(), nullable=True),
        sa.Column("payable_pence", sa.BigInteger(), nullable=True),
        sa.Column(
            "removed_at",
            sa.Enum(
                "evidence",
                "chain",
                "person",
                "measure",
                "period",
                "contract",
                "payer",
                name="removalstep",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("why_removed", sa.String(), nullable=False),
        sa.Column("follows_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["follows_id"],
            ["claim_record.id"],
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["claim_line.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("claim_record_of_person", "claim_record", ["person", "line_id"], unique=False)
    op.create_index(
        op.f("ix_claim_record_follows_id"), "claim_record", ["follows_id"], unique=False
    )
    op.create_index(op.f("ix_claim_record_line_id"), "claim_record", ["line_id"], unique=False)
    op.create_table(
        "record_share",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["claim_record.id"],
        ),
        sa.PrimaryKeyConstraint("record_id", "payer_id"),
    )


def _make_decisions() -> None:
    op.create_table(
        "claim_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("asked_pence", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "approved",
                "part-approved",
                "rejected",
                "withdrawn",
                name="partstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("decide_by_on", sa.Date(), nullable=True),
        sa.Column("approved_pence", sa.BigInteger(), nullable=False),
        sa.Column("clawed_back_pence", sa.BigInteger(), nullable=False),
        sa.Column("paid_pence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "approved_pence BETWEEN 0 AND asked_pence", name="approved_at_most_what_was_asked"
        ),
        sa.CheckConstraint(
            "clawed_back_pence BETWEEN 0 AND approved_pence", name="clawed_back_at_most_approved"
        ),
        sa.CheckConstraint("paid_pence >= 0", name="paid_is_not_below_zero"),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claim.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id", "payer_id"),
    )
    op.create_index(
        "claim_part_by_state",
        "claim_part",
        [
            "payer_id",
            "state",
            "asked_on",
            "id",
            "decide_by_on",
            "asked_pence",
            "approved_pence",
        ],
        unique=False,
    )
    op.create_table(
        "claim_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "approved",
                "part-approved",
                "rejected",
                "withdrawn",
                name="partstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("approved_pence", sa.BigInteger(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("transfer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["part_id"],
            ["claim_part.id"],
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("part_id"),
        sa.UniqueConstraint("transfer_id"),
    )
    op.create_table(
        "claim_payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"],
            ["claim_part.id"],
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("transfer_id"),
    )
    op.create_table(
        "clawback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("financial_year", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("clawed_back_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("transfer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["claim_line.id"],
        ),
        sa.ForeignKeyConstraint(
            ["part_id"],
            ["claim_part.id"],
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["claim_record.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("part_id", "record_id"),
        sa.UniqueConstraint("transfer_id"),
    )
    op.create_table(
        "decision_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason_code",
            sa.Enum(
                "evidence missing",
                "outcome not achieved",
                "outside the cohort",
                "claimed before",
                "not in the contract",
                "other",
                name="rejectionreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("reason_code IS NULL OR pence = 0", name="rejected_is_worth_nothing"),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["claim_decision.id"],
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["claim_line.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("decision_id", "line_id"),
    )
    op.create_index(op.f("ix_claim_payment_part_id"), "claim_payment", ["part_id"], unique=False)
    op.create_index(op.f("ix_clawback_line_id"), "clawback", ["line_id"], unique=False)
    op.create_index(op.f("ix_clawback_part_id"), "clawback", ["part_id"], unique=False)
    op.create_index(op.f("ix_decision_line_line_id"), "decision_line", ["line_id"], unique=False)


def _make_funding_agreements() -> None:
    op.create_table(
        "funding_agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("venture_id", sa.Integer(), nullable=False),
        sa.Column("promised_pence", sa.BigInteger(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("milestones", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.CheckConstraint("promised_pence > 0", name="promised_is_positive"),
        sa.ForeignKeyConstraint(
            ["centre_id"],
            ["centre.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venture_id", "centre_id"],
            ["venture.id", "venture.centre_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("centre_id", "idempotency_key"),
    )
    op.create_index(
        op.f("ix_funding_agreement_venture_id"), "funding_agreement", ["venture_id"], unique=False
    )


def _add_prudent_value() -> None:
    op.add_column(
        "returns_result", sa.Column("prudent_value_pence", sa.BigInteger(), nullable=True)
    )
    op.add_column("returns_result", sa.Column("prudent_irr_rate", sa.Float(), nullable=True))
    op.add_column("returns_result", sa.Column("prudent_irr_reason", sa.String(), nullable=True))
    op.add_column("returns_result", sa.Column("prudent_rvpi", sa.Float(), nullable=True))
    op.add_column("returns_result", sa.Column("prudent_tvpi", sa.Float(), nullable=True))
    op.add_column("returns_run", sa.Column("approved_pence", sa.BigInteger(), nullable=True))
    op.add_column("returns_run", sa.Column("clawed_back_pence", sa.BigInteger(), nullable=True))
    op.add_column("returns_run", sa.Column("surplus_reserve_pence", sa.BigInteger(), nullable=True))
    op.add_column("returns_run", sa.Column("owed_to_payers_pence", sa.BigInteger(), nullable=True))
    op.add_column(
        "returns_run", sa.Column("expected_clawback_pence", sa.BigInteger(), nullable=True)
    )
    op.add_column("returns_run", sa.Column("promised_pence", sa.BigInteger(), nullable=True))
    op.add_column("returns_run", sa.Column("undecided_pence", sa.BigInteger(), nullable=True))
    op.add_column(
        "returns_run", sa.Column("all_approved_value_pence", sa.BigInteger(), nullable=True)
    )
    op.add_column("returns_run", sa.Column("all_approved_irr_rate", sa.Float(), nullable=True))
    op.add_column("returns_run", sa.Column("all_approved_irr_reason", sa.String(), nullable=True))
    op.add_column("returns_run", sa.Column("all_approved_tvpi", sa.Float(), nullable=True))
