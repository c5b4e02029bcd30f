"""How people write an account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.models import BANK, AccountKey
from chec.models.account import AccountKind as Kind
from chec.rules.account_name import Directory, UnknownAccount, account_key, account_name

DIRECTORY = Directory(
    ventures={"COPD helpline": 1, "Warm homes": 2},
    payers={"Wrenshire ICB": 3},
    investors={"Riverside Foundation": 4},
    instruments={("Riverside Foundation", "RF-2023"): (4, 5)},
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bank", BANK),
        ("manager's share", AccountKey(Kind.MANAGERS_SHARE)),
        ("venture funding: Warm homes", AccountKey(Kind.VENTURE_FUNDING, venture_id=2)),
        (
            "outcome receivable: Wrenshire ICB / COPD helpline",
            AccountKey(Kind.OUTCOME_RECEIVABLE, payer_id=3, venture_id=1),
        ),
        (
            "investor capital: Riverside Foundation / RF-2023",
            AccountKey(Kind.INVESTOR_CAPITAL, investor_id=4, instrument_id=5),
        ),
        ("grant income: Riverside Foundation", AccountKey(Kind.GRANT_INCOME, investor_id=4)),
        ("  venture funding :Warm homes ", AccountKey(Kind.VENTURE_FUNDING, venture_id=2)),
    ],
)
def test_each_kind_of_account_has_a_name(name: str, key: AccountKey) -> None:
    assert account_key(name, DIRECTORY) == key


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("bnak", "Did you mean “bank”?"),
        ("venture funding: Warm hoems", "Did you mean “Warm homes”?"),
        ("venture funding: Cold homes by the sea", "no venture “Cold homes by the sea”"),
        ("venture funding", "Write this account as “venture funding: <venture>”."),
        ("bank: Warm homes", "Write this account as “bank”."),
        ("outcome receivable: Wrenshire ICB", "“outcome receivable: <payer> / <venture>”"),
        ("outcome receivable: Wrenshire CIB / Warm homes", "Did you mean “Wrenshire ICB”?"),
        ("investor capital: Riverside Foundation / RF-2022", "RF-2023"),
        ("", "no account “”"),
    ],
)
def test_a_name_that_is_no_account_says_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(UnknownAccount) as unknown:
        account_key(name, DIRECTORY)
    assert hint in unknown.value.suggesting()


names = st.text("abc XYZ0123456789-&'", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(venture=names, payer=names)
def test_a_written_name_is_read_back(venture: str, payer: str) -> None:
    directory = Directory({venture: 7}, {payer: 8}, {}, {})
    written = account_name(Kind.OUTCOME_RECEIVABLE, venture=venture, payer=payer)
    expected = AccountKey(Kind.OUTCOME_RECEIVABLE, venture_id=7, payer_id=8)
    assert account_key(written, directory) == expected
