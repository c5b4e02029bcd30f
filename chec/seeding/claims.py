"""The claims of a centre: prepared by its director, and what became of them.

A claim has a name in the files (`COPD-07`). A line is an act of the director, but for those of
the commissioners, who decide and claw back.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlmodel import Session, select

from chec.actions.claim_decisions import decide_claim
from chec.actions.claim_payments import record_payment, undo_payment
from chec.actions.claim_records import upload_records
from chec.actions.claims import enter_counts, prepare_claim, submit_claim, withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.actions.payment_requests import request_payment
from chec.clock import london_day
from chec.finance.money import parse_pounds
from chec.models import (
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimRecord,
    Contract,
    PaymentKind,
    RejectionReason,
)
from chec.queries.claim_decisions import list_asked_lines
from chec.queries.claim_values import value_of_draft
from chec.queries.contracts import newest_of
from chec.rules.claim_approval import Rejection
from chec.rules.payment_request import Payment
from chec.seeding.centres import CentreTold
from chec.seeding.files import Calendar, SeedFiles, known_at, moment
from chec.seeding.timeline import Act

Row = dict[str, str]
RECORDED_LATER = {"payment", "return", "undo payment"}


def claims(told: CentreTold, contracts: dict[str, Contract]) -> Iterator[Act]:
    """Every line of `claims.csv` and `claim_acts.csv`; `contracts` has those imported by then."""
    telling = _Claims(told, contracts)
    for row in told.files.rows("claims.csv"):
        yield Act(moment(told.calendar.day_of(row)), partial(telling.prepare, row))
    for row in told.files.rows("claim_acts.csv"):
        on = told.calendar.day_of(row)
        at = known_at(on) if row["act"] in RECORDED_LATER else moment(on)
        yield Act(at, partial(telling.act, row))


class _Claims:
    """The claims so far, by name, and the last payment of each claim and payer."""

    def __init__(self, told: CentreTold, contracts: dict[str, Contract]) -> None:
        self.told = told
        self.session: Session = told.session
        self.contracts = contracts
        self.found: dict[str, Claim] = {}
        self.last_paid: dict[tuple[str, str], ClaimPayment] = {}

    def prepare(self, row: Row, at: datetime, _key: str) -> None:
        """A draft, filled with counts, records or both."""
        calendar, director = self.told.calendar, self.told.director(at)
        claim = self.found[row["claim"]] = prepare_claim(
            self.session,
            director,
            self.contracts[row["contract"]],
            self.told.ventures[row["venture"]],
            starts_on=calendar.exact(row["first_month"], 1),
            ends_before=calendar.exact(row["last_month"], 1, later=1),
        )
        counts = _counts(row["counts"], self.told.files)
        if counts:
            enter_counts(self.session, director, claim, counts)
        if row["records"]:
            data = _records(self.told.files.rows(f"records/{row['records']}"), calendar)
            upload_records(self.session, director, claim, data)

    def act(self, row: Row, at: datetime, key: str) -> None:
        """What a line of `claim_acts.csv` says."""
        claim = self.found[row["claim"]]
        if row["act"] == "submit":
            self.submit(claim, at)
        elif row["act"] == "withdraw":
            withdraw_claim(self.session, self.told.director(at), claim)
        else:
            self.act_on_part(row, self.part(claim, row["payer"]), at, key)

    def submit(self, claim: Claim, at: datetime) -> None:
        contract = newest_of(self.session, self.session.get_one(Contract, claim.contract_id))
        value = value_of_draft(self.session, contract, claim, london_day(at))
        submit_claim(self.session, self.told.director(at), claim, value.payable_pence)

    def act_on_part(self, row: Row, part: ClaimPart, at: datetime, key: str) -> None:
        """What a payer decides or takes back, pays, or is paid."""
        director, on = self.told.director(at), self.told.calendar.day_of(row)
        last = (row["claim"], row["payer"])
        match row["act"]:
            case "approve" | "reject":
                self.decide(row, part, at)
            case "claw back":
                self.claw_back(row, part, at, key)
            case "payment":
                self.last_paid[last] = record_payment(
                    self.session,
                    director,
                    part,
                    pence=parse_pounds(row["pounds"]),
                    received_on=on,
                    reference=row["words"],
                    idempotency_key=key,
                )
            case "return":
                pence = parse_pounds(row["pounds"])
                back = Payment(
                    PaymentKind.REFUND, pence, on, claim_id=part.claim_id, payer_id=part.payer_id
                )
                told = (self.session, director, self.told.centre, back)
                request_payment(*told, idempotency_key=key)
            case "undo payment":
                undo_payment(self.session, director, self.last_paid[last], row["words"])

    def decide(self, row: Row, part: ClaimPart, at: datetime) -> None:
        """Approve every line; or reject the one named, or all where none is."""
        rejection = (
            Rejection(RejectionReason(row["reason"]), row["words"])
            if row["act"] == "reject"
            else None
        )
        verdicts = {
            each.line.id: rejection if row["measure"] in {"", each.line.measure} else None
            for each in list_asked_lines(self.session, part)
        }
        decide_claim(self.session, self.told.acting_for(row["payer"], at), part, verdicts)

    def claw_back(self, row: Row, part: ClaimPart, at: datetime, key: str) -> None:
        """So many units of a line, or the record of one person."""
        line = self.session.exec(
            select(ClaimLine).where(
                ClaimLine.claim_id == part.claim_id, ClaimLine.measure == row["measure"]
            )
        ).one()
        record = None
        if row["person"]:
            person = pseudonym(row["person"])
            record = self.session.exec(
                select(ClaimRecord).where(
                    ClaimRecord.line_id == line.id, ClaimRecord.person == person
                )
            ).one()
        claw_back(
            self.session,
            self.told.acting_for(row["payer"], at),
            part,
            line,
            record=record,
            units=int(row["units"]),
            reason=row["words"],
            idempotency_key=key,
        )

    def part(self, claim: Claim, payer: str) -> ClaimPart:
        return self.session.exec(
            select(ClaimPart).where(
                ClaimPart.claim_id == claim.id,
                ClaimPart.payer_id == self.told.organisations[payer].id,
            )
        ).one()


def pseudonym(person: str) -> str:
    """64 hex digits for a person of the files (`ALCO 77`), who is invented."""
    return hashlib.sha256(f"CHEC demo: {person}".encode()).hexdigest()


def _counts(said: str, files: SeedFiles) -> dict[str, int]:
    """`HOME-90:38 HOME-180:16`, or a file of measures and units."""
    if said.endswith(".csv"):
        return {row["measure"]: int(row["units"]) for row in files.rows(said)}
    return {
        measure: int(units) for measure, units in (each.rsplit(":", 1) for each in said.split())
    }


def _records(rows: list[Row], calendar: Calendar) -> bytes:
    """The file that the director uploads."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(("measure", "person", "achieved_on", "evidence", "value"))
    for row in rows:
        achieved_on = calendar.exact(row["month"], int(row["day"])).isoformat()
        lines.writerow(
            (row["measure"], pseudonym(row["person"]), achieved_on, row["evidence"], row["value"])
        )
    return file.getvalue().encode()
