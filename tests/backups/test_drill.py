"""The drill: a backup while people work, put back; the same trial balance and the same head."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.backups.commands import Chec, chec_process
from tests.backups.test_restore import connected, head
from tests.backups.writers import people_posting_transfers, transfer_count, trial_balance
from tests.jobs.workers import wait_until


def test_a_backup_under_load_is_put_back_as_it_was_at_its_head(
    chec: Chec,
    engine: Engine,
    database_url: str,
    blank_url: str,
    file: Path,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with people_posting_transfers(database_url, engine):
        wait_until(lambda: transfer_count(engine) > 30)
        with chec_process("db", "backup", file) as backup:
            told, _ = backup.communicate()
        then = transfer_count(engine)
        wait_until(lambda: transfer_count(engine) > then + 10)
    said = re.match(r"Backed up ([0-9,]+) events, head ([0-9a-f]{64})\n", told)
    assert said, told
    event_count, noted = int(said[1].replace(",", "")), said[2]
    balance = trial_balance(engine, event_count=event_count)
    assert sum(balance.values()) == 0
    assert trial_balance(engine) != balance

    monkeypatch.setenv("CHEC_DATABASE_URL", blank_url)
    assert chec("db", "restore", file).exit_code == 0
    is_as_it_was(chec, noted)
    with connected(blank_url) as elsewhere:
        assert trial_balance(elsewhere) == balance
        assert head(elsewhere).event_count == event_count + 1

    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    assert chec("db", "restore", file, "--yes").exit_code == 0
    is_as_it_was(chec, noted)
    assert trial_balance(engine) == balance
    assert head(engine).event_count == event_count + 1


def is_as_it_was(chec: Chec, noted: str) -> None:
    verified = chec("audit", "verify", "--head", noted)
    assert verified.exit_code == 0, verified.output
    checked = chec("db", "check")
    assert checked.exit_code == 0, checked.output
