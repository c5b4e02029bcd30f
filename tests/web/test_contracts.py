"""The pages of contracts."""

import io
import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import Engine, event
from sqlmodel import Session, func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from chec.models import (
    AuditEvent,
    Centre,
    Contract,
    ContractVersion,
    Event,
    MeasureUse,
    Organisation,
    PayerUse,
    Role,
    User,
)
from chec.web.forms.contracts import MOST_BYTES, pack, unpack
from tests import builders
from tests.client import Client, soup

CONTRACTS = "/centres/C-0001/contracts"
PRICES = [{"from": "2022-04-01", "pence": 50_000}]
EVERY_KIND = (
    builders.a_measure(
        "HBA1C",
        cohort="Type 2 diabetes",
        achieved_when={
            "combine": "any",
            "tests": [
                {"reading": "hba1c", "at_most": "58"},
                {"reading": "hba1c", "falls_by_share": "0.085"},
            ],
            "check_days": 365,
            "tolerance_days": 45,
        },
        evidence=["laboratory result"],
        times_per_person=1,
        cap_units=6,
        deadweight="0.15",
        saving_pence={"cashable": 12_000, "non_cashable": 48_000},
        clawback_days=91,
    ),
    builders.a_measure("HBA1C-24", follows="HBA1C", after_days=91, within_days=430),
    builders.a_measure(
        "STAR",
        term={"kind": "sliding_scale", "prices": PRICES, "points": [["0.5", "0"], ["1.4", "1"]]},
    ),
    builders.a_measure(
        "BLOCK",
        term={
            "kind": "contingent_block",
            "years": [{"from": "2022-04-01", "value_pence": 9_000_000, "contingent_share": "0.2"}],
            "indicators": [
                {"code": "A", "weight": "0.5", "rule": "all_or_nothing", "target": "0.95"},
                {"code": "B", "weight": "0.5", "rule": "linear", "floor": "0.8", "target": "0.9"},
            ],
        },
    ),
    builders.a_measure(
        "HEAD",
        term={
            "kind": "capitation",
            "prices": PRICES,
            "corridor": {"width": "0.05", "share": "0.5"},
        },
    ),
    builders.a_measure(
        "SAVED",
        term={
            "kind": "shared_saving",
            "minimum_rate": "0.025",
            "share": "0.45",
            "loss_share": "0.2",
            "gain_cap": "0.1",
        },
    ),
)
RULES = {
    "form": "alliance",
    "cap_pence": 360_000,
    "yearly_caps_pence": {"2026": 260_000},
    "person_cap_pence": 85_000,
    "claim_within_days": 28,
    "decide_within_days": 20,
    "on_silence": "accept",
    "dispute_within_days": 10,
    "pay_within_days": 30,
    "sampling": {"size": 30, "reduce_by_lower_bound": True},
}

SAID = (
    "For: Type 2 diabetes.",
    "Counts when hba1c is 58 or less or hba1c falls by 8.5% or more.",
    "Checked 365 days after the start, give or take 45 days.",
    "Evidence: laboratory result.",
    "Once per person.",
    "At most 6 outcomes.",
    "15% would have happened anyway.",
    "Each saves £120 in cash and £480 that is not cash.",
    "Can be clawed back for 13 weeks.",
    "Follows HBA1C of the same person, at least 13 weeks and at most 430 days after it.",
    "From 0.5 (nothing) to 1.4 (full price).",
    "£90,000 from 1 Apr 2022, 20% of it on the indicators.",
    "A (50%): all of it from 0.95, else nothing.",
    "B (50%): rising from 0.8 to all of it at 0.9.",
    "£500 a head each month",
    "More than 5% off the budget, the payers take 50% of the gain or loss.",
    "45% of what is saved",
    "Once 2.5% of the baseline is saved; below that nothing.",
    "The gain is at most 10% of the baseline.",
    "At most £3,600 is paid in all.",
    "At most £2,600 is paid for outcomes of 2026/27.",
    "one person's outcomes earn at most £850.",
    "An outcome is claimed within 4 weeks of its day.",
    "Each payer decides a claim within 20 days.",
    "Who says nothing by then has accepted the claim. CHEC shows that a decision is late; it",
    "What was rejected may be disputed within 10 days. CHEC keeps no disputes yet",
    "A payer may check 30 records of a line, drawn at random.",
    "CHEC draws no sample and reduces no line by itself yet.",
)
"""About a contract of `EVERY_KIND` and `RULES`."""


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, name="Wren Valley")


@pytest.fixture
def director(client: Client, session: Session, centre: Centre) -> User:
    """Signed in."""
    user = builders.a_user(session, name="Dee Rector")
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    return user


def as_file(document: str | bytes) -> dict[str, Any]:
    data = document.encode() if isinstance(document, str) else document
    return {"file": FileStorage(io.BytesIO(data), "contract.json")}


def send(client: Client, data: dict[str, Any]) -> TestResponse:
    # The client itself would leave the temporary file of a large body open.
    boundary, body = encode_multipart(data)
    return client.post(
        f"{CONTRACTS}/import",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def hidden(page: BeautifulSoup) -> dict[str, str]:
    """What the page to check sends."""
    return {
        str(field["name"]): str(field.get("value", ""))
        for field in page.select("main form input[type=hidden]")
        if field["name"] != "csrf_token"
    }


def errors(page: BeautifulSoup) -> list[str]:
    return [each.text.strip() for each in page.select(".nhsuk-error-summary li")]


def versions(session: Session) -> int:
    """How many there are; nothing is left open."""
    session.rollback()
    count = session.exec(select(func.count()).select_from(ContractVersion)).one()
    session.rollback()
    return count


def test_a_centre_without_contracts_says_how_to_begin(client: Client, director: User) -> None:
    page = soup(client.get(CONTRACTS))
    assert "No contract yet" in page.text
    assert page.select(f'main a[href="{CONTRACTS}/import"]')
    example = page.select_one("pre code")
    assert example
    assert json.loads(example.text)["format"] == "chec-contract/1"


def test_the_document_shown_as_an_example_can_be_imported(
    client: Client, session: Session, director: User
) -> None:
    example = soup(client.get(CONTRACTS)).select_one("pre code")
    assert example
    checked = send(client, {"contract_text": example.text})
    assert checked.status_code == 200
    assert send(client, hidden(soup(checked))).status_code == 303


def test_a_document_is_looked_at_and_then_imported_as_it_came(
    client: Client, session: Session, director: User
) -> None:
    council = builders.a_payer(session, name="Wren Council")
    payers = [{"organisation": name, "share": "1/2"} for name in ("Fenmoor ICB", "wren council")]
    session.commit()
    document = builders.a_contract_document(payers=payers, title="Santé")
    document = json.dumps(json.loads(document), indent=2).replace("\n", "\r\n")
    checked = send(client, as_file(document))
    assert checked.status_code == 200
    assert "It is added as a commissioner." in checked.text
    assert "Yes, as Wren Council" in checked.text
    assert versions(session) == 0
    sent = hidden(soup(checked))
    for said in ("was imported.", "was imported already. Nothing has changed."):
        answer = send(client, sent)
        assert (answer.status_code, answer.location) == (303, "/contracts/CN-0001")
        assert said in client.get(answer.location).text
    assert versions(session) == 1
    [version] = session.exec(select(ContractVersion)).all()
    assert (version.document, version.recorded_by_id) == (document, director.id)
    assert council.id in session.exec(select(Organisation.id)).all()


def test_faults_are_listed_with_their_places_and_the_text_stays(
    client: Client, session: Session, director: User
) -> None:
    document = builders.a_contract_document(ends_on="2021-01-01", colour="blue")
    answer = send(client, {"contract_text": document})
    assert answer.status_code == 422
    places = {each.split(":")[0] for each in errors(soup(answer))}
    assert places == {"ends_on", "colour"}
    area = soup(answer).select_one("textarea")
    assert area
    assert area.text == document
    assert versions(session) == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "Choose the file of the contract document, or paste its text."),
        ({"contract_text": "  \r\n"}, "Choose the file of the contract document"),
        ({"contract_text": "{}", "file": b"{}"}, "There is a file and a pasted text."),
        ({"file": b"x" * (MOST_BYTES + 1)}, "The document has more than 1 MB."),
        ({"contract_text": "x" * (MOST_BYTES + 1)}, "Enter at most 1,000,000 characters."),
        ({"contract_text": "{"}, "line 1, column 2: This is not JSON"),
        ({"file": "é".encode("latin-1")}, "This is not in UTF-8."),
        ({"contract_packed": "nonsense"}, "The document was lost on the way."),
        ({"contract_packed": pack("x" * (MOST_BYTES + 9))}, "The document has more than 1 MB."),
        ({"contract_packed": pack("{}"), "seen": "0"}, "format: This field is missing."),
    ],
)
def test_what_is_no_contract_is_refused_in_words(
    client: Client,
    session: Session,
    director: User,
    data: dict[str, Any],
    says: str,
) -> None:
    file = as_file(data["file"]) if "file" in data else {}
    answer = send(client, {**data, **file})
    assert answer.status_code == 422
    assert any(says in each for each in errors(soup(answer)))
    assert versions(session) == 0


def test_an_nhs_number_is_refused_by_its_place_and_never_shown(
    client: Client, session: Session, director: User
) -> None:
    document = builders.a_contract_document(title="About 943 476 5919")
    answer = send(client, {"contract_text": document})
    assert answer.status_code == 422
    assert errors(soup(answer))[0].startswith("title: ")
    assert "943 476" not in answer.text


def test_an_amount_that_looks_like_an_nhs_number_is_an_amount(
    client: Client, session: Session, director: User
) -> None:
    document = builders.a_contract_document(cap_pence=9_434_765_919)
    answer = send(client, {"contract_text": document})
    assert answer.status_code == 200
    assert "£94,347,659.19" in answer.text


def test_many_faults_are_named_up_to_a_hundred(
    client: Client, session: Session, director: User
) -> None:
    measures = tuple(builders.a_measure(f"M{place}", colour="blue") for place in range(130))
    answer = send(client, as_file(builders.a_contract_document(measures=measures)))
    listed = errors(soup(answer))
    assert (len(listed), listed[-1]) == (101, "And 30 more.")


@pytest.mark.backend("sqlite")
def test_a_document_is_read_before_anybody_else_has_to_wait(
    client: Client, session: Session, director: User
) -> None:
    document, begun = builders.a_contract_document(), list[str]()

    @event.listens_for(client.application.extensions["chec_engine"], "after_cursor_execute")
    def _note(*execution: Any) -> None:
        begun.extend([execution[2]] * execution[2].startswith("BEGIN"))

    for packed, transactions in (
        ("no document", ["BEGIN DEFERRED"]),
        (document, ["BEGIN DEFERRED", "BEGIN IMMEDIATE"]),
    ):
        begun.clear()
        send(client, {"contract_packed": pack(packed), "seen": "0"})
        assert begun == transactions
    assert len(session.exec(select(Contract)).all()) == 1


def test_a_new_version_shows_what_changes_before_it_is_confirmed(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    payer = builders.a_payer(session)
    builders.a_contract(session, centre, payer, reference="WREN", cap_pence=500_000)
    document = builders.a_contract_document(payer, reference="WREN", cap_pence=900_000)
    session.commit()
    checked = send(client, as_file(document))
    assert "This becomes its version 2" in checked.text
    assert "cap changes from £5,000.00 to £9,000.00." in checked.text
    answer = send(client, hidden(soup(checked)))
    assert "was imported as version 2." in client.get(answer.location).text
    again = send(client, as_file(document))
    assert "There is nothing to import." in again.text
    assert not soup(again).select("main form")


def test_a_version_that_claims_forbid_is_refused_with_every_reason(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    payer = builders.a_payer(session)
    same: dict[str, Any] = {"reference": "WREN", "measures": (builders.a_measure("HBA1C"),)}
    contract = builders.a_contract(session, centre, payer, **same)
    document = builders.a_contract_document(
        payer, **same, cap_pence=1, yearly_caps_pence={"2026": 1}
    )
    use(session, contract, payer)
    answer = send(client, as_file(document))
    assert answer.status_code == 422
    assert [each.split(",")[0] for each in errors(soup(answer))] == [
        "The contract's cap",
        "The cap for 2026/27",
    ]
    assert versions(session) == 1


def test_what_somebody_else_imported_meanwhile_is_looked_at_first(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    payer = builders.a_payer(session)
    builders.a_contract(session, centre, payer, reference="WREN")
    mine = builders.a_contract_document(payer, reference="WREN", title="Mine")
    session.commit()
    sent = hidden(soup(send(client, as_file(mine))))
    builders.a_contract(session, centre, payer, reference="WREN", title="Theirs")
    session.commit()
    shown = send(client, sent)
    assert shown.status_code == 200
    assert "Somebody has imported another version" in errors(soup(shown))[0]
    assert "title changes from Theirs to Mine." in shown.text
    assert versions(session) == 2
    assert send(client, hidden(soup(shown))).status_code == 303
    assert versions(session) == 3


def use(session: Session, contract: Contract, payer: Organisation) -> None:
    """£1,410.50 accepted and £600 held, of 2026/27."""
    measure = "HBA1C"
    session.add(
        MeasureUse(contract_id=contract.id, measure=measure, accepted_units=3, held_units=2)
    )
    session.add(
        PayerUse(
            contract_id=contract.id,
            measure=measure,
            financial_year=2026,
            payer_id=payer.id,
            accepted_pence=141_050,
            held_pence=60_000,
        )
    )
    session.commit()


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session, name="Fenmoor ICB")


@pytest.fixture
def contract(session: Session, centre: Centre, payer: Organisation) -> Contract:
    payers = [
        {"organisation": "Fenmoor ICB", "share": "2/3", "commitment_pence": 230_000},
        {"organisation": "Fenmoor Council", "share": "1/3"},
    ]
    contract = builders.a_contract(
        session, centre, reference="WREN", payers=payers, measures=EVERY_KIND, **RULES
    )
    use(session, contract, payer)
    return contract


def test_a_contract_reads_like_a_rate_card(
    client: Client, contract: Contract, director: User
) -> None:
    text = " ".join(soup(client.get("/contracts/CN-0001")).text.split())
    assert [sentence for sentence in SAID if sentence not in text] == []


def rows(page: BeautifulSoup, caption: str) -> list[list[str]]:
    [table] = [
        table
        for table in page.select("table")
        if caption in table.select_one("caption").text  # type: ignore[union-attr]
    ]
    return [
        [" ".join(cell.text.split()) for cell in row.select("th, td")]
        for row in table.select("tbody tr")
    ]


def test_a_contract_says_where_it_stands(
    client: Client, contract: Contract, director: User
) -> None:
    page = soup(client.get("/contracts/CN-0001"))
    figures = [each.text.strip() for each in page.select(".chec-figure__value")]
    assert [each.split(":")[0] for each in figures] == ["£3,600", "£1,410.50", "£600", "£1,589.50"]
    assert rows(page, "commitment") == [
        ["Fenmoor ICB", "2/3", "£2,300", "£1,410.50", "£600", "£289.50"],
        ["Fenmoor Council", "1/3", "No limit", "£0", "£0", "No limit"],
    ]
    assert rows(page, "financial year") == [["2026/27", "£2,600", "£1,410.50", "£600", "£589.50"]]
    assert rows(page, "each measure") == [
        ["HBA1C Outcome HBA1C", "6", "3", "2", "1", "–", "£1,410.50", "£600", "–"]
    ]
    assert "5 of 6 measures have no cap, and nothing was claimed on them." in " ".join(
        page.text.split()
    )


def test_what_is_not_priced_yet_says_so(client: Client, contract: Contract, director: User) -> None:
    page = soup(client.get("/contracts/CN-0001"))
    assert "contingent block, capitation, shared saving" in page.text
    assert [tag.text.strip() for tag in page.select("table .nhsuk-tag")] == ["Not priced yet"] * 3


def test_a_commissioner_finds_its_own_line(
    client: Client, session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    builders.a_contract(session, centre, reference="OTHERS")
    session.commit()
    client.sign_in(user)
    page = soup(client.get("/contracts/CN-0001"))
    [own] = page.select("tr.chec-own")
    assert " ".join(own.select_one("th").text.split()) == "Fenmoor ICB You"  # type: ignore[union-attr]
    assert "Import a new version" not in page.text
    index = client.get(CONTRACTS)
    assert "WREN" in index.text
    assert "OTHERS" not in index.text
    assert "Import a contract" not in index.text
    assert client.get("/contracts/CN-0002").status_code == 404


def test_every_version_can_be_read_and_downloaded(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    payer = builders.a_payer(session)
    for title in ("First", "Second"):
        builders.a_contract(session, centre, payer, reference="WREN", title=title)
    documents = [each.document for each in session.exec(select(ContractVersion).order_by("number"))]
    session.commit()
    newest, first = client.get("/contracts/CN-0001"), client.get("/contracts/CN-0001?version=1")
    assert soup(newest).select_one("h1").text.strip().endswith("Second")  # type: ignore[union-attr]
    assert soup(first).select_one("h1").text.strip().endswith("First")  # type: ignore[union-attr]
    assert "It is not the newest" in first.text
    assert "Where it stands" not in first.text
    file = client.get("/contracts/CN-0001/document.json")
    assert (file.mimetype, file.data.decode()) == ("application/json", documents[1])
    disposition = file.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="CN-0001-version-2.json"'
    assert client.get("/contracts/CN-0001/document.json?version=1").text == documents[0]
    for wrong in ("3", "0", "x", "01"):
        assert client.get(f"/contracts/CN-0001?version={wrong}").status_code == 404
    session.rollback()
    taken = session.exec(select(AuditEvent).where(AuditEvent.event == Event.DOWNLOADED)).all()
    assert len(taken) == 2


def test_a_page_takes_as_many_queries_however_much_there_is(
    client: Client, session: Session, centre: Centre, director: User, contract: Contract
) -> None:
    engine: Engine = client.application.extensions["chec_engine"]
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *about: asked.append(about[2]))

    def queries(path: str) -> int:
        asked.clear()
        assert client.get(path).status_code == 200
        return len(asked)

    few = [queries(CONTRACTS), queries("/contracts/CN-0001")]
    for title in ("Second", "Third", "Fourth"):
        builders.a_contract(session, centre, reference=title)
        payers = [{"organisation": f"ICB {title}", "share": 1}]
        builders.a_contract(session, centre, reference="NEW", title=title, payers=payers)
    session.commit()
    assert [queries(CONTRACTS), queries("/contracts/CN-0001")] == few


@pytest.mark.parametrize("text", ["", "{}", "é\r\n\ufeff\x00", "x" * MOST_BYTES])
def test_a_packed_document_comes_out_as_it_went_in(text: str) -> None:
    assert unpack(pack(text)) == text.encode()
