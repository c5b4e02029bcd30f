"""How people write an account: its kind, then whose it is.

`bank` · `venture funding: COPD helpline` · `outcome receivable: Northtown ICB / COPD helpline` ·
`investor capital: Riverside Foundation / RF-2023` · `grant income: Riverside Foundation`
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from chec.models import AccountKey, AccountKind
from chec.models.account import OF_A_PAYER, OF_A_VENTURE, OF_AN_INSTRUMENT, OF_AN_INVESTOR

_JOINED_BY = " / "
T = TypeVar("T")


class UnknownAccount(ValueError):
    """A name that is no account of the centre. Its text says what is wrong."""

    def __init__(self, text: str, name: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(text)
        self._name, self._known = name, known

    def suggesting(self) -> str:
        """The text and, where a known name is like it, what was meant; this takes a while."""
        near = get_close_matches(self._name, self._known, n=1)
        return f"{self} Did you mean “{near[0]}”?" if near else str(self)


@dataclass(frozen=True)
class Directory:
    """Who a centre's accounts can belong to: keys by name.

    `instruments` is by investor's name and the instrument's reference, and gives both keys.
    """

    ventures: Mapping[str, int]
    payers: Mapping[str, int]
    investors: Mapping[str, int]
    instruments: Mapping[tuple[str, str], tuple[int, int]]


def account_name(
    kind: AccountKind,
    *,
    venture: str | None = None,
    payer: str | None = None,
    investor: str | None = None,
    instrument: str | None = None,
) -> str:
    """The name of an account: the kind, and the names of those whose it is, outermost first."""
    owners = [owner for owner in (payer, investor, instrument, venture) if owner]
    return f"{kind}: {_JOINED_BY.join(owners)}" if owners else str(kind)


def account_key(name: str, directory: Directory) -> AccountKey:
    """The account that `name` means in `directory`; UnknownAccount where it means none."""
    label, _, owner = (part.strip() for part in name.partition(":"))
    try:
        kind = AccountKind(label)
    except ValueError as unknown:
        raise _no_such("account", label, list(AccountKind)) from unknown
    names = [part.strip() for part in owner.split(_JOINED_BY)] if owner else []
    wanted = _owners_wanted(kind)
    if len(names) != len(wanted):
        form = account_name(kind, **{each: f"<{each}>" for each in wanted})
        raise UnknownAccount(f"Write this account as “{form}”.")
    return _key_of(kind, dict(zip(wanted, names, strict=True)), directory)


def _owners_wanted(kind: AccountKind) -> list[str]:
    return [
        owner
        for owner, kinds in (
            ("payer", OF_A_PAYER),
            ("investor", OF_AN_INVESTOR),
            ("instrument", OF_AN_INSTRUMENT),
            ("venture", OF_A_VENTURE),
        )
        if kind in kinds
    ]


def _key_of(kind: AccountKind, names: dict[str, str], directory: Directory) -> AccountKey:
    if "instrument" in names:
        pair = (names["investor"], names["instrument"])
        known = {" / ".join(each): keys for each, keys in directory.instruments.items()}
        investor_id, instrument_id = _looked_up("instrument", _JOINED_BY.join(pair), known)
        return AccountKey(kind, investor_id=investor_id, instrument_id=instrument_id)
    return AccountKey(
        kind,
        venture_id=_key("venture", names, directory.ventures),
        payer_id=_key("payer", names, directory.payers),
        investor_id=_key("investor", names, directory.investors),
    )


def _key(owner: str, names: dict[str, str], known: Mapping[str, int]) -> int | None:
    return _looked_up(owner, names[owner], known) if owner in names else None


def _looked_up(owner: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        raise _no_such(owner, name, known)
    return known[name]


def _no_such(what: str, name: str, known: Iterable[str]) -> UnknownAccount:
    return UnknownAccount(f"This centre has no {what} “{name[:80]}”.", name, known)
