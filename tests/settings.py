"""Settings for tests."""

from pathlib import Path

from pydantic import SecretStr

from chec.config import Settings


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """What a server needs, with passwords that are quick to hash served without TLS."""
    return Settings(
        database_url=database_url,
        data_dir=data_dir,
        public_url="http://localhost",
        secret_key=SecretStr("only-for-tests-9nYcQk2Vw7RtZs4LpXb"),
        totp_key=SecretStr("only-for-tests-too-3HfGd8JmKq1WvNx"),
        second_factor_required=False,
        cheap_passwords=True,
    )


def behind_tls(settings: Settings, *, proxies: int = 1) -> Settings:
    """The same server, but at https://chec.example, behind so many proxies."""
    more = {
        "public_url": "https://chec.example",
        "trusted_proxies": proxies,
        "second_factor_required": True,
        "cheap_passwords": False,
    }
    return settings.model_copy(update=more)
