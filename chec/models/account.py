"""An account of a centre's ledger. Its balance is never stored: it is the sum of its transfers."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlmodel import Field, SQLModel, col

from chec.models import columns


class AccountKind(StrEnum):
    BANK = "bank"
    INVESTOR_CAPITAL = "investor capital"
    INVESTOR_RETURN = "investor return"
    GRANT_INCOME = "grant income"
    VENTURE_FUNDING = "venture funding"
    OUTCOME_RECEIVABLE = "outcome receivable"
    OUTCOME_INCOME = "outcome income"
    OPERATING_COST = "operating cost"
    MANAGERS_SHARE = "manager's share"
    SPIN_OUT_PROCEEDS = "spin-out proceeds"
    WRITE_OFF = "write-off"
    SURPLUS_RESERVE = "surplus reserve"


OF_A_VENTURE = frozenset(
    {
        AccountKind.VENTURE_FUNDING,
        AccountKind.OUTCOME_RECEIVABLE,
        AccountKind.OUTCOME_INCOME,
        AccountKind.SPIN_OUT_PROCEEDS,
        AccountKind.WRITE_OFF,
    }
)
OF_A_PAYER = frozenset({AccountKind.OUTCOME_RECEIVABLE})
OF_AN_INSTRUMENT = frozenset({AccountKind.INVESTOR_CAPITAL, AccountKind.INVESTOR_RETURN})
OF_AN_INVESTOR = OF_AN_INSTRUMENT | {AccountKind.GRANT_INCOME}


@dataclass(frozen=True)
class AccountKey:
    """What tells one account of a centre from another."""

    kind: AccountKind
    venture_id: int | None = None
    payer_id: int | None = None
    investor_id: int | None = None
    instrument_id: int | None = None


BANK = AccountKey(AccountKind.BANK)


def _exactly(column: str, kinds: frozenset[AccountKind]) -> CheckConstraint:
    listed = ", ".join(f"'{kind.value}'" for kind in sorted(kinds))
    return CheckConstraint(
        f"({column} IS NOT NULL) = (kind IN ({listed}))", name=f"{column}_where_the_kind_needs_it"
    )


class Account(SQLModel, table=True):
    __table_args__ = (
        _exactly("venture_id", OF_A_VENTURE),
        _exactly("payer_id", OF_A_PAYER),
        _exactly("instrument_id", OF_AN_INSTRUMENT),
        _exactly("investor_id", OF_AN_INVESTOR),
        UniqueConstraint("id", "centre_id", name="account_in_its_centre"),
        ForeignKeyConstraint(["venture_id", "centre_id"], ["venture.id", "venture.centre_id"]),
        ForeignKeyConstraint(
            ["instrument_id", "centre_id"], ["instrument.id", "instrument.centre_id"]
        ),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    kind: AccountKind = columns.enum(AccountKind)
    venture_id: int | None = Field(default=None, index=True)
    payer_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    investor_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    instrument_id: int | None = Field(default=None, index=True)


# One account of a kind for the same venture, payer and instrument. NULLs differ in a plain UNIQUE.
Index(
    "one_account_of_a_kind",
    col(Account.centre_id),
    col(Account.kind),
    func.coalesce(Account.venture_id, 0),
    func.coalesce(Account.payer_id, 0),
    func.coalesce(Account.investor_id, 0),
    func.coalesce(Account.instrument_id, 0),
    unique=True,
)
