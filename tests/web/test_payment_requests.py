"""Payment requests on pages: asked for by one director, decided by another, read by whoever may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from bs4 import BeautifulSoup
from sqlmodel import Session, select

from chec import clock
from chec.actions.clawbacks import claw_back
from chec.actions.payment_requests import approve_payment, decline_payment
from chec.config import Settings
from chec.models import (
    Cause,
    Centre,
    Claim,
    InstrumentKind,
    Organisation,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentVerdict,
    Role,
    Transfer,
    User,
    Venture,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.payment_requests import list_transfers_of
from chec.rules.payment_request import Payment
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.client import Client, soup
from tests.payments import LIMIT, TODAY, a_centre_with_money, a_director, a_tranche, ask
from tests.web import claim_pages
from tests.web.claim_pages import confirm, heading, sent, text_of


@pytest.fixture
def centre(session: Session) -> Centre:
    """£10,000 in the bank, and a limit of £1,000."""
    return a_centre_with_money(session)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre, name="COPD helpline")


@pytest.fixture
def asker(session: Session, centre: Centre) -> Actor:
    return a_director(session, centre, user=builders.a_user(session, name="Ana Reed"))


@pytest.fixture
def approver(session: Session, centre: Centre) -> Actor:
    return a_director(session, centre, user=builders.a_user(session, name="Ben Cole"))


@pytest.fixture
def waiting(session: Session, centre: Centre, venture: Venture, asker: Actor) -> PaymentRequest:
    """A tranche of £1,500, asked for by Ana Reed."""
    request = ask(session, asker, centre, a_tranche(venture, 1_500_00))
    session.commit()
    return request


@pytest.fixture
def enter(client: Client, session: Session) -> Callable[[Actor], Client]:
    """The client, from here on signed in as this person."""

    def sign_in(actor: Actor) -> Client:
        user = session.get_one(User, actor.user_id)
        session.commit()
        client.sign_in(user)
        return client

    return sign_in


Enter = Callable[[Actor], Client]


def address(request: PaymentRequest, act: str = "") -> str:
    return f"/payment-requests/{reference('payment_request', request.id)}{act and '/'}{act}"


def desk(centre: Centre, rest: str = "/money") -> str:
    return f"/centres/{reference('centre', centre.id)}{rest}"


def verdict_on(session: Session, request_id: int = 1) -> PaymentVerdict | None:
    with Session(session.get_bind()) as beside:
        decision = beside.get(PaymentDecision, request_id)
        return decision.verdict if decision else None


def tranches(session: Session) -> list[Transfer]:
    with Session(session.get_bind()) as beside:
        return list(beside.exec(select(Transfer).where(Transfer.cause == Cause.TRANCHE)))


def rows_of(page: BeautifulSoup) -> list[str]:
    cells = page.select("tbody tr")
    return [" ".join(row.get_text(" ", strip=True).split()) for row in cells]


def a_release(venture: Venture, pounds: str) -> dict[str, str]:
    today = clock.today()
    day = {"on-day": str(today.day), "on-month": str(today.month), "on-year": str(today.year)}
    whose = {"venture": reference("venture", venture.id), "memo": "Nurses in post"}
    return {**whose, **day, "pounds": pounds}


def test_above_the_limit_the_desk_asks_another_director_to_approve(
    enter: Enter,
    session: Session,
    centre: Centre,
    venture: Venture,
    *,
    asker: Actor,
    approver: Actor,
) -> None:
    client, path = enter(asker), desk(centre, "/money/release")
    asked = claim_pages.ask(client, path, a_release(venture, "1,000.01"))
    assert "Another director approves this before it is paid." in text_of(asked)
    assert "One director alone may pay up to £1,000.00" in text_of(asked)
    done = confirm(client, path, asked)
    assert done.location == "/payment-requests/PR-0001"
    page = text_of(client.get(done.location))
    assert "PR-0001 waits for another director. Nothing is recorded until then." in page
    assert "Withdraw this request" in page
    assert "Look at it and approve" not in page
    assert tranches(session) == []

    again = client.post(path, data={**sent(asked), "confirmed": "yes"})
    assert again.location == done.location
    shown = client.post(path, data=sent(asked))
    assert (shown.status_code, shown.location) == (303, done.location)

    client = enter(approver)
    notice = "A payment of £1,000.01 waits for a second director"
    assert notice in text_of(client.get(desk(centre)))
    assert notice in text_of(client.get(desk(centre, "")))
    assert "After that the bank would have £8,999.99" in text_of(client.get(desk(centre)))
    page = text_of(client.get("/payment-requests/PR-0001"))
    assert "Look at it and approve" in page
    assert "Ana Reed" in page

    path = "/payment-requests/PR-0001/approve"
    looked = client.get(path)
    for told in ("Venture funding: COPD helpline", "£10,000.00", "£8,999.99", "Nurses in post"):
        assert told in text_of(looked)
    done = client.post(path, data=sent(looked))
    assert done.location == "/payment-requests/PR-0001"
    [transfer] = tranches(session)
    assert (transfer.pence, transfer.on) == (1_000_01, clock.today())
    assert transfer.recorded_by_id == approver.user_id
    page = text_of(client.get(done.location))
    assert "You approved it, and £1,000.01 is recorded as paid today." in page
    assert reference("transfer", transfer.id) in page
    assert "PR-0001" in text_of(client.get(f"/transfers/{reference('transfer', transfer.id)}"))


def test_up_to_the_limit_the_desk_records_it_at_once(
    enter: Enter, session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    client, path = enter(asker), desk(centre, "/money/release")
    asked = claim_pages.ask(client, path, a_release(venture, "1,000"))
    assert "Another director" not in text_of(asked)
    done = confirm(client, path, asked)
    assert done.location.startswith("/transfers/T-")
    assert verdict_on(session) is PaymentVerdict.WITHIN_LIMIT
    asked = claim_pages.ask(client, path, a_release(venture, "0.01"))
    assert "£1,000.00 went to the same payee within seven days" in text_of(asked)
    assert "it would be £1,000.01" in text_of(asked)


def test_what_the_bank_cannot_carry_beside_what_waits_is_said_and_not_refused(
    enter: Enter, centre: Centre, venture: Venture, waiting: PaymentRequest, asker: Actor
) -> None:
    client, path = enter(asker), desk(centre, "/money/release")
    asked = claim_pages.ask(client, path, a_release(venture, "8,500.01"))
    assert waiting.pence == 1_500_00
    assert "the bank would be £0.01 short" in text_of(asked)
    done = confirm(client, path, asked)
    assert done.location == "/payment-requests/PR-0002"
    assert "would have −£0.01 after everything" in text_of(client.get(done.location))


def test_the_same_form_with_other_values_is_refused(
    enter: Enter, session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    client, path = enter(asker), desk(centre, "/money/release")
    asked = claim_pages.ask(client, path, a_release(venture, "5"))
    confirm(client, path, asked)
    other = client.post(path, data={**sent(asked), "pounds": "6", "confirmed": "yes"})
    assert other.status_code == 409
    assert "sent before, with other values" in text_of(other)
    assert [each.pence for each in tranches(session)] == [5_00]


def test_nobody_is_offered_to_approve_their_own(
    enter: Enter, session: Session, waiting: PaymentRequest, asker: Actor
) -> None:
    client, path = enter(asker), address(waiting, "approve")
    shown = client.get(path)
    assert "nobody approves a payment of their own" in text_of(shown)
    assert not soup(shown).select("main form button")
    refused = client.post(path, data={"seen": ""})
    assert refused.status_code == 409
    assert verdict_on(session) is None


def test_a_request_is_declined_with_a_reason(
    enter: Enter, session: Session, centre: Centre, waiting: PaymentRequest, approver: Actor
) -> None:
    client, path = enter(approver), address(waiting, "decline")
    for reason, says in (("", "Say why"), ("=1", "spreadsheet formula"), ("x" * 301, "Shorten")):
        refused = client.post(path, data={"reason": reason})
        assert refused.status_code == 422
        assert says in text_of(refused)
    done = client.post(path, data={"reason": "The milestone is not reached."})
    page = text_of(client.get(done.location))
    assert "You declined it. Nothing was paid." in page
    assert "The milestone is not reached." in page
    assert "by Ben Cole" in page
    assert verdict_on(session) is PaymentVerdict.DECLINED
    assert "waits for a second director" not in text_of(client.get(desk(centre)))


def test_whoever_asked_is_told_by_mail_what_was_decided(
    enter: Enter,
    session: Session,
    settings: Settings,
    waiting: PaymentRequest,
    *,
    asker: Actor,
    approver: Actor,
) -> None:
    asked_by = session.get_one(User, asker.user_id).email
    client, path = enter(approver), address(waiting, "approve")
    looked = sent(client.get(path))
    assert [client.post(path, data=looked).status_code for _ in range(2)] == [303, 303]
    [mail] = [file.read_text() for file in settings.mail_dir.glob("*.eml")]
    assert f"To: {asked_by}" in mail
    assert "Your payment request PR-0001 has been approved, and is recorded as paid today" in mail
    assert f"Look at it: http://localhost{address(waiting)}\n" in mail


def test_whoever_asked_is_told_by_mail_that_it_was_declined(
    enter: Enter, settings: Settings, waiting: PaymentRequest, approver: Actor
) -> None:
    client = enter(approver)
    client.post(address(waiting, "decline"), data={"reason": "The milestone is not reached."})
    [mail] = [file.read_text() for file in settings.mail_dir.glob("*.eml")]
    assert "Your payment request PR-0001 has been declined. Nothing was paid" in mail
    assert "milestone" not in mail


def test_a_request_is_withdrawn_by_whoever_asked(
    enter: Enter, session: Session, waiting: PaymentRequest, asker: Actor, approver: Actor
) -> None:
    client, path = enter(approver), address(waiting, "withdraw")
    assert "Only whoever asked" in text_of(client.get(path))
    assert client.post(path).status_code == 409
    client = enter(asker)
    assert "Withdraw it" in text_of(client.get(address(waiting, "decline")))
    done = client.post(path)
    assert "You withdrew it. Nothing was paid." in text_of(client.get(done.location))
    assert verdict_on(session) is PaymentVerdict.WITHDRAWN
    assert "that is final" in text_of(client.get(path))


def test_a_decided_request_says_who_decided_it(
    enter: Enter, session: Session, centre: Centre, waiting: PaymentRequest, approver: Actor
) -> None:
    approve_payment(session, approver, waiting)
    client = enter(a_director(session, centre))
    for act in ("approve", "decline"):
        page = client.get(address(waiting, act))
        assert "Ben Cole approved PR-0001 on 16 November 2026, and that is final" in text_of(page)
        assert client.post(address(waiting, act), data={"reason": "Too late"}).status_code == 409
    assert len(tranches(session)) == 1


def test_shares_that_changed_since_are_shown_and_approved_as_they_are(
    enter: Enter, session: Session, centre: Centre, asker: Actor, approver: Actor
) -> None:
    for name, pence in (("Harbour", 3_000_00), ("Trust", 1_000_00)):
        investor = builders.an_investor(session, name=name)
        terms = builders.an_instrument(
            session, centre, investor, reference=name, kind=InstrumentKind.QUASI_EQUITY
        )
        drawn = {"investor": investor, "instrument": terms, "pence": pence}
        builders.a_transfer(session, centre, Cause.DRAWDOWN, **drawn)  # type: ignore[arg-type]
    client, path = enter(asker), desk(centre, "/money/distribute")
    today = {f"on-{part}": str(getattr(clock.today(), part)) for part in ("day", "month", "year")}
    confirm(client, path, claim_pages.ask(client, path, {"pounds": "2,000", **today}))

    client, path = enter(approver), "/payment-requests/PR-0001/approve"
    looked = client.get(path)
    assert "Who gets what has changed" not in text_of(looked)
    drawn |= {"pence": 2_000_00}
    builders.a_transfer(session, centre, Cause.DRAWDOWN, **drawn)  # type: ignore[arg-type]
    session.commit()
    stale = client.post(path, data=sent(looked))
    assert stale.status_code == 409
    assert "Who gets what has changed since you looked" in text_of(stale)
    looked = client.get(path)
    assert "Who gets what has changed" in text_of(looked)
    assert "since Ana Reed asked for this" in text_of(looked)
    assert client.post(path, data=sent(looked)).status_code == 303
    request = session.exec(select(PaymentRequest)).one()
    posted = [each.pence for each in list_transfers_of(session, request)]
    session.commit()
    assert posted == [1_000_00, 1_000_00]
    page = text_of(client.get("/payment-requests/PR-0001"))
    assert page.count("£1,000.00") == len([*posted, "the limit"])


def test_what_can_no_longer_be_paid_says_so_instead_of_a_button(
    enter: Enter, session: Session, centre: Centre, waiting: PaymentRequest, approver: Actor
) -> None:
    builders.a_transfer(session, centre, Cause.RUNNING_COST, pence=1)
    other = builders.a_venture(session, centre)
    a_third = a_director(session, centre)
    spent = ask(session, a_third, centre, a_tranche(other, 9_000_00))
    approve_payment(session, approver, spent)
    client = enter(approver)
    page = client.get(address(waiting, "approve"))
    assert "£500.00 short" in text_of(page)
    assert not soup(page).select("main form button")
    assert client.post(address(waiting, "approve"), data={"seen": ""}).status_code == 409


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session, name="Aire ICB")


@pytest.fixture
def clawed_back(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Paid £3,000, of which the payer clawed £2,000 back."""
    measure = builders.a_measure(pence=1_000_00, clawback_days=4_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    decide(session, claim, payer)
    pay(session, claim, payer, 3_000_00)
    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line_of(session, claim),
        units=2,
        reason="Back in hospital",
        idempotency_key="test:1",
    )
    session.commit()
    return claim


def test_money_that_goes_back_on_a_claim_waits_there_too(
    enter: Enter,
    session: Session,
    clawed_back: Claim,
    payer: Organisation,
    *,
    asker: Actor,
    approver: Actor,
) -> None:
    client, path = enter(asker), claim_pages.address(clawed_back, payer, "/return")
    asked = claim_pages.ask(client, path, {"pounds": "2,000"})
    assert "Another director approves this" in text_of(asked)
    assert "Ask to return £2,000.00" in text_of(asked)
    done = confirm(client, path, asked)
    on_claim = f"/claims/CL-{clawed_back.id:04d}"
    assert done.location == on_claim
    waits = "Returning £2,000.00 to this payer waits for a second director"
    assert waits in text_of(client.get(on_claim))
    assert waits in text_of(client.get(path))

    client = enter(approver)
    shown = text_of(client.get("/payment-requests/PR-0001"))
    assert f"Aire ICB, on CL-{clawed_back.id:04d}" in shown
    client.post("/payment-requests/PR-0001/approve", data={"seen": ""})
    page = text_of(client.get(on_claim))
    assert waits not in page
    assert "Returned £2,000.00" in page
    assert "owed to the payer" not in page


def test_a_payer_does_not_see_the_requests_of_a_centre(
    client: Client,
    session: Session,
    centre: Centre,
    clawed_back: Claim,
    payer: Organisation,
    *,
    asker: Actor,
) -> None:
    refund = Payment(
        PaymentKind.REFUND, 2_000_00, TODAY, claim_id=clawed_back.id, payer_id=payer.id
    )
    waiting = ask(session, asker, centre, refund)
    user = builders.a_user(session)
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    session.commit()
    client.sign_in(user)
    page = text_of(client.get(f"/claims/CL-{clawed_back.id:04d}"))
    assert "waits for a second director" not in page
    assert client.get(address(waiting)).status_code == 403


@pytest.fixture
def evaluator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    session.commit()
    return user


def test_an_evaluator_reads_requests_without_names_and_decides_nothing(
    client: Client, centre: Centre, waiting: PaymentRequest, evaluator: User
) -> None:
    client.sign_in(evaluator)
    listed = client.get(desk(centre, "/payment-requests"))
    shown = client.get(address(waiting))
    for page in (listed, shown):
        assert "Ana Reed" not in text_of(page)
        assert "a director" in text_of(page)
        links = " ".join(str(link["href"]) for link in soup(page).select("a[href]"))
        assert not any(act in links for act in ("/approve", "/decline", "/withdraw"))
    for act in ("approve", "decline", "withdraw"):
        assert client.get(address(waiting, act)).status_code == 403
    assert "A payment of £1,500.00 waits" in text_of(client.get(desk(centre)))


def test_what_waits_is_listed_first_oldest_first_then_the_newest(
    enter: Enter,
    session: Session,
    centre: Centre,
    venture: Venture,
    *,
    asker: Actor,
    approver: Actor,
) -> None:
    first, second, third, fourth = (
        ask(session, asker, centre, a_tranche(venture, pence))
        for pence in (1_100_00, 1_200_00, 1_300_00, 1_400_00)
    )
    ask(session, asker, centre, Payment(PaymentKind.RUNNING_COST, 5_00, TODAY, memo="Stamps"))
    approve_payment(session, approver, second)
    decline_payment(session, approver, third, "Not yet")
    client = enter(asker)
    rows = rows_of(soup(client.get(desk(centre, "/payment-requests"))))
    names = [row.partition(" ")[0] for row in rows]
    assert names == ["PR-0001", "PR-0004", "PR-0005", "PR-0003", "PR-0002"]
    assert rows[0].startswith("PR-0001 Waiting Asked for 16 Nov 2026, Ana Reed")
    assert rows[0].endswith("COPD helpline Tranche: Nurses in post £1,100.00")
    assert rows[2].startswith("PR-0005 Within the limit")
    assert rows[2].endswith("The centre's suppliers Running cost: Stamps £5.00")
    assert "Approved 16 Nov 2026, Ben Cole" in rows[4]
    assert [first.id, fourth.id] == [1, 4]

    def filtered(query: str) -> list[str]:
        page = soup(client.get(desk(centre, f"/payment-requests?{query}")))
        return [row.partition(" ")[0] for row in rows_of(page)]

    assert filtered("state=declined") == ["PR-0003"]
    assert filtered("state=waiting&kind=tranche") == ["PR-0001", "PR-0004"]
    assert filtered("kind=running+cost") == ["PR-0005"]
    assert filtered("state=withdrawn") == []
    refused = client.get(desk(centre, "/payment-requests?state=lost"))
    assert refused.status_code == 422


def test_a_long_list_is_paged(
    enter: Enter, session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    for number in range(51):
        ask(session, asker, centre, a_tranche(venture, LIMIT + 1 + number))
    client = enter(asker)
    first, second = (
        rows_of(soup(client.get(desk(centre, f"/payment-requests?page={number}"))))
        for number in (1, 2)
    )
    assert (len(first), len(second)) == (50, 1)
    assert second[0].startswith("PR-0051")


def test_an_empty_list_says_what_will_be_there(
    enter: Enter, session: Session, asker: Actor, centre: Centre
) -> None:
    page = text_of(enter(asker).get(desk(centre, "/payment-requests")))
    assert "No payment has been asked for yet" in page
    assert session.exec(select(PaymentRequest)).all() == []


def test_of_another_centre_nothing_is_found(
    enter: Enter, session: Session, waiting: PaymentRequest
) -> None:
    client = enter(a_director(session, builders.a_centre(session)))
    for act in ("", "approve", "decline", "withdraw"):
        assert client.get(address(waiting, act)).status_code == 404
    assert client.post(address(waiting, "approve"), data={"seen": ""}).status_code == 404
    assert verdict_on(session) is None


def test_whoever_is_director_and_evaluator_is_one_person(
    enter: Enter, session: Session, centre: Centre, waiting: PaymentRequest, asker: Actor
) -> None:
    user = session.get_one(User, asker.user_id)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    client = enter(replace(asker))
    assert client.post(address(waiting, "approve"), data={"seen": ""}).status_code == 409
    assert date(2026, 11, 16) == waiting.on
    assert heading(client.get(address(waiting))).endswith("£1,500.00, tranche")
