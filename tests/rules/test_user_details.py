"""What is asked of a user."""

import pytest

from chec.rules.user_details import faults_of_details, kept_address

EMAIL = "ada@chec.example"


@pytest.mark.parametrize(
    "typed",
    [
        "Ada@CHEC.Example",
        " ada@chec.example ",
        "ada@\uff43hec.example",
        "ada@chec\u3002example",
    ],
)
def test_one_mailbox_is_one_address(typed: str) -> None:
    assert kept_address(typed) == EMAIL


@pytest.mark.parametrize(
    "typed", ["\uff41da@chec.example", "\u0430da@chec.example", "adä@a.example"]
)
def test_what_looks_like_another_address_is_refused(typed: str) -> None:
    [fault] = faults_of_details(kept_address(typed), "Ada Min")
    assert (fault.field, fault.reason[:22]) == ("email", "Give an email address ")


@pytest.mark.parametrize(
    "name",
    ["Ada Min", "J.R.R. Tolkien", "Dr. Ada O'Min-Müller", "Ada Min, Jr.", "田中 花子", "x" * 100],
)
def test_an_ordinary_name_is_taken(name: str) -> None:
    assert faults_of_details(EMAIL, name) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Give the person's name."),
        ("customer, unlock it at http://evil.example/x now", "Leave addresses of websites"),
        ("customer, unlock it at HTTPS://x now", "Leave addresses of websites"),
        ("customer, unlock it at www.x now", "Leave addresses of websites"),
        ("customer, unlock it at evil.example now", "Leave addresses of websites"),
        ("customer, write to x@y", "Leave addresses of websites"),
        ("Ada\nMin", "a line break or an unprintable character"),
        ("Ada\u202eMin", "a line break or an unprintable character"),
        ("x" * 101, "Shorten it to 100 or fewer"),
    ],
)
def test_a_name_leads_nowhere_and_is_short(name: str, says: str) -> None:
    [fault] = faults_of_details(EMAIL, name)
    assert fault.field == "name"
    assert says in fault.reason
