"""What a request leaves in the audit trail beside its own transaction."""

import pytest
from flask import Flask, Response
from sqlmodel import Session, col, select

from chec.models import AuditEvent, AuditSubject, Cause, Centre, Event, Role, User
from chec.queries.things_named import centre_of
from chec.web.access import open_to_all
from chec.web.trail import note
from tests import builders
from tests.client import Client

pytestmark = pytest.mark.backend("sqlite")


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session)
    session.commit()
    return centre


def somebody(client: Client, session: Session, role: Role, centre: Centre) -> User:
    """Signed in, with that role in the centre."""
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    return user


def noted(session: Session, *events: Event) -> list[AuditEvent]:
    wanted = events or (Event.REFUSED,)
    query = select(AuditEvent).where(col(AuditEvent.event).in_(wanted))
    found = list(session.exec(query.order_by(col(AuditEvent.id))))
    session.commit()
    return found


def test_a_page_that_the_role_does_not_open_is_refused_in_the_trail_of_its_centre(
    client: Client, session: Session, centre: Centre
) -> None:
    user = somebody(client, session, Role.ADMINISTRATOR, centre)
    assert client.get("/centres/C-0001/ledger").status_code == 403
    [event] = noted(session)
    assert (event.user_id, event.acting_for) == (user.id, "administrator of C-0001")
    assert (event.subject, event.detail) == (
        "GET /centres/C-0001/ledger",
        "Their role does not open it.",
    )
    assert (event.centre_id, event.address) == (centre.id, "127.0.0.1")


def test_a_row_of_another_centre_is_refused_in_the_trail_of_that_centre(
    client: Client, session: Session, centre: Centre
) -> None:
    other = builders.a_centre(session)
    venture = builders.a_venture(session, other)
    somebody(client, session, Role.DIRECTOR, centre)
    for path in (f"/ventures/V-{venture.id:04d}", "/ventures/V-9999", "/centres/C-9999/ledger"):
        assert client.get(path).status_code == 404
    there, gone, nowhere = noted(session)
    assert (there.centre_id, gone.centre_id, nowhere.centre_id) == (other.id, None, None)
    assert there.detail == "It is not there, or not theirs."
    about = select(AuditSubject.subject).where(AuditSubject.event_id == there.id)
    assert set(session.exec(about)) == {"GET /ventures/V-0001", "V-0001"}


def test_an_address_that_no_page_has_is_no_refusal(
    client: Client, session: Session, centre: Centre
) -> None:
    somebody(client, session, Role.DIRECTOR, centre)
    for path in ("/nowhere", "/ventures/V-1", "/wp-login.php"):
        assert client.get(path).status_code == 404
    assert noted(session) == []


def test_what_is_not_found_by_somebody_signed_out_is_not_recorded(
    client: Client, session: Session
) -> None:
    client.get("/ventures/V-0001")
    client.get("/reset/not-a-token")
    assert noted(session) == []


def test_a_forged_form_is_recorded_of_whoever_was_made_to_send_it(
    client: Client, session: Session, centre: Centre
) -> None:
    path, headers = "/centres/C-0001/runs/new", {"X-CSRFToken": "forged"}
    assert client.post("/login", headers=headers).status_code == 400
    assert noted(session) == []
    user = somebody(client, session, Role.DIRECTOR, centre)
    assert client.post(path, headers=headers).status_code == 400
    [event] = noted(session)
    assert (event.user_id, event.centre_id) == (user.id, centre.id)
    assert event.detail == "The token of the form was not right."


def test_what_is_not_taken_is_recorded_of_whoever_has_signed_in(
    client: Client, session: Session, centre: Centre
) -> None:
    path, long = "/centres/C-0001/runs/new", {"note": "x" * 2_000_000}
    client.delete(path)
    assert noted(session) == []
    somebody(client, session, Role.DIRECTOR, centre)
    assert client.delete(path).status_code == 405
    assert client.post(path, data=long).status_code == 413
    assert client.post(path, json={}).status_code == 415
    wrong_method, *others = noted(session)
    assert wrong_method.detail == "The address is not used so."
    assert [(each.detail, each.centre_id) for each in others] == [
        ("Too much was sent.", centre.id),
        ("What was sent is of another kind.", centre.id),
    ]


def test_nobody_fills_the_trail_with_refusals(
    client: Client, session: Session, centre: Centre
) -> None:
    somebody(client, session, Role.ADMINISTRATOR, centre)
    refusals = [client.get("/centres/C-0001/ledger").status_code for _ in range(125)]
    assert set(refusals) == {403}
    assert len(noted(session)) == 120
    [told] = noted(session, Event.RATE_LIMITED)
    assert told.detail == "refusals recorded one by one: 120 per 10 minutes"


def test_a_form_with_a_mistake_is_no_refusal(
    client: Client, session: Session, centre: Centre
) -> None:
    transfer = builders.a_transfer(session, centre, Cause.GRANT)
    somebody(client, session, Role.DIRECTOR, centre)
    path = f"/transfers/T-{transfer.id:04d}/reverse"
    assert client.post(path, data={"reason": ""}).status_code == 422
    assert client.get("/centres/C-0001/ledger?from=yesterday").status_code == 422
    assert noted(session) == []


def test_a_rule_that_forbids_an_act_is_recorded_without_what_was_typed(
    client: Client, session: Session, centre: Centre
) -> None:
    somebody(client, session, Role.DIRECTOR, centre)
    assert client.post("/centres/C-0001/quarters/2199-Q1/close").status_code in {404, 409}
    [event] = noted(session)
    assert event.subject == "POST /centres/C-0001/quarters/<code>/close"
    assert event.centre_id == centre.id


def test_a_download_is_recorded_with_the_names_of_its_filters_and_no_value(
    client: Client, session: Session, centre: Centre
) -> None:
    somebody(client, session, Role.DIRECTOR, centre)
    path = "/centres/C-0001/ledger/transfers.csv?from=2024-04-01&cause=grant&mrs=Hill"
    assert client.get(path).status_code == 200
    [event] = noted(session, Event.DOWNLOADED)
    assert event.subject == "GET /centres/C-0001/ledger/transfers.csv"
    assert (event.detail, event.centre_id) == ("filtered by cause, from", centre.id)
    assert (event.changes, event.row_count) == ("", None)


def test_how_many_records_were_taken_is_recorded(
    client: Client, session: Session, centre: Centre
) -> None:
    record = ("M01", "p" * 64, builders.NOW.date().replace(year=2025, month=5))
    contract = builders.a_contract(session, centre)
    claim = builders.a_claim(session, contract, records=[record])
    somebody(client, session, Role.DIRECTOR, centre)
    assert client.get(f"/claims/CL-{claim.id:04d}/records.csv").status_code == 200
    [event] = noted(session, Event.DOWNLOADED)
    assert (event.row_count, event.centre_id) == (1, centre.id)
    assert "p" * 64 not in str(event.model_dump())


def test_what_is_typed_into_a_path_stands_there_by_its_name(app: Flask, session: Session) -> None:
    def view(**_typed: object) -> Response:
        note(Event.RATE_LIMITED, detail="letters")
        return Response("")

    rule = "/letters/<path:secret>/<reference('venture'):venture_id>/<int:page>"
    app.add_url_rule(rule, view_func=open_to_all(view), endpoint="letters")
    assert app.test_client().get("/letters/Sam/Hill/V-0042/7").status_code == 200
    [event] = noted(session, Event.RATE_LIMITED)
    assert event.subject == "GET /letters/<secret>/V-0042/<page>"
    about = set(session.exec(select(AuditSubject.subject)))
    assert about == {event.subject, "V-0042"}


def test_of_somebody_with_roles_elsewhere_only_those_that_belong_there_are_told(
    client: Client, session: Session, centre: Centre
) -> None:
    user = builders.a_user(session)
    fund = builders.an_investor(session)
    venture = builders.a_venture(session, builders.a_centre(session))
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    builders.a_membership(session, Role.PROVIDER, user=user, venture=venture)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=fund)
    session.commit()
    client.sign_in(user)
    assert client.get("/audit").status_code == 403
    assert client.get("/centres/C-0001/runs/new").status_code == 404
    assert client.get("/centres/C-0001/ledger/transfers.csv").status_code == 200
    assert client.get("/ventures/V-0001/history").status_code == 404
    told = [each.acting_for for each in noted(session, Event.REFUSED, Event.DOWNLOADED)]
    assert told == ["", "evaluator of C-0001", "evaluator of C-0001", "provider team of V-0001"]


def test_where_the_first_of_a_path_is_gone_the_next_tells_the_centre(
    session: Session, centre: Centre
) -> None:
    venture = builders.a_venture(session, centre)
    assert centre_of(session, ["V-9999", f"V-{venture.id:04d}"]) == centre.id
    assert centre_of(session, ["V-9999", "O-0001"]) is None
