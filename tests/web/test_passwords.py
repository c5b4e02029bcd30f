"""Which passwords are taken."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.web.passwords import LONGEST, faults_of_new_password, hash_password

DEE = ("Dee Rector", "dee.rector@lakeland.example", "Lakeland Health Centre")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "dozen lamp river tree",
        "x#K!9@pL$2%q",
        "Lakeland horse battery staple",
        "пингвин дом облако",
        "x#K!9@pL$2%q" * 83,
    ],
)
def test_a_long_password_that_nobody_guesses_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert not faults_of_new_password(password, *DEE)


@pytest.mark.parametrize(("length", "fault"), [(11, "at least 12"), (1001, "at most 1,000")])
def test_a_password_has_twelve_characters_to_a_thousand(length: int, fault: str) -> None:
    [said] = faults_of_new_password(("x#K!9@pL$2%q" * 84)[:length])
    assert fault in said
    assert LONGEST == 1000


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "letmein letmein",
        "thisismypassword",
        "Summer2025!!",
        "qwertyuiop123456",
        "aaaaaaaaaaaaaaaa",
        "123456789012",
        "𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡𝔭𝔞𝔰𝔰",
        "              ",
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    [said] = faults_of_new_password(password)
    assert said.startswith("Others can guess this: it is a common password")


@pytest.mark.parametrize(
    "password",
    ["Dee Rector Lakeland 2026!", "dEe.ReCtOr@lakeland.example", "chec-health-centre-1"],
)
def test_what_others_know_of_somebody_is_no_password_of_theirs(password: str) -> None:
    [said] = faults_of_new_password(password, *DEE)
    assert said.startswith("Others can guess this: it is made of your name, email or centre.")


def test_a_hash_costs_what_is_written_down() -> None:
    assert hash_password("dozen lamp river tree").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_answered(password: str, word: str) -> None:
    assert all(fault.endswith(".") for fault in faults_of_new_password(password, word))


def test_the_most_intricate_password_is_looked_at_in_a_moment() -> None:
    began = time.process_time()
    faults_of_new_password(("4@8({[<3691!|1|70$5+7%2" * 50)[:LONGEST])
    assert time.process_time() - began < 2
