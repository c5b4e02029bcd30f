"""A mail server on this machine, with a certificate of an authority of our own."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

NAME, PASSWORD = "chec", "a/secret p@ss"


@dataclass
class Inbox:
    """What the server has taken, and what it was told on the way."""

    port: int
    refuses: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        parsed: Message = BytesParser(policy=default).parsebytes(
            envelope.content.replace(b"\r\n", b"\n")
        )
        self.messages.append(cast(EmailMessage, parsed))
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def let_in(self, _server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> Any:
        self.passwords.append(told.password)
        return AuthResult(success=(told.login, told.password) == (NAME.encode(), PASSWORD.encode()))


@contextmanager
def mail_server(certificate: Path | None, *, from_the_start: bool = False) -> Iterator[Inbox]:
    """Takes mail at `port`, under TLS `from_the_start` or once it is asked for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        inbox = Inbox(free.getsockname()[1])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if certificate:
        tls.load_cert_chain(certificate)
    how: dict[str, Any] = {"auth_require_tls": not from_the_start, "enable_SMTPUTF8": True}
    if from_the_start:
        how["ssl_context"] = tls
    elif certificate:
        how |= {"tls_context": tls, "require_starttls": True}
    server = Controller(
        inbox, hostname="127.0.0.1", port=inbox.port, authenticator=inbox.let_in, **how
    )
    server.start()
    yield inbox
    server.stop()


def write_certificate(file: Path) -> Path:
    """A certificate of this machine with its key, which is its own authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return file
