"""Rows for tests: each builder names only what the test is about, and makes the rest up.

They go through the actions, so that a test stands on what the product can really reach.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from chec.actions.centres import open_centre
from chec.actions.claim_records import upload_records
from chec.actions.claims import enter_counts, prepare_claim, submit_claim, withdraw_claim
from chec.actions.contracts import import_contract
from chec.actions.instruments import agree_instrument
from chec.actions.ledger import post_transfer
from chec.actions.memberships import give_membership
from chec.actions.organisations import add_organisation
from chec.actions.payment_limits import set_payment_limit
from chec.actions.users import add_user
from chec.actions.ventures import start_venture
from chec.clock import london_day
from chec.finance.money import Pence
from chec.models import (
    BANK,
    AccountKey,
    AccountKind,
    Cause,
    Centre,
    Claim,
    ClaimState,
    Contract,
    Instrument,
    InstrumentKind,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Stage,
    Transfer,
    User,
    Venture,
)
from chec.models.account import OF_A_PAYER, OF_A_VENTURE, OF_AN_INSTRUMENT, OF_AN_INVESTOR
from chec.permissions import Actor, system_actor
from chec.queries.claim_values import value_of_draft
from chec.queries.contracts import newest_of
from chec.rules.posting import MOST_PENCE, MOVEMENTS, Entry

OPENED_ON = date(2022, 4, 1)
NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)

_number = count(1)
_NO_PASSWORD = (
    "$argon2id$v=19$m=8,t=1,p=1$NLwk6rQkToARxiAIc72OBQ$NOs5CqTjNNdfhL/aMYDae+z5vj+MYJ6O8oCwr7sKtIU"
)
"""The hash of one that nobody is told."""


def an_actor(*, at: datetime = NOW) -> Actor:
    """The system at a moment; by default, one at which every builder's default lies in the past."""
    return system_actor(at)


def a_centre(
    session: Session,
    *,
    name: str = "",
    opened_on: date = OPENED_ON,
    payment_limit_pence: Pence = MOST_PENCE,
) -> Centre:
    """A centre where, unless a test is about that, no payment needs a second director."""
    centre = open_centre(session, an_actor(), name or f"Centre {next(_number)}", opened_on)
    return set_payment_limit(session, an_actor(), centre, payment_limit_pence)


def an_organisation(
    session: Session, kind: OrganisationKind = OrganisationKind.PROVIDER, *, name: str = ""
) -> Organisation:
    return add_organisation(session, an_actor(), name or f"{kind} {next(_number)}", kind)


def a_provider(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.PROVIDER, name=name)


def a_payer(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.COMMISSIONER, name=name)


def an_investor(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.INVESTOR, name=name)


def a_venture(
    session: Session,
    centre: Centre,
    *,
    name: str = "",
    provider: Organisation | None = None,
    care_model: str = "Nurses visit at home.",
    stage: Stage = Stage.PILOT,
    started_on: date | None = None,
) -> Venture:
    return start_venture(
        session,
        an_actor(),
        centre,
        provider or a_provider(session),
        name=name or f"Venture {next(_number)}",
        care_model=care_model,
        stage=stage,
        started_on=started_on or centre.opened_on,
    )


def an_instrument(
    session: Session,
    centre: Centre,
    investor: Organisation | None = None,
    *,
    reference: str = "",
    kind: InstrumentKind = InstrumentKind.QUASI_EQUITY,
    committed_pence: Pence = 100_000_000,
    agreed_on: date | None = None,
) -> Instrument:
    return agree_instrument(
        session,
        an_actor(),
        centre,
        investor or an_investor(session),
        reference=reference or f"REF-{next(_number)}",
        kind=kind,
        committed_pence=committed_pence,
        agreed_on=agreed_on or centre.opened_on,
    )


def a_user(
    session: Session, *, email: str = "", name: str = "Sam Hill", password_hash: str = _NO_PASSWORD
) -> User:
    email = email or f"person{next(_number)}@chec.example"
    return add_user(session, an_actor(), email, name, password_hash)


def a_membership(
    session: Session,
    role: Role,
    *,
    user: User | None = None,
    centre: Centre | None = None,
    organisation: Organisation | None = None,
    venture: Venture | None = None,
    starts_on: date = OPENED_ON,
    ends_before: date | None = None,
) -> Membership:
    return give_membership(
        session,
        an_actor(),
        user or a_user(session),
        role,
        starts_on=starts_on,
        ends_before=ends_before,
        centre=centre,
        organisation=organisation,
        venture=venture,
    )


def an_account_key(
    session: Session,
    centre: Centre,
    kind: AccountKind,
    *,
    venture: Venture | None = None,
    payer: Organisation | None = None,
    investor: Organisation | None = None,
    instrument: Instrument | None = None,
) -> AccountKey:
    """The account of `kind`, of those it needs who are given, and of new ones for the rest."""
    if kind in OF_AN_INSTRUMENT:
        terms = instrument or an_instrument(session, centre, investor)
        return AccountKey(kind, investor_id=terms.investor_id, instrument_id=terms.id)
    if kind in OF_AN_INVESTOR:
        return AccountKey(kind, investor_id=(investor or an_investor(session)).id)
    return AccountKey(
        kind,
        venture_id=(venture or a_venture(session, centre)).id if kind in OF_A_VENTURE else None,
        payer_id=(payer or a_payer(session)).id if kind in OF_A_PAYER else None,
    )


def a_transfer(
    session: Session,
    centre: Centre,
    cause: Cause = Cause.GRANT,
    *,
    pence: Pence = 100_000,
    on: date | None = None,
    at: datetime = NOW,
    venture: Venture | None = None,
    payer: Organisation | None = None,
    investor: Organisation | None = None,
    instrument: Instrument | None = None,
    debit: AccountKind | None = None,
    reference: str = "",
    memo: str = "",
) -> Transfer:
    """A transfer of `cause` between the accounts that it moves money between.

    `debit` chooses where a cause may debit several kinds. Before money goes out of the bank a grant
    of the same amount comes in, so that no test has to fund what it is not about.
    """
    on = on or centre.opened_on
    movement = MOVEMENTS[cause]
    kinds = (debit or min(movement.debit), min(movement.credit))
    if venture is None and OF_A_VENTURE & set(kinds):
        venture = a_venture(session, centre)
    keys = [
        an_account_key(
            session,
            centre,
            kind,
            venture=venture,
            payer=payer,
            investor=investor,
            instrument=instrument,
        )
        for kind in kinds
    ]
    if keys[1] == BANK:
        a_transfer(session, centre, Cause.GRANT, pence=pence, on=on, at=at)
    entry = Entry(on, keys[0], keys[1], pence, cause, reference, memo)
    return post_transfer(session, an_actor(at=at), centre, entry, f"test:{next(_number)}")


def a_measure(code: str = "M01", *, pence: Pence = 10_000, **rules: Any) -> dict[str, Any]:
    """A measure of a contract document, priced per outcome; `rules` are its further fields."""
    prices = [{"from": "2022-04-01", "pence": pence}]
    term = {"kind": "per_outcome", "prices": prices}
    return {"code": code, "name": f"Outcome {code}", "unit": "person", "term": term, **rules}


def a_contract_document(
    *payers: Organisation, measures: tuple[dict[str, Any], ...] = (), **fields: Any
) -> str:
    """A contract document from the first day of the centres for five years.

    The payers share alike; without any one is made up. `fields` are further ones, or other ones.
    """
    names = [payer.name for payer in payers] or [f"Payer {next(_number)}"]
    return json.dumps(
        {
            "format": "chec-contract/1",
            "reference": f"CONTRACT-{next(_number)}",
            "title": "Outcomes contract",
            "starts_on": "2022-04-01",
            "ends_on": "2027-03-31",
            "payers": [{"organisation": name, "share": f"1/{len(names)}"} for name in names],
            "measures": measures or (a_measure(),),
            **fields,
        }
    )


def a_contract(
    session: Session,
    centre: Centre,
    *payers: Organisation,
    measures: tuple[dict[str, Any], ...] = (),
    **fields: Any,
) -> Contract:
    """The contract of `a_contract_document` in the centre."""
    document = a_contract_document(*payers, measures=measures, **fields)
    return import_contract(session, an_actor(), centre, document).contract


def a_claim(
    session: Session,
    contract: Contract,
    venture: Venture | None = None,
    *,
    state: ClaimState = ClaimState.SUBMITTED,
    counts: Mapping[str, int] = MappingProxyType({"M01": 1}),
    records: Sequence[tuple[str, str, date]] = (),
    starts_on: date = date(2025, 4, 1),
    ends_before: date = date(2025, 7, 1),
    actor: Actor | None = None,
) -> Claim:
    """A claim on `contract` of these counts by measure, or of records: a draft or submitted.

    A record is a measure, a person and a day.
    """
    actor = actor or an_actor()
    venture = venture or a_venture(session, session.get_one(Centre, contract.centre_id))
    claim = prepare_claim(
        session, actor, contract, venture, starts_on=starts_on, ends_before=ends_before
    )
    if records:
        rows = [f"{measure},{person},{on},letter" for measure, person, on in records]
        file = "\n".join(["measure,person,achieved_on,evidence", *rows])
        upload_records(session, actor, claim, file.encode())
    elif counts:
        enter_counts(session, actor, claim, counts)
    if state is not ClaimState.DRAFT:
        submit(session, claim, actor=actor)
    if state is ClaimState.WITHDRAWN:
        withdraw_claim(session, actor, claim)
    return claim


def submit(session: Session, claim: Claim, *, actor: Actor | None = None) -> Claim:
    """The claim, submitted for what it is worth."""
    actor = actor or an_actor()
    contract = newest_of(session, session.get_one(Contract, claim.contract_id))
    value = value_of_draft(session, contract, claim, london_day(actor.at))
    return submit_claim(session, actor, claim, value.payable_pence)
