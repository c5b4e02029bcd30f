"""Fields that a form does not have change nothing, whatever they are called."""

import pytest
from sqlmodel import Session, select

from chec import clock
from chec.actions.invitations import Invited, Sent, invite_person
from chec.models import Membership, PaymentDecision, PaymentKind, PaymentRequest, Role, User
from chec.permissions import Grant, system_actor
from tests import builders
from tests.client import Client
from tests.payments import LIMIT, a_centre_with_money, a_director
from tests.web import claim_pages

pytestmark = pytest.mark.backend("sqlite")


def test_who_accepts_an_invitation_chooses_a_password_and_nothing_else(
    client: Client, session: Session
) -> None:
    centre, other = builders.a_centre(session), builders.a_centre(session)
    invited = Invited(
        "jo@chec.example", "Jo Reed", Grant(Role.EVALUATOR, centre_id=centre.id), clock.today()
    )
    sent = invite_person(session, system_actor(clock.now()), centre, invited)
    assert isinstance(sent, Sent)
    session.commit()
    extra = {
        "id": "77",
        "user_id": "77",
        "email": "eve@chec.example",
        "name": "Eve",
        "role": "administrator",
        "centre_id": str(other.id),
        "starts_on": "2020-04-01",
        "active": "",
        "fs_uniquifier": "known",
        "tf_primary_method": "authenticator",
    }
    path = f"/invitations/{sent.token}"
    done = claim_pages.ask(client, path, {"password": "teapot lorry meadow", **extra})
    assert done.status_code == 303
    user = session.exec(select(User)).one()
    assert (user.id, user.email, user.name) == (1, "jo@chec.example", "Jo Reed")
    assert user.active
    assert user.fs_uniquifier != "known"
    assert not user.has_second_factor
    held = session.exec(select(Membership)).one()
    assert (held.role, held.centre_id) == (Role.EVALUATOR, centre.id)
    assert (held.user_id, held.starts_on) == (user.id, clock.today())


def test_who_asks_for_a_payment_says_nothing_of_who_asks_decides_or_limits(
    client: Client, session: Session
) -> None:
    centre, other = a_centre_with_money(session), a_centre_with_money(session)
    venture = builders.a_venture(session, centre)
    asker, approver = a_director(session, centre), a_director(session, centre)
    user = session.get_one(User, asker.user_id)
    session.commit()
    client.sign_in(user)
    today = clock.today()
    told = {
        "venture": f"V-{venture.id:04d}",
        "pounds": "1,000.01",
        "memo": "Nurses in post",
        "on-day": str(today.day),
        "on-month": str(today.month),
        "on-year": str(today.year),
    }
    extra = {
        "id": "77",
        "kind": "running cost",
        "pence": "1",
        "limit_pence": "999999999",
        "centre_id": str(other.id),
        "requested_by_id": str(approver.user_id),
        "verdict": "approved",
        "decided_by_id": str(approver.user_id),
        "payer_id": "1",
    }
    path = f"/centres/C-{centre.id:04d}/money/release"
    asked = claim_pages.ask(client, path, {**told, **extra})
    done = client.post(path, data={**claim_pages.sent(asked), **extra, "confirmed": "yes"})
    assert done.location == "/payment-requests/PR-0001"
    request = session.exec(select(PaymentRequest)).one()
    assert (request.kind, request.pence) == (PaymentKind.TRANCHE, 1_000_01)
    assert (request.centre_id, request.limit_pence) == (centre.id, LIMIT)
    assert (request.requested_by_id, request.payer_id) == (asker.user_id, None)
    assert session.exec(select(PaymentDecision)).all() == []
