"""Settings: what keeps a server from starting, and that no secret is shown."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr, ValidationError

from chec.app import create_app
from chec.cli import main
from chec.config import Settings, is_loopback, reasons_not_to_start
from tests.settings import behind_tls, settings_for

HUSH = "hush-hush-7hB2xQ9"


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    return settings_for("sqlite://", tmp_path)


def test_good_settings_start(good: Settings) -> None:
    assert reasons_not_to_start(good) == []
    assert reasons_not_to_start(behind_tls(good, proxies=2)) == []


def test_a_key_that_is_made_as_we_say_is_taken(good: Settings) -> None:
    for make in (secrets.token_urlsafe, secrets.token_hex):
        for _ in range(200):
            keys = {name: SecretStr(make(48)) for name in ("secret_key", "totp_key")}
            assert reasons_not_to_start(good.model_copy(update=keys)) == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "is not set"),
        ("R9x!kQ2pLm7", "fewer than 32 characters"),
        ("a" * 64, "repeats itself"),
        ("abcdef" * 8, "repeats itself"),
        ("R9x!kQ2pLm7vTz4wBn" * 3, "repeats itself"),
        ("0101010101010101001010100101010101", "repeats itself"),
        ("Change-me-to-something-long-and-random-please", "stands in"),
        ("your_secret_key_that_is_quite_long_0987", "stands in"),
        ("this-is-an-example-of-a-key-0987654xyz", "stands in"),
        ("12345678901234567890abcdefghijklmnop", "stands in"),
    ],
)
@pytest.mark.parametrize("name", ["secret_key", "totp_key"])
def test_a_weak_key_does_not_start(good: Settings, name: str, key: str, why: str) -> None:
    reasons = reasons_not_to_start(good.model_copy(update={name: SecretStr(key)}))
    assert reasons[0].startswith(f"CHEC_{name.upper()} ")
    assert why in reasons[0]
    assert "secrets.token_urlsafe(48)" in reasons[-1]
    assert not key or key not in " ".join(reasons)


def test_two_keys_that_are_one_do_not_start(good: Settings) -> None:
    reasons = reasons_not_to_start(good.model_copy(update={"totp_key": good.secret_key}))
    assert reasons[0] == "CHEC_SECRET_KEY and CHEC_TOTP_KEY are the same. Give each one of its own."


@pytest.mark.parametrize(
    "address",
    [
        "http://chec.example",
        "http://192.0.2.1:8000",
        "http://localhost.evil.example",
        "http://0.0.0.0:8000",
        "ftp://localhost",
        "localhost:8000",
        "https://",
        "https://chec.example/path",
        "https://chec.example?a=b",
        "https://someone@chec.example",
        "https://chec.example:port",
        "https://[::1",
        "https://CHEC.example",
        "https://chec.example:443",
        "http://localhost:80",
        "",
    ],
)
def test_an_address_without_tls_or_sense_does_not_start(good: Settings, address: str) -> None:
    [reason] = reasons_not_to_start(behind_tls(good).model_copy(update={"public_url": address}))
    assert reason.startswith("CHEC_PUBLIC_URL ")


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost",
        "http://localhost:8000",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000",
        "HTTP://localhost",
    ],
)
def test_this_machine_needs_no_tls(good: Settings, address: str) -> None:
    assert reasons_not_to_start(good.model_copy(update={"public_url": address})) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"cheap_passwords": True}, "CHEC_CHEAP_PASSWORDS is for tests."),
        ({"trusted_proxies": 0}, "CHEC_TRUSTED_PROXIES is 0"),
        ({"second_factor_required": False}, "CHEC_SECOND_FACTOR_REQUIRED is false"),
        ({"smtp_url": SecretStr("http://mail.example")}, "CHEC_SMTP_URL must begin"),
        ({"rate_limit_storage": SecretStr("memcached://:x@y")}, "CHEC_RATE_LIMIT_STORAGE must be"),
        ({"rate_limit_storage": SecretStr("redis://:x@y")}, "CHEC_RATE_LIMIT_STORAGE needs the"),
        ({"security_contact": "somebody@chec.example"}, "CHEC_SECURITY_CONTACT must begin"),
        ({"security_contact": "mailto:a@b.c\nPolicy: x"}, "CHEC_SECURITY_CONTACT must begin"),
    ],
)
def test_what_only_a_test_may_do_or_nobody_understands_does_not_start(
    good: Settings, changed: dict[str, Any], says: str
) -> None:
    [reason] = reasons_not_to_start(behind_tls(good).model_copy(update=changed))
    assert reason.startswith(says)


def test_without_tls_there_is_no_proxy_to_trust(good: Settings) -> None:
    [reason] = reasons_not_to_start(good.model_copy(update={"trusted_proxies": 1}))
    assert reason.startswith("CHEC_TRUSTED_PROXIES is for a server behind TLS")


def test_there_is_no_application_with_weak_settings(good: Settings) -> None:
    with pytest.raises(ValueError, match="CHEC_SECRET_KEY is not set") as refused:
        create_app(good.model_copy(update={"secret_key": SecretStr("")}))
    assert good.totp_key.get_secret_value() not in str(refused.value)


def test_no_secret_is_shown_by_settings_or_by_what_is_wrong_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SECRET_KEY", "TOTP_KEY"):
        monkeypatch.setenv(f"CHEC_{name}", HUSH)
    monkeypatch.setenv("CHEC_DATABASE_URL", f"postgresql://chec:{HUSH}@db.example/chec")
    monkeypatch.setenv("CHEC_SMTP_URL", f"smtps://chec:{HUSH}@mail.example")
    monkeypatch.setenv("CHEC_RATE_LIMIT_STORAGE", f"redis://:{HUSH}@store.example")
    settings = Settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert HUSH not in shown + " ".join(reasons_not_to_start(settings))
    assert HUSH in settings.url, "but there it is"
    monkeypatch.setenv("CHEC_TRUSTED_PROXIES", HUSH)
    with pytest.raises(ValidationError) as unreadable:
        Settings()
    assert HUSH not in str(unreadable.value)


@pytest.mark.parametrize("command", [["db", "check"], ["worker"], ["web"], ["demo"]])
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://chec:{HUSH}@127.0.0.1:1/nothing",
        f"postgresql://chec:{HUSH}@[::1/nothing",
        f"nonsense://chec:{HUSH}@127.0.0.1/nothing",
        f"{HUSH}",
    ],
)
def test_no_command_tells_the_password_of_a_database_that_does_not_answer(
    command: list[str], address: str, tmp_path: Path
) -> None:
    keys = {f"CHEC_{name}": secrets.token_urlsafe(48) for name in ("SECRET_KEY", "TOTP_KEY")}
    refused = chec(command, CHEC_DATABASE_URL=address, CHEC_DATA_DIR=str(tmp_path), **keys)
    assert refused.exit_code == 1
    assert HUSH not in refused.output
    assert HUSH not in str(refused.exception)


def test_a_setting_that_cannot_be_read_ends_every_command_with_a_sentence() -> None:
    refused = chec(["db", "check"], CHEC_SECOND_FACTOR_REQUIRED=HUSH)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: CHEC_SECOND_FACTOR_REQUIRED: Input should be a valid")
    assert HUSH not in refused.output


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_what_loopback_is(address: str, is_so: bool) -> None:
    assert is_loopback(address) is is_so


def chec(command: list[str], **environment: str) -> Result:
    return CliRunner().invoke(main, command, env=environment)
