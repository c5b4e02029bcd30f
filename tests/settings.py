"""Settings for tests."""

from pathlib import Path

from pydantic import SecretStr

from chec.config import Settings


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """What a server needs, with passwords that are quick to hash and cookies without TLS."""
    return Settings(
        database_url=database_url,
        data_dir=data_dir,
        secret_key=SecretStr("only for tests"),
        secure_cookies=False,
        cheap_passwords=True,
    )
