import pytest
from sqlmodel import Session

from chec.errors import RuleBroken
from tests import builders


def test_an_email_address_is_kept_in_lower_case_and_used_once(session: Session) -> None:
    assert builders.a_user(session, email=" Jo@CHEC.example ").email == "jo@chec.example"
    with pytest.raises(RuleBroken, match="already a user with this email address"):
        builders.a_user(session, email="JO@chec.example")


@pytest.mark.parametrize(
    "email", ["jo", "jo@", "@chec.example", "jo@chec..example", "a b@c.example"]
)
def test_what_is_no_email_address_is_refused(session: Session, email: str) -> None:
    with pytest.raises(RuleBroken, match="Give an email address"):
        builders.a_user(session, email=email)


def test_no_nhs_number_hides_in_an_email_address(session: Session) -> None:
    with pytest.raises(RuleBroken, match="NHS number"):
        builders.a_user(session, email="9434765919@chec.example")


def test_two_users_never_share_a_session_key(session: Session) -> None:
    assert builders.a_user(session).fs_uniquifier != builders.a_user(session).fs_uniquifier
