"""Every setting, typed and read once; and where the project's files are."""

import re
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""The hosts under which a browser on this machine finds a server on it."""

_SHORTEST_KEY = 32
_FEWEST_CHARACTERS = 10
_PLACEHOLDERS = ("change", "placeholder", "example", "password", "secretkey", "yourkey", "123456")
_HOW_TO_MAKE_ONE = 'One is made by: python -c "import secrets; print(secrets.token_urlsafe(48))"'


class Settings(BaseSettings):
    """Environment variables, each with the prefix `CHEC_`. A secret is never shown."""

    model_config = SettingsConfigDict(env_prefix="CHEC_", hide_input_in_errors=True)

    data_dir: Path = Field(Path("var"), description="Folder for the SQLite file and chart cache.")
    database_url: SecretStr = Field(
        SecretStr(""), description="SQLAlchemy URL; empty: SQLite in `data_dir`."
    )
    public_url: str = Field(
        "http://localhost:8000",
        description="Where people find it: https://…, or http:// on this machine only.",
    )
    bind: str = Field(
        "127.0.0.1:8000", description="Where `chec web` listens: address:port or unix:/path."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=9, description="How many proxies stand in front, each adding X-Forwarded-For."
    )
    secret_key: SecretStr = Field(SecretStr(""), description="Signs sessions and form tokens.")
    totp_key: SecretStr = Field(
        SecretStr(""), description="Encrypts second factors. Lose it, and all are set up anew."
    )
    second_factor_required: bool = Field(
        True, description="Of directors, commissioners and administrators; false only in a demo."
    )
    rate_limit_storage: SecretStr = Field(
        SecretStr("memory://"),
        description="Where attempts are counted: memory:// for each process, redis://… for all.",
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtps://user:password@host or smtp://… with STARTTLS; empty: into a folder.",
    )
    mail_from: str = Field("CHEC <no-reply@localhost>", description="The sender of every mail.")
    log_level: Literal["INFO", "WARNING"] = Field(
        "INFO", description="INFO: a line for every request; WARNING: only what went wrong."
    )
    security_contact: str = Field(
        "", description="https:// or mailto: address for who finds a hole; empty: none is named."
    )
    cheap_passwords: bool = Field(False, description="Fast password hashes, for tests.")

    @property
    def site(self) -> str:
        """Where people find it, to put the path of a page after."""
        return self.public_url.rstrip("/")

    @property
    def has_tls(self) -> bool:
        """Whether pages are served under https."""
        return self.public_url.lower().startswith("https://")

    @property
    def public_host(self) -> str:
        """The name under which people find it, without a port; empty where there is none."""
        try:
            return urlsplit(self.public_url).hostname or ""
        except ValueError:
            return ""

    @property
    def mail_dir(self) -> Path:
        """Where mail is written when there is no server for it."""
        return self.data_dir / "mail"

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL with its driver named; it may hold a password."""
        given = self.database_url.get_secret_value()
        if not given:
            return f"sqlite:///{self.data_dir.absolute() / 'chec.db'}"
        scheme, separator, rest = given.partition("://")
        driver = "postgresql+psycopg" if scheme in {"postgres", "postgresql"} else scheme
        return f"{driver}{separator}{rest}"


def reasons_not_to_start(settings: Settings) -> list[str]:
    """Why a server with these settings would be an open door; empty if it would not.

    No reason repeats a secret.
    """
    return [
        *_faults_of_the_address(settings),
        *_faults_of_the_keys(settings),
        *_faults_of_other_addresses(settings),
        *_faults_behind_tls(settings),
    ]


def is_loopback(address: str) -> bool:
    """Whether an IP address reaches this machine only; False for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _faults_of_the_address(settings: Settings) -> list[str]:
    form = "Write it like https://chec.example.org, in small letters, without a path."
    try:
        parts = urlsplit(settings.public_url)
        strange = parts.username or parts.path.strip("/") or parts.query or parts.fragment
        usual = {"http": 80, "https": 443}
        valid = parts.scheme in usual and parts.hostname and not strange
        # Browsers name it so, and passkeys are compared with what they name.
        valid = valid and parts.port != usual[parts.scheme] and parts.netloc == parts.netloc.lower()
    except ValueError:
        valid = False
    if not valid:
        return [f"CHEC_PUBLIC_URL is no address of a site. {form}"]
    if not settings.has_tls and settings.public_host not in LOOPBACK_NAMES:
        return [
            "CHEC_PUBLIC_URL names another machine without TLS: passwords would be read on the"
            f" way. Put a proxy with TLS in front. {form}"
        ]
    if not settings.has_tls and settings.trusted_proxies:
        return ["CHEC_TRUSTED_PROXIES is for a server behind TLS; CHEC_PUBLIC_URL has none."]
    return []


def _faults_of_the_keys(settings: Settings) -> list[str]:
    keys = {
        "CHEC_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CHEC_TOTP_KEY": settings.totp_key.get_secret_value(),
    }
    faults = [f"{name} {fault}" for name, key in keys.items() if (fault := _fault_of_key(key))]
    if not faults and len(set(keys.values())) < len(keys):
        faults = ["CHEC_SECRET_KEY and CHEC_TOTP_KEY are the same. Give each one of its own."]
    return [*faults, _HOW_TO_MAKE_ONE] if faults else []


def _fault_of_key(key: str) -> str | None:
    letters = "".join(each for each in key.lower() if each.isalnum())
    if not key:
        return "is not set. It must be a long random text, the same for every process."
    if len(key) < _SHORTEST_KEY:
        return f"can be guessed: it has fewer than {_SHORTEST_KEY} characters."
    if len(set(key)) < _FEWEST_CHARACTERS or key in (key + key)[1:-1]:
        return "can be guessed: it repeats itself."
    if any(each in letters for each in _PLACEHOLDERS):
        return "can be guessed: it stands in for one that is random."
    return None


def _faults_of_other_addresses(settings: Settings) -> list[str]:
    faults = []
    if not re.match(r"smtps?://|$", settings.smtp_url.get_secret_value()):
        faults.append("CHEC_SMTP_URL must begin with smtps:// or smtp://.")
    if not re.fullmatch(r"((https://|mailto:)[!-~]+)?", settings.security_contact):
        faults.append("CHEC_SECURITY_CONTACT must begin with https:// or mailto:.")
    store = settings.rate_limit_storage.get_secret_value()
    if not re.match(r"memory://$|rediss?://.", store):
        faults.append("CHEC_RATE_LIMIT_STORAGE must be memory://, or begin with redis://.")
    elif store.startswith("redis") and not find_spec("redis"):
        faults.append("CHEC_RATE_LIMIT_STORAGE needs the Python package redis: pip install redis.")
    return faults


def _faults_behind_tls(settings: Settings) -> list[str]:
    """What only a server without TLS may do."""
    if not settings.has_tls:
        return []
    faults = []
    if not settings.trusted_proxies:
        faults.append(
            "CHEC_TRUSTED_PROXIES is 0, but a proxy with TLS stands in front, and everybody would"
            " seem to come from its address. Set it to 1, or to how many proxies there are."
        )
    if settings.cheap_passwords:
        faults.append("CHEC_CHEAP_PASSWORDS is for tests. Take it away.")
    if not settings.second_factor_required:
        faults.append("CHEC_SECOND_FACTOR_REQUIRED is false, which only a demo may be.")
    return faults


@cache
def project_dir(name: str) -> Path:
    """Where `templates`, `static`, `migrations` or `seeds` are.

    In a checkout they stand beside the package; in a built wheel they are inside it.
    """
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
