"""Every setting, typed and read once; and where the project's files are."""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables, each with the prefix `CHEC_`."""

    model_config = SettingsConfigDict(env_prefix="CHEC_")

    data_dir: Path = Field(Path("var"), description="Folder for the SQLite file and chart cache.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in `data_dir`.")
    public_url: str = Field(
        "http://localhost:8000",
        description="Where people find it: https://…, or http:// on this machine only.",
    )
    secret_key: SecretStr = Field(SecretStr(""), description="Signs sessions and form tokens.")
    totp_key: SecretStr = Field(
        SecretStr(""), description="Encrypts second factors. Lose it, and all are set up anew."
    )
    second_factor_required: bool = Field(
        True, description="Of directors, commissioners and administrators; false only in a demo."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtps://user:password@host or smtp://… with STARTTLS; empty: into a folder.",
    )
    mail_from: str = Field("CHEC <no-reply@localhost>", description="The sender of every mail.")
    cheap_passwords: bool = Field(False, description="Fast password hashes, for tests.")

    @property
    def has_tls(self) -> bool:
        """Whether pages are served under https."""
        return self.public_url.startswith("https://")

    @property
    def mail_dir(self) -> Path:
        """Where mail is written when there is no server for it."""
        return self.data_dir / "mail"

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL with its driver named."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.absolute() / 'chec.db'}"
        scheme, separator, rest = self.database_url.partition("://")
        driver = "postgresql+psycopg" if scheme in {"postgres", "postgresql"} else scheme
        return f"{driver}{separator}{rest}"


@cache
def project_dir(name: str) -> Path:
    """Where `templates`, `static`, `migrations` or `seeds` are.

    In a checkout they stand beside the package; in a built wheel they are inside it.
    """
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
