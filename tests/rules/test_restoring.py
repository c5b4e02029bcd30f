"""What a backup may be put into."""

import pytest

from chec.rules.restoring import Head, Stand, reasons_not_to_restore

KNOWN = ["0003", "0002", "0001"]
OURS, THEIRS = Head("ours", 5, "a hash"), Head("theirs", 5, "a hash")


@pytest.mark.parametrize(
    ("backup", "present"),
    [
        (Stand("0003", OURS), None),
        (Stand("0002", None), None),
        (Stand("0003", OURS), Stand("0003", OURS)),
        (Stand("0003", OURS), Stand("0009", OURS._replace(event_count=9))),
    ],
)
def test_into_an_empty_database_or_the_same(backup: Stand, present: Stand | None) -> None:
    assert reasons_not_to_restore(backup, present, KNOWN) == []


@pytest.mark.parametrize(
    ("backup", "present", "says"),
    [
        (Stand("0009", OURS), None, "this CHEC knows none after 0003"),
        (Stand("0003", OURS), Stand(None, None), "holds something else than CHEC"),
        (Stand("0003", OURS), Stand("0002", None), "Run `chec db upgrade` first"),
        (Stand("0002", None), Stand("0003", OURS), "nothing tells whose it is"),
        (Stand("0003", OURS), Stand("0003", THEIRS), "The backup is of another database"),
    ],
)
def test_into_nothing_else(backup: Stand, present: Stand | None, says: str) -> None:
    [reason] = reasons_not_to_restore(backup, present, KNOWN)
    assert says in reason
