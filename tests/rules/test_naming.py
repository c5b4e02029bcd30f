import pytest

from chec.rules.naming import reasons_not_to_name, squeezed


@pytest.mark.parametrize("name", ["COPD helpline", "Ratio 3:1", "Either/or", "x" * 120])
def test_an_ordinary_name_is_accepted(name: str) -> None:
    assert reasons_not_to_name("the venture", name) == []


@pytest.mark.parametrize(
    "name", ["bank: mine", "ends in colon:", "this / that", "/ first", "last /"]
)
def test_a_name_never_looks_like_two_accounts(name: str) -> None:
    assert "the ledger parts the names" in reasons_not_to_name("the venture", name)[0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Give the venture a name."),
        ("x" * 121, "121 characters"),
        ("a\x00b", "unprintable"),
        ("943 476 5919", "NHS number"),
    ],
)
def test_a_name_that_cannot_be_had_is_explained(name: str, reason: str) -> None:
    reasons = reasons_not_to_name("the venture", name)
    assert len(reasons) == 1
    assert reason in reasons[0]


def test_white_space_of_every_kind_becomes_one_plain_space() -> None:
    assert squeezed(" COPD\u00a0\t helpline\n") == "COPD helpline"
