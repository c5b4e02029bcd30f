"""Sending mail: by the SMTP server of the settings, or without one into a folder, to be looked at.

A message is plain text to one person. Nothing of it is logged, and no error tells of it.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from email_validator import validate_email

from chec.config import Settings

_SECONDS = 10


class MailNotSent(Exception):
    """The server could not be reached, or refused. Says which kind of error it was, and no more."""


@dataclass(frozen=True)
class Mail:
    """One message to one person."""

    to: str
    subject: str
    text: str


def send_mail(settings: Settings, mail: Mail) -> None:
    """Hand `mail` to the server, or write it as a file `….eml` into `settings.mail_dir`.

    A server that does not prove who it is gets nothing. Raises MailNotSent.
    """
    url = settings.smtp_url.get_secret_value()
    try:
        message = _message(settings.mail_from, mail)
        if url:
            message.set_content(mail.text)
            _send(url, message)
        else:
            message.set_content(mail.text, cte="8bit")  # as it is, for whoever opens the file
            _write(settings, message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        # Not from the error: it may name the address, and would stand in the log.
        raise MailNotSent(type(error).__name__) from None


def _message(sender: str, mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, _address(mail.to)
    message["Subject"] = _in_one_line(mail.subject)
    message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid(domain="chec")
    message["Auto-Submitted"] = "auto-generated"  # so that no absence is answered
    return message


def _address(text: str) -> str:
    """The one address that `text` is, its domain in ASCII where that is possible."""
    found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    return found.ascii_email or found.normalized


def _in_one_line(text: str) -> str:
    """`text` with nothing in it that would end a header or is not to be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _send(url: str, message: EmailMessage) -> None:
    server, tls = urlsplit(url), ssl.create_default_context()
    host, port = server.hostname or "", server.port or 0
    with (
        smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=tls)
        if server.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=_SECONDS)
    ) as connection:
        if server.scheme != "smtps":
            connection.starttls(context=tls)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _write(settings: Settings, message: EmailMessage) -> None:
    settings.mail_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = message["Message-ID"].strip("<>").split("@")[0]
    file = settings.mail_dir / f"{name}.eml"
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(message.as_bytes(policy=EmailPolicy(utf8=True)))
