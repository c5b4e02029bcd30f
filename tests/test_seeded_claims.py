"""The demo's claims: each state is there, and every pound of outcome money leads back to a line."""

from collections import Counter
from collections.abc import Sequence

import pytest
from sqlmodel import Session, col, select

from chec.models import (
    Account,
    Cause,
    Centre,
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimRemoval,
    ClaimState,
    Clawback,
    Contract,
    ContractPayer,
    DecisionLine,
    FundingAgreement,
    LineBasis,
    Membership,
    PartState,
    RemovalStep,
    ReturnsResult,
    ReturnsRun,
    Role,
    Stage,
    Transfer,
    Venture,
)
from chec.models.references import reference
from chec.permissions import SYSTEM
from chec.queries.claim_trace import trace_transfer
from chec.queries.claim_values import value_of_draft
from chec.queries.contracts import newest_of
from tests.demo import demo_centres, demo_run

pytestmark = pytest.mark.backend("sqlite")

OF_A_CLAIM = (Cause.APPROVAL, Cause.PAYMENT, Cause.CLAWBACK, Cause.REFUND)
PAID_PENCE = {
    "FCF-AMBITION": 315_515_000,
    "I-ASPIRE": 216_546_000,
    "REBOOT-WEST": 187_154_000,
}


def parts_of(session: Session, state: ClaimState) -> list[Sequence[ClaimPart]]:
    """The parts of each claim in that state."""
    claims = session.exec(select(Claim).where(Claim.state == state)).all()
    return [
        session.exec(select(ClaimPart).where(ClaimPart.claim_id == claim.id)).all()
        for claim in claims
    ]


def states_of(session: Session, state: ClaimState) -> set[tuple[PartState, ...]]:
    return {tuple(part.state for part in parts) for parts in parts_of(session, state)}


def test_claims_wait_for_both_payers_for_one_and_for_none(demo_session: Session) -> None:
    waiting, approved = PartState.WAITING, PartState.APPROVED
    assert states_of(demo_session, ClaimState.SUBMITTED) == {
        (waiting, waiting),
        (approved, waiting),
    }
    assert states_of(demo_session, ClaimState.REJECTED) == {(PartState.REJECTED,)}
    assert states_of(demo_session, ClaimState.WITHDRAWN) == {(PartState.WITHDRAWN,) * 2}
    assert (PartState.PART_APPROVED,) in states_of(demo_session, ClaimState.PAID)


def test_approved_claims_are_unpaid_paid_in_part_or_owe_something_back(
    demo_session: Session,
) -> None:
    paid = Counter(
        "too much"
        if any(part.owed_back_pence for part in parts)
        else "a part"
        if any(part.paid_pence for part in parts)
        else "nothing"
        for parts in parts_of(demo_session, ClaimState.APPROVED)
    )
    assert paid == {"nothing": 3, "a part": 1, "too much": 1}
    part_paid = select(ClaimPart).where(
        col(ClaimPart.paid_pence) > 0,
        col(ClaimPart.paid_pence) < col(ClaimPart.approved_pence) - ClaimPart.clawed_back_pence,
    )
    assert demo_session.exec(part_paid).one().due_pence == 690_000


def test_outcomes_were_clawed_back_and_one_payer_is_still_owed(demo_session: Session) -> None:
    back = select(ClaimPart).where(col(ClaimPart.clawed_back_pence) > 0)
    owed = [part.owed_back_pence for part in demo_session.exec(back)]
    assert sorted(owed) == [0, 0, 0, 0, 176_000]
    by_record = select(Clawback).where(col(Clawback.record_id).is_not(None))
    assert len(demo_session.exec(by_record).all()) == 2


def test_a_line_was_rejected_with_its_reason(demo_session: Session) -> None:
    rejected = select(DecisionLine).where(col(DecisionLine.reason_code).is_not(None))
    lines = demo_session.exec(rejected).all()
    assert len(lines) == 2
    assert all(line.reason and line.pence == 0 for line in lines)


def test_the_draft_shows_several_kinds_of_removal(demo_session: Session) -> None:
    draft = demo_session.exec(select(Claim).where(Claim.state == ClaimState.DRAFT)).one()
    contract = newest_of(demo_session, demo_session.get_one(Contract, draft.contract_id))
    value = value_of_draft(demo_session, contract, draft, draft.prepared_at.date())
    assert {removal.step for removal in value.removed} == {
        RemovalStep.EVIDENCE,
        RemovalStep.CHAIN,
        RemovalStep.PERSON,
        RemovalStep.MEASURE,
    }
    assert 0 < value.payable_pence < value.gross_pence


def test_a_submitted_claim_has_a_removal_and_records_that_follow_earlier_ones(
    demo_session: Session,
) -> None:
    assert demo_session.exec(select(ClaimRemoval.step)).all() == [RemovalStep.EVIDENCE]
    follows = select(ClaimRecord).where(col(ClaimRecord.follows_id).is_not(None))
    assert len(demo_session.exec(follows).all()) == 27


def test_a_claim_has_lines_of_counts_and_of_records(demo_session: Session) -> None:
    rows = demo_session.exec(select(ClaimLine.claim_id, ClaimLine.basis).distinct()).all()
    bases: dict[int, set[str]] = {}
    for claim_id, basis in rows:
        bases.setdefault(claim_id, set()).add(basis)
    assert set(LineBasis) in bases.values()


def test_every_pseudonym_is_64_hex_digits(demo_session: Session) -> None:
    people = demo_session.exec(select(ClaimRecord.person)).all()
    assert all(len(person) == 64 and int(person, 16) for person in people)


def test_all_outcome_money_leads_back_to_the_lines_of_a_claim(demo_session: Session) -> None:
    transfers = demo_session.exec(select(Transfer).where(col(Transfer.cause).in_(OF_A_CLAIM)))
    for transfer in transfers.all():
        trace = trace_transfer(demo_session, SYSTEM, transfer)
        assert trace
        assert transfer.reference == reference("claim", trace.claim.id)
        assert transfer.pence <= sum(line.pence for line in trace.lines)


def test_what_payers_owe_in_the_ledger_is_what_their_claims_say(demo_session: Session) -> None:
    owed: Counter[tuple[int, int]] = Counter()
    for claim, part in demo_session.exec(
        select(Claim, ClaimPart).where(col(ClaimPart.claim_id) == Claim.id)
    ):
        balance = part.approved_pence - part.clawed_back_pence - part.paid_pence
        owed[part.payer_id, claim.venture_id] += balance
    in_ledger: Counter[tuple[int, int]] = Counter()
    accounts = {account.id: account for account in demo_session.exec(select(Account))}
    for transfer in demo_session.exec(select(Transfer)):
        for key, sign in ((transfer.debit_account_id, 1), (transfer.credit_account_id, -1)):
            account = accounts[key]
            if account.payer_id and account.venture_id:
                in_ledger[account.payer_id, account.venture_id] += sign * transfer.pence
    assert in_ledger.total() > 0
    assert +in_ledger == +owed


def test_the_right_people_did_it(demo_session: Session) -> None:
    roles = {
        membership.user_id: (membership.role, membership.organisation_id)
        for membership in demo_session.exec(select(Membership))
    }
    for claim in demo_session.exec(select(Claim)):
        assert claim.prepared_by_id
        assert roles[claim.prepared_by_id][0] is Role.DIRECTOR
    approvals = select(Transfer).where(Transfer.cause == Cause.APPROVAL)
    for transfer in demo_session.exec(approvals).all():
        account = demo_session.get_one(Account, transfer.debit_account_id)
        assert transfer.recorded_by_id
        assert roles[transfer.recorded_by_id] == (Role.COMMISSIONER, account.payer_id)


def test_a_pilot_has_stalled_and_nothing_is_claimed_for_a_stopped_venture(
    demo_session: Session,
) -> None:
    last = {
        venture: max(claim.ends_before for claim in claims)
        for venture, claims in claims_by_venture(demo_session).items()
    }
    as_of = demo_run(demo_session).as_of
    assert (as_of - last["Warm dry homes"]).days > 45
    stopped = demo_session.exec(select(Venture).where(Venture.stage == Stage.STOPPED)).one()
    assert last[stopped.name] < stopped.stage_since_on


def claims_by_venture(session: Session) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for claim, name in session.exec(
        select(Claim, Venture.name).where(col(Claim.venture_id) == Venture.id)
    ):
        found.setdefault(name, []).append(claim)
    return found


def test_most_ventures_are_promised_more_than_was_released(demo_session: Session) -> None:
    run = demo_run(demo_session)
    promised = demo_session.exec(select(FundingAgreement.promised_pence)).all()
    assert run.promised_pence
    assert 0 < run.promised_pence < sum(promised)
    assert run.undecided_pence


def test_the_published_contracts_pay_what_was_published(demo_session: Session) -> None:
    _, centre = demo_centres(demo_session)
    for contract in contracts_of(demo_session, centre):
        claims = demo_session.exec(select(Claim).where(Claim.contract_id == contract.id)).all()
        pence = PAID_PENCE.get(contract.reference)
        assert [claim.payable_pence for claim in claims] == ([pence] if pence else [])
        assert all(claim.state is ClaimState.PAID for claim in claims)


def contracts_of(session: Session, centre: Centre) -> Sequence[Contract]:
    return session.exec(select(Contract).where(Contract.centre_id == centre.id)).all()


def test_the_published_money_is_in_the_ledger_and_the_return_to_the_penny(
    demo_session: Session,
) -> None:
    _, centre = demo_centres(demo_session)
    query = select(ReturnsRun).where(ReturnsRun.centre_id == centre.id)
    run = demo_session.exec(query).one()
    paid = select(Transfer.pence).where(
        Transfer.centre_id == centre.id, Transfer.cause == Cause.PAYMENT
    )
    returned = select(ReturnsResult.distributed_pence).where(
        ReturnsResult.run_id == run.id, col(ReturnsResult.venture_id).is_not(None)
    )
    assert sorted(demo_session.exec(paid)) == sorted(PAID_PENCE.values())
    assert sorted(demo_session.exec(returned)) == sorted(PAID_PENCE.values())
    assert run.bank_pence == run.earned_pence == sum(PAID_PENCE.values())
    assert run.raised_pence == run.receivable_pence == 0
    reasons = select(ReturnsResult.irr_reason).where(
        ReturnsResult.run_id == run.id, col(ReturnsResult.venture_id).is_not(None)
    )
    assert set(demo_session.exec(reasons)) == {"only money in"}


def test_no_payer_belongs_to_both_centres(demo_session: Session) -> None:
    payers = [
        {
            payer
            for contract in contracts_of(demo_session, centre)
            for payer in demo_session.exec(
                select(ContractPayer.payer_id).where(ContractPayer.contract_id == contract.id)
            )
        }
        for centre in demo_centres(demo_session)
    ]
    assert [len(each) for each in payers] == [2, 3]
    assert not payers[0] & payers[1]
