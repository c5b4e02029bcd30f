"""Sending mail: by the SMTP server of the settings, or without one into a folder, to be looked at.

A message is plain text. Nothing of it is logged.
"""

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from chec.config import Settings

_SECONDS = 10


class MailNotSent(Exception):
    """The server could not be reached, or refused; what it said is the cause."""


@dataclass(frozen=True)
class Mail:
    """One message to one person."""

    to: str
    subject: str
    text: str


def send_mail(settings: Settings, mail: Mail) -> None:
    """Hand `mail` to the server, or write it as a file `….eml` into `settings.mail_dir`.

    Raises MailNotSent.
    """
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, mail.to
    message["Subject"] = mail.subject
    message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid(domain="chec")
    message.set_content(mail.text)
    try:
        if settings.smtp_url.get_secret_value():
            _send(settings.smtp_url.get_secret_value(), message)
        else:
            _write(settings, message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotSent from error


def _send(url: str, message: EmailMessage) -> None:
    server = urlsplit(url)
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "", server.port or 0, timeout=_SECONDS) as connection:
        if kind is smtplib.SMTP:
            connection.starttls()
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _write(settings: Settings, message: EmailMessage) -> None:
    settings.mail_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = message["Message-ID"].strip("<>").split("@")[0]
    (settings.mail_dir / f"{name}.eml").write_bytes(message.as_bytes())
