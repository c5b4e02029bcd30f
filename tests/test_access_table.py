"""Who may open what: every route, every role, and everybody's rows, against one table.

The roles come from `MAY`, through what each route declares; the table adds which row a route is
about and for whom there is one of their own. A new route fails here until it has its line.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chec.models import (
    Role,
)
from chec.permissions import MAY, Action
from chec.web.access import Access, declared_access
from tests.access_world import NO_ROW, OF_A_CENTRE, Rows, Whose, World, world
from tests.client import Client

__all__ = ["world"]  # the rows that are asked for

SIGN_OUT = 'action="/logout"'


class Route(NamedTuple):
    """What a route is asked with, and who may own such a row.

    `part`: htmx asks for it. `shared`: it is about the centre, for whoever has a row there.
    `own`: it is about whatever is the asker's. `no_row`: it is asked for a row that nobody has.
    `leads_to`: the page for signing in to which it rightly leads whoever may ask for it.
    """

    values: Callable[[Rows, Role], dict[str, Any]]
    owners: frozenset[Role] = frozenset(Role)
    part: bool = False
    shared: bool = False
    own: bool = False
    no_row: bool = False
    leads_to: str = ""


def of_the_centre(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"centre_id": rows.centre}


def of_the_investor(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"centre_id": rows.centre, "investor_id": rows.investor}


def of_the_contract(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"contract_id": rows.contract}


def of_the_claim(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"claim_id": rows.claim}


def of_the_transfer(rows: Rows, role: Role) -> dict[str, Any]:
    return {"transfer_id": rows.transfers[role]}


def of_the_return(rows: Rows, role: Role) -> dict[str, Any]:
    return {"result_id": rows.returns[role]}


def of_the_payment_request(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"request_id": rows.payment_request}


def of_the_part(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"claim_id": rows.claim, "payer_id": rows.payer}


def of_the_paid_part(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"claim_id": rows.paid.claim, "payer_id": rows.payer}


def of_the_payment(rows: Rows, role: Role) -> dict[str, Any]:
    return {**of_the_paid_part(rows, role), "transfer_id": rows.paid.transfer}


def of_the_line(rows: Rows, role: Role) -> dict[str, Any]:
    return {**of_the_paid_part(rows, role), "line_id": rows.paid.line}


def of_the_record(rows: Rows, role: Role) -> dict[str, Any]:
    return {**of_the_paid_part(rows, role), "record_id": rows.paid.record}


def of_nobody(_rows: Rows, _role: Role) -> dict[str, Any]:
    return {}


def with_a_made_up_token(_rows: Rows, _role: Role) -> dict[str, Any]:
    return {"token": "made-up"}


def of_the_person(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"centre_id": rows.centre, "user_id": rows.member.user}


def of_the_invitation(rows: Rows, _role: Role) -> dict[str, Any]:
    return {"centre_id": rows.centre, "invitation_id": rows.invitation}


TABLE = {
    "account.end": Route(lambda _rows, _role: {"sign_in_id": NO_ROW}, no_row=True),
    "account.show": Route(of_nobody, own=True),
    "account.sign_out_everywhere": Route(of_nobody, own=True, leads_to="/login"),
    "audit_trail.index": Route(of_nobody, own=True),
    "audit_trail.download": Route(of_nobody, own=True),
    "centres.show": Route(of_the_centre),
    "centres.download": Route(of_the_centre),
    "claims.index": Route(of_the_centre, shared=True),
    "claims.download": Route(of_the_centre, shared=True),
    "claims.new": Route(of_the_centre),
    "claims.show": Route(of_the_claim),
    "claims.submit": Route(of_the_claim),
    "claims.withdraw": Route(of_the_claim),
    "claims.discard": Route(of_the_claim),
    "claim_lines.counts": Route(of_the_claim),
    "claim_lines.upload": Route(of_the_claim),
    "claim_lines.records": Route(of_the_claim),
    "claim_lines.download": Route(of_the_claim),
    "claim_lines.remove": Route(lambda rows, _role: {"claim_id": rows.claim, "measure": "M01"}),
    "claim_decisions.decide": Route(of_the_part),
    "claim_decisions.decide_lines": Route(of_the_part),
    "claim_payments.record": Route(of_the_paid_part),
    "claim_payments.give_back": Route(of_the_paid_part),
    "claim_payments.undo": Route(of_the_payment),
    "clawbacks.index": Route(of_the_paid_part),
    "clawbacks.line": Route(of_the_line),
    "clawbacks.record": Route(of_the_record),
    "contracts.index": Route(of_the_centre, shared=True),
    "contracts.show": Route(of_the_contract),
    "contracts.download": Route(of_the_contract),
    "contracts.import_document": Route(of_the_centre),
    "histories.venture": Route(lambda rows, _role: {"venture_id": rows.venture}),
    "histories.contract": Route(of_the_contract),
    "histories.claim": Route(of_the_claim),
    "histories.investor": Route(of_the_investor),
    "home.index": Route(lambda _rows, _role: {}),
    "inbox.index": Route(lambda _rows, _role: {}, own=True),
    "investors.index": Route(of_the_centre, OF_A_CENTRE),
    "investors.show": Route(of_the_investor),
    "investors.statement": Route(of_the_investor),
    "ledger.index": Route(of_the_centre),
    "ledger.accounts": Route(of_the_centre),
    "ledger.download": Route(of_the_centre),
    "money.index": Route(of_the_centre),
    "money.commit": Route(of_the_centre),
    "money.draw": Route(of_the_centre),
    "money.promise": Route(of_the_centre),
    "money.release": Route(of_the_centre),
    "money.spend": Route(of_the_centre),
    "money.distribute": Route(of_the_centre),
    "outcomes.index": Route(of_the_centre, shared=True),
    "outcomes.download": Route(of_the_centre, shared=True),
    "payment_limit.change": Route(of_the_centre),
    "payment_requests.index": Route(of_the_centre),
    "payment_requests.show": Route(of_the_payment_request),
    "payment_requests.approve": Route(of_the_payment_request),
    "payment_requests.decline": Route(of_the_payment_request),
    "payment_requests.withdraw": Route(of_the_payment_request),
    "payers.index": Route(of_the_centre, OF_A_CENTRE),
    "payers.show": Route(lambda rows, _role: {"centre_id": rows.centre, "payer_id": rows.payer}),
    "people.end": Route(
        lambda rows, role: {**of_the_person(rows, role), "membership_id": rows.member.membership}
    ),
    "people.give": Route(of_the_person),
    "people.index": Route(of_the_centre),
    "people.invitation": Route(of_the_invitation),
    "people.invite": Route(of_the_centre),
    "people.send_again": Route(of_the_invitation),
    "people.show": Route(of_the_person),
    "people.withdraw": Route(of_the_invitation),
    "permissions.index": Route(lambda _rows, _role: {}, own=True),
    "person_accounts.lock": Route(of_the_person),
    "person_accounts.reset": Route(of_the_person),
    "person_accounts.unlock": Route(of_the_person),
    "quarters.index": Route(of_the_centre),
    "quarters.close": Route(lambda rows, _role: {"centre_id": rows.centre, "code": "2022-Q1"}),
    "returns.show": Route(of_the_return),
    "returns.download": Route(of_the_return),
    "roles.index": Route(lambda _rows, _role: {}),
    "runs.index": Route(of_the_centre),
    "runs.new": Route(of_the_centre),
    "runs.progress": Route(of_the_centre, part=True),
    "runs.show": Route(lambda rows, _role: {"run_id": rows.run}),
    "transfers.show": Route(of_the_transfer),
    "transfers.reverse": Route(of_the_transfer),
    "security.mf_recovery_codes": Route(of_nobody, own=True),
    "security.change_password": Route(of_nobody, own=True),
    "begin_set_up_again": Route(with_a_made_up_token, own=True, leads_to="/tf-setup"),
    "security.two_factor_setup": Route(of_nobody, own=True),
    "security.two_factor_setup_validate": Route(
        with_a_made_up_token, own=True, leads_to="/tf-setup"
    ),
    "security.verify": Route(of_nobody, own=True),
    "security.wan_delete": Route(of_nobody, own=True),
    "security.wan_register": Route(of_nobody, own=True),
    "security.wan_register_response": Route(with_a_made_up_token, own=True),
    "security.wan_verify": Route(of_nobody, own=True),
    "security.wan_verify_response": Route(with_a_made_up_token, own=True),
    "ventures.show": Route(lambda rows, _role: {"venture_id": rows.venture}),
}
OPEN_TO_ALL = {
    "invitations.accept",
    "security.forgot_password",
    "security.login",
    "security.logout",
    "security.mf_recovery",
    "security.reset_password",
    "security.two_factor_token_validation",
    "security.wan_signin",
    "security.wan_signin_response",
    "security_contact.show",
    "static",
}
CLOSED = {
    "security.static",
    "security.tf_select",
    "security.two_factor_rescue",
}


class Asker(Client):
    """Looks at the answer's status only: other tests read the pages, which takes its time."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return FlaskClient.open(self, *args, **{"buffered": True, **kwargs})


@pytest.mark.backend("sqlite")
def test_every_route_has_its_line_in_the_table(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints == TABLE.keys() | OPEN_TO_ALL | CLOSED


def test_each_route_opens_to_its_roles_and_each_row_to_its_owner(app: Flask, world: World) -> None:
    wrong = []
    for role, user in world.people.items():
        client = a_client(app)
        client.sign_in(user)
        for endpoint, method in asked(app):
            for whose, rows in world.rows.items():
                answer = ask(client, endpoint, method, rows, role)
                status = status_of(endpoint, answer)
                right = answers(app, endpoint, method, role, whose)
                if status not in right:
                    wrong.append(f"{method} {endpoint}, {role}, row {whose}: {status}")
                if is_page(answer) and SIGN_OUT not in answer.text:
                    wrong.append(f"{method} {endpoint}, {role}: nobody can sign out there")
                if TABLE[endpoint].leads_to:
                    client.sign_in(user)
    assert not wrong, "\n".join(wrong)


def test_signed_out_every_route_leads_to_the_sign_in_page(app: Flask, world: World) -> None:
    client = a_client(app)
    for endpoint, method in asked(app):
        for rows in world.rows.values():
            answer = ask(client, endpoint, method, rows, Role.DIRECTOR)
            status, header = (401, "HX-Redirect") if TABLE[endpoint].part else (302, "Location")
            assert answer.status_code == status, f"{method} {endpoint}"
            assert answer.headers[header].startswith("/login")


@pytest.mark.backend("sqlite")
def test_what_is_open_to_all_is_declared_so_and_the_rest_is_closed(app: Flask) -> None:
    for endpoint in OPEN_TO_ALL:
        assert declared_access(app, endpoint) is Access.OPEN_TO_ALL
    for endpoint in CLOSED:
        assert declared_access(app, endpoint) is None
    assert a_client(app).get("/tf-rescue").status_code == 404


def answers(
    app: Flask, endpoint: str, method: str, role: Role | None, whose: Whose
) -> frozenset[int]:
    """The statuses that are right."""
    access = declared_access(app, endpoint)
    done = frozenset(range(200, 400)) | ({409, 422} if method == "POST" else set[int]())
    if access is Access.SIGNED_IN:
        return frozenset({404}) if TABLE[endpoint].no_row else done
    assert isinstance(access, Action)
    if role not in MAY[access]:
        return frozenset({403})
    route = TABLE[endpoint]
    if route.own:
        return done
    reaches_neighbours = role in OF_A_CENTRE or route.shared
    is_theirs = whose is Whose.OWN or (whose is Whose.NEIGHBOURS and reaches_neighbours)
    return done if is_theirs and role in route.owners else frozenset({404})


def asked(app: Flask) -> Iterator[tuple[str, str]]:
    """Every route of the table by each of its methods, those that change nothing first."""
    for method in ("GET", "POST"):
        for rule in app.url_map.iter_rules():
            if rule.endpoint in TABLE and method in (rule.methods or ()):
                yield rule.endpoint, method


def ask(client: Client, endpoint: str, method: str, rows: Rows, role: Role | None) -> TestResponse:
    """The answer to a request without data."""
    route = TABLE[endpoint]
    with client.application.test_request_context():
        address = client.application.url_for(endpoint, **route.values(rows, role or Role.DIRECTOR))
    headers = {"HX-Request": "true"} if route.part else {}
    return client.open(address, method=method, headers=headers)


def status_of(endpoint: str, answer: TestResponse) -> int:
    """Its status; 401 where it sends the asker to sign in, in whatever way, and lets nobody in."""
    place = answer.headers.get("Location", "")
    is_sent = place.startswith(("/login", "/tf-setup", "/verify"))
    return 401 if is_sent and place != TABLE[endpoint].leads_to else answer.status_code


def is_page(answer: TestResponse) -> bool:
    """Whether it is a page of its own, also one that says why there is no other."""
    part = "HX-Request" in answer.request.headers
    return answer.mimetype == "text/html" and not part and not answer.location


def a_client(app: Flask) -> Asker:
    """Somebody signed out, whose forms are no forgeries."""
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Asker
    return cast(Asker, app.test_client())
