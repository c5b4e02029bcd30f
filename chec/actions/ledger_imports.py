"""Importing a ledger file: all of it or nothing, and the same file twice changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, partial
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from sqlalchemy import insert
from sqlmodel import Session, col, select

from chec import audit
from chec.actions.accounts import account_for
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import AccountKey, AccountKind, Centre, Event, Transfer
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.accounts import directory_of
from chec.queries.bank import bank_by_day
from chec.queries.centres import closed_before, lock_centre
from chec.rules.audit_chain import ContentHash
from chec.rules.ledger_file import read_ledger_file
from chec.rules.overdraft import first_shortfall, reasons_not_to_pay
from chec.rules.posting import Entry, Fault, faults_of

MOST_FAULTS_NAMED = 100
_BATCH = 5_000


class LedgerImport(NamedTuple):
    """How many transfers an import added, and how many of its lines were in the ledger before."""

    added_count: int
    present_count: int


class _Faults:
    """Everything wrong with a file: the first hundred by name, the others by number."""

    def __init__(self) -> None:
        self.named: list[str] = []
        self.count = 0

    def add(self, line_number: int, fault: Fault) -> None:
        self.count += 1
        if len(self.named) < MOST_FAULTS_NAMED:
            self.named.append(f"Line {line_number}, {fault.field}: {fault.reason}")

    def refuse(self) -> None:
        more = self.count - len(self.named)
        if self.count:
            raise RuleBroken([*self.named, *([f"And {more:,} more."] if more else [])])


class _Sound(NamedTuple):
    """A line that may be posted, under the key that a second import of it would have too."""

    number: int
    entry: Entry
    idempotency_key: str


def check_ledger_file(
    session: Session,
    actor: Actor,
    centre: Centre,
    lines: Iterable[bytes],
    on_progress: Callable[[int], None] = lambda _line_number: None,
) -> None:
    """Raise RuleBroken, as `import_ledger` does, for what is wrong with the lines themselves.

    Takes no lock: a long file that cannot be imported keeps nobody waiting.
    """
    faults = _Faults()
    for line in _sound_lines(session, actor, centre, lines, faults):
        if line.number % _BATCH == 0:
            on_progress(line.number)
    faults.refuse()


def import_ledger(
    session: Session,
    actor: Actor,
    centre: Centre,
    lines: Iterable[bytes],
    on_progress: Callable[[int], None] = lambda _line_number: None,
) -> LedgerImport:
    """Post every line of a ledger file that is not in the ledger yet.

    `on_progress` is told the number of the line reached. Raises RuleBroken with a sentence for each
    thing wrong, by line and column (the first hundred); nothing is posted then.
    """
    centre = lock_centre(session, actor, centre.id)
    faults = _Faults()
    sound = _sound_lines(session, actor, centre, lines, faults)
    added, present, content = 0, 0, ContentHash()
    first_payment: dict[date, int] = {}
    account_id = cache(lambda key: account_for(session, centre.id, key).id)
    with session.begin_nested():
        while batch := list(islice(sound, _BATCH)):
            on_progress(batch[-1].number)
            if faults.count:
                continue  # nothing will be posted; the rest is read for what is wrong with it
            new = _not_posted(session, centre, batch)
            _insert(session, actor, centre, new, account_id)
            added, present = added + len(new), present + len(batch) - len(new)
            for line in new:
                content.add(line.idempotency_key)
                if line.entry.credit.kind is AccountKind.BANK:
                    first_payment.setdefault(line.entry.on, line.number)
        faults.refuse()
        _refuse_overdraft(session, centre, first_payment)
    audit.record(
        session,
        actor,
        Event.LEDGER_IMPORTED,
        reference("centre", centre.id),
        f"{present} lines were in the ledger before" if present else "",
        centre_id=centre.id,
        row_count=added,
        content_hash=content.hexdigest(),
    )
    return LedgerImport(added, present)


def _sound_lines(
    session: Session,
    actor: Actor,
    centre: Centre,
    lines: Iterable[bytes],
    faults: _Faults,
) -> Iterator[_Sound]:
    """The lines that may be posted; what is wrong with the others is added to `faults`."""
    faults_today = partial(
        faults_of,
        today=london_day(actor.at),
        opened_on=centre.opened_on,
        closed_before=closed_before(session, centre.id),
    )
    seen: Counter[bytes] = Counter()
    for number, says in read_ledger_file(lines, directory_of(session, centre.id)):
        wrong = faults_today(says) if isinstance(says, Entry) else says
        for fault in wrong:
            faults.add(number, fault)
        if isinstance(says, Entry) and not wrong:
            yield _Sound(number, says, _idempotency_key(says, seen))


def _idempotency_key(entry: Entry, seen: Counter[bytes]) -> str:
    """From the line's content, and its place among the equal lines of the file."""
    parts = (
        entry.on.isoformat(),
        *_spelled_out(entry.debit),
        *_spelled_out(entry.credit),
        entry.pence,
        entry.cause.value,
        entry.reference,
        entry.memo,
    )
    digest = sha256("\x1f".join(map(str, parts)).encode()).digest()[:16]
    seen[digest] += 1
    return f"import:{digest.hex()}:{seen[digest]}"


def _spelled_out(key: AccountKey) -> tuple[str | int | None, ...]:
    return key.kind.value, key.venture_id, key.payer_id, key.investor_id, key.instrument_id


def _not_posted(session: Session, centre: Centre, batch: list[_Sound]) -> list[_Sound]:
    keys = [line.idempotency_key for line in batch]
    query = select(Transfer.idempotency_key).where(
        Transfer.centre_id == centre.id, col(Transfer.idempotency_key).in_(keys)
    )
    posted = set(session.exec(query))
    return [line for line in batch if line.idempotency_key not in posted]


def _insert(
    session: Session,
    actor: Actor,
    centre: Centre,
    lines: list[_Sound],
    account_id: Callable[[AccountKey], int],
) -> None:
    rows = [
        {
            "centre_id": centre.id,
            "on": entry.on,
            "debit_account_id": account_id(entry.debit),
            "credit_account_id": account_id(entry.credit),
            "pence": entry.pence,
            "cause": entry.cause.value,
            "reference": entry.reference,
            "memo": entry.memo,
            "recorded_at": actor.at,
            "recorded_by_id": actor.user_id,
            "idempotency_key": idempotency_key,
        }
        for _, entry, idempotency_key in lines
    ]
    if rows:
        session.execute(insert(Transfer), rows)


def _refuse_overdraft(session: Session, centre: Centre, first_payment: dict[date, int]) -> None:
    """The file is checked as a whole; `first_payment` gives the line of each day's first one."""
    if not first_payment:
        return
    shortfall = first_shortfall(*bank_by_day(session, centre.id, min(first_payment)))
    if shortfall:
        line = first_payment[max(on for on in first_payment if on <= shortfall.on)]
        raise RuleBroken([f"Line {line}, pounds: {r}" for r in reasons_not_to_pay(shortfall)])
