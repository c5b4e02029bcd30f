"""Who may do what: one table, closed by default.

**Role** is asked at the door (`@needs(Action.REVERSE_TRANSFER)` against `MAY`), **row** in the
query (`viewer.centres(Action.VIEW_LEDGER)` and its sisters), **state** in the rule
(`reasons_not_to_…`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from chec.errors import NotAllowed
from chec.models import Role
from chec.models.references import reference


class Action(StrEnum):
    VIEW_PORTFOLIO = "view the portfolio"
    VIEW_VENTURE = "view a venture"
    VIEW_INVESTOR = "view an investor's position"
    VIEW_PAYER = "view what a payer has paid"
    VIEW_PUBLISHED_OUTCOMES = "view published outcomes"
    VIEW_LEDGER = "view the ledger"
    VIEW_TRANSFER = "view a transfer"
    REVERSE_TRANSFER = "reverse a transfer"
    CLOSE_QUARTER = "close a quarter"
    VIEW_RETURN = "view a return"
    VIEW_RUNS = "view returns runs"
    RUN_RETURNS = "run the returns"
    VIEW_CONTRACT = "view a contract"
    IMPORT_CONTRACT = "import a contract"
    VIEW_CLAIM = "view a claim"
    VIEW_RECORDS = "view the records of a claim"
    PREPARE_CLAIM = "prepare a claim"
    SUBMIT_CLAIM = "submit a claim"
    WITHDRAW_CLAIM = "withdraw a claim"
    DECIDE_CLAIM = "decide a claim"
    CLAW_BACK = "claw an outcome back"
    RECORD_PAYMENT = "record a payment"
    RETURN_PAYMENT = "return a payment"
    AGREE_COMMITMENT = "agree a commitment"
    RECORD_DRAWDOWN = "record a drawdown"
    AGREE_FUNDING = "agree funding"
    RELEASE_TRANCHE = "release a tranche"
    RECORD_RUNNING_COST = "record a running cost"
    DISTRIBUTE = "distribute money"
    VIEW_MONEY = "view the money desk"
    VIEW_PAYMENT_REQUESTS = "view payment requests"
    APPROVE_PAYMENT = "approve a payment"
    WITHDRAW_PAYMENT = "withdraw a payment request"
    SET_PAYMENT_LIMIT = "set the payment limit"
    VIEW_PEOPLE = "view people and their roles"
    INVITE = "invite a person"
    GIVE_ROLE = "give a role"
    END_ROLE = "end a role"
    LOCK_ACCOUNT = "lock an account"
    RESET_SECOND_FACTOR = "reset a second factor"
    VIEW_PERMISSIONS = "view who may do what"
    VIEW_TRAIL = "view the audit trail"
    VIEW_HISTORY = "view the history of a thing"


_DIRECTOR = frozenset({Role.DIRECTOR})
_COMMISSIONER = frozenset({Role.COMMISSIONER})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_CENTRE_READERS = frozenset({Role.DIRECTOR, Role.EVALUATOR})

MAY: dict[Action, frozenset[Role]] = {
    Action.VIEW_PORTFOLIO: _CENTRE_READERS,
    Action.VIEW_VENTURE: _CENTRE_READERS | {Role.PROVIDER},
    Action.VIEW_INVESTOR: _CENTRE_READERS | {Role.INVESTOR},
    Action.VIEW_PAYER: _CENTRE_READERS | {Role.COMMISSIONER},
    Action.VIEW_PUBLISHED_OUTCOMES: _CENTRE_READERS | {Role.INVESTOR},
    Action.VIEW_LEDGER: _CENTRE_READERS,
    Action.VIEW_TRANSFER: _CENTRE_READERS | {Role.INVESTOR, Role.COMMISSIONER, Role.PROVIDER},
    Action.REVERSE_TRANSFER: _DIRECTOR,
    Action.CLOSE_QUARTER: _DIRECTOR,
    Action.VIEW_RETURN: _CENTRE_READERS | {Role.INVESTOR, Role.PROVIDER},
    Action.VIEW_RUNS: _CENTRE_READERS,
    Action.RUN_RETURNS: _DIRECTOR,
    Action.VIEW_CONTRACT: _CENTRE_READERS | _COMMISSIONER,
    Action.IMPORT_CONTRACT: _DIRECTOR,
    Action.VIEW_CLAIM: _CENTRE_READERS | _COMMISSIONER,
    Action.VIEW_RECORDS: _DIRECTOR | _COMMISSIONER,
    Action.PREPARE_CLAIM: _DIRECTOR,
    Action.SUBMIT_CLAIM: _DIRECTOR,
    Action.WITHDRAW_CLAIM: _DIRECTOR,
    Action.DECIDE_CLAIM: _COMMISSIONER,
    Action.CLAW_BACK: _COMMISSIONER,
    Action.RECORD_PAYMENT: _DIRECTOR,
    Action.RETURN_PAYMENT: _DIRECTOR,
    Action.AGREE_COMMITMENT: _DIRECTOR,
    Action.RECORD_DRAWDOWN: _DIRECTOR,
    Action.AGREE_FUNDING: _DIRECTOR,
    Action.RELEASE_TRANCHE: _DIRECTOR,
    Action.RECORD_RUNNING_COST: _DIRECTOR,
    Action.DISTRIBUTE: _DIRECTOR,
    Action.VIEW_MONEY: _CENTRE_READERS,
    Action.VIEW_PAYMENT_REQUESTS: _CENTRE_READERS,
    Action.APPROVE_PAYMENT: _DIRECTOR,
    Action.WITHDRAW_PAYMENT: _DIRECTOR,
    Action.SET_PAYMENT_LIMIT: _ADMINISTRATOR,
    Action.VIEW_PEOPLE: _ADMINISTRATOR | _DIRECTOR,
    Action.INVITE: _ADMINISTRATOR | _DIRECTOR,
    Action.GIVE_ROLE: _ADMINISTRATOR | _DIRECTOR,
    Action.END_ROLE: _ADMINISTRATOR | _DIRECTOR,
    Action.LOCK_ACCOUNT: _ADMINISTRATOR,
    Action.RESET_SECOND_FACTOR: _ADMINISTRATOR,
    Action.VIEW_PERMISSIONS: _ADMINISTRATOR,
    Action.VIEW_TRAIL: _ADMINISTRATOR,
    Action.VIEW_HISTORY: _CENTRE_READERS,
}

NEEDS_SECOND_FACTOR = frozenset({Role.DIRECTOR, Role.COMMISSIONER, Role.ADMINISTRATOR})
"""Roles that decide about money or people: whoever holds one signs in with a code too."""


@dataclass(frozen=True)
class Grant:
    """A membership that holds today: a role, and the one thing it is held for."""

    role: Role
    centre_id: int | None = None
    organisation_id: int | None = None
    venture_id: int | None = None

    @property
    def acting_for(self) -> str:
        """The role and what it is held for, as the audit trail writes it."""
        return f"{self.role} of {self.held_for}"

    @property
    def held_for(self) -> str:
        """The reference of the centre, the organisation or the venture."""
        if self.centre_id:
            return reference("centre", self.centre_id)
        if self.organisation_id:
            return reference("organisation", self.organisation_id)
        assert self.venture_id
        return reference("venture", self.venture_id)


@dataclass(frozen=True)
class Viewer:
    """Whoever looks. What is not theirs is not found."""

    user_id: int | None
    grants: frozenset[Grant] = field(default_factory=frozenset)
    sees_all: bool = False

    def may(self, action: Action) -> bool:
        """Whether any of the viewer's roles opens this door."""
        return self.sees_all or any(grant.role in MAY[action] for grant in self.grants)

    def centres(self, action: Action) -> frozenset[int]:
        """Keys of the centres for which the viewer holds a role that may `action`."""
        return frozenset(g.centre_id for g in self._grants(action) if g.centre_id)

    def organisations(self, action: Action, role: Role) -> frozenset[int]:
        """Keys of the organisations for which the viewer holds `role`, where it may `action`."""
        return frozenset(
            g.organisation_id for g in self._grants(action) if g.role is role and g.organisation_id
        )

    def ventures(self, action: Action) -> frozenset[int]:
        """Keys of the ventures for which the viewer holds a role that may `action`."""
        return frozenset(g.venture_id for g in self._grants(action) if g.venture_id)

    def _grants(self, action: Action) -> list[Grant]:
        return [grant for grant in self.grants if grant.role in MAY[action]]


SYSTEM = Viewer(user_id=None, sees_all=True)
"""Jobs, the command line and seeding. The web may not import it."""


@dataclass(frozen=True)
class Actor:
    """Whoever acts. `at` is the only time that an action knows, so that seeding tells history.

    `grant` is the role through which they may, asked again under the lock; None: none is needed.
    """

    user_id: int | None
    acting_for: str
    address: str
    at: datetime
    grant: Grant | None = None


def actor_for_centre(
    viewer: Viewer, action: Action, centre_id: int, *, address: str, at: datetime
) -> Actor:
    """The viewer, acting for a centre in the role that may `action` there; else NotAllowed."""
    fitting = [grant for grant in viewer.grants if grant.centre_id == centre_id]
    return _actor(viewer, action, fitting, address=address, at=at)


def actor_for_organisation(
    viewer: Viewer, action: Action, organisation_id: int, *, address: str, at: datetime
) -> Actor:
    """The viewer, acting for an organisation in the role that may `action`; else NotAllowed."""
    fitting = [grant for grant in viewer.grants if grant.organisation_id == organisation_id]
    return _actor(viewer, action, fitting, address=address, at=at)


def _actor(
    viewer: Viewer, action: Action, fitting: list[Grant], *, address: str, at: datetime
) -> Actor:
    # Of two roles that may, always the same one: an administrator who is also a director acts as
    # administrator.
    for grant in sorted(fitting, key=attrgetter("acting_for")):
        if grant.role in MAY[action]:
            return Actor(viewer.user_id, grant.acting_for, address, at, grant)
    raise NotAllowed(f"You may not {action} there.")


def system_actor(at: datetime) -> Actor:
    """The system itself: jobs, the command line, seeding."""
    return Actor(None, "system", "", at)
