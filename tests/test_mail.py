"""Mail, as a server takes it and as it is written into a folder."""

import socket
import stat
import traceback
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from chec import mail
from chec.config import Settings
from chec.mail import Mail, MailNotSent, send_mail
from tests.mail_server import NAME, PASSWORD, mail_server, write_certificate

MAIL = Mail("ann@wren.example", "The trail", "£ 5 – for you\n" + "x" * 200 + "\n")
AS_CHEC = f"{NAME}:{quote(PASSWORD, safe='')}@"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this machine trusts."""
    file = write_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def settings(tmp_path: Path, smtp_url: str = "") -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        smtp_url=SecretStr(smtp_url),
        mail_from="CHEC <chec@wren.example>",
    )


def written(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "data" / "mail").iterdir())


def parsed(file: Path) -> EmailMessage:
    return BytesParser(policy=default).parsebytes(file.read_bytes())


@pytest.mark.parametrize(("scheme", "from_the_start"), [("smtp", False), ("smtps", True)])
def test_a_mail_goes_to_the_server_of_the_settings(
    tmp_path: Path, certificate: Path, scheme: str, from_the_start: bool
) -> None:
    with mail_server(certificate, from_the_start=from_the_start) as inbox:
        send_mail(settings(tmp_path, f"{scheme}://{AS_CHEC}localhost:{inbox.port}"), MAIL)

    [message] = inbox.messages
    assert inbox.recipients == ["ann@wren.example"]
    assert message["From"] == "CHEC <chec@wren.example>"
    assert message["Subject"] == "The trail"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content() == MAIL.text
    assert inbox.passwords == [PASSWORD.encode()]


@pytest.mark.parametrize(("scheme", "from_the_start"), [("smtp", False), ("smtps", True)])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_is_not_proved_to_be_it_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, from_the_start: bool, host: str
) -> None:
    """A certificate of an unknown authority, or of another name."""
    certificate = write_certificate(tmp_path / "certificate.pem")
    if host == "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with mail_server(certificate, from_the_start=from_the_start) as inbox:
        url = f"{scheme}://{AS_CHEC}{host}:{inbox.port}"
        with pytest.raises(MailNotSent, match="SSLCertVerificationError"):
            send_mail(settings(tmp_path, url), MAIL)

    assert (inbox.messages, inbox.passwords) == ([], [])


def test_a_server_without_tls_gets_nothing(tmp_path: Path) -> None:
    with mail_server(None) as inbox, pytest.raises(MailNotSent, match="SMTPNotSupportedError"):
        send_mail(settings(tmp_path, f"smtp://{AS_CHEC}localhost:{inbox.port}"), MAIL)

    assert (inbox.messages, inbox.passwords) == ([], [])


def test_a_refusal_tells_nobody_the_address(tmp_path: Path, certificate: Path) -> None:
    with mail_server(certificate) as inbox:
        inbox.refuses = "550 no such person"
        with pytest.raises(MailNotSent) as refused:
            send_mail(settings(tmp_path, f"smtp://localhost:{inbox.port}"), MAIL)

    logged = "".join(traceback.format_exception(refused.value))
    assert "SMTPRecipientsRefused" in logged
    assert "ann@" not in logged


def test_a_server_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(MailNotSent, match=r"TimeoutError|Disconnected"):
            send_mail(settings(tmp_path, url), MAIL)


@pytest.mark.parametrize(
    "url", ["smtp://localhost:1", "smtp://nowhere.invalid:25", "smtp://[", "x"]
)
def test_a_server_that_is_not_there_is_said_so(tmp_path: Path, url: str) -> None:
    with pytest.raises(MailNotSent):
        send_mail(settings(tmp_path, url), MAIL)


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: eve@evil.example", "Hi\nBcc: eve@evil.example\n\nSend money", "Hi\x00\u202e"],
)
def test_a_subject_is_one_header(tmp_path: Path, certificate: Path, subject: str) -> None:
    with mail_server(certificate) as inbox:
        url = f"smtp://localhost:{inbox.port}"
        send_mail(settings(tmp_path, url), Mail("ann@wren.example", subject, "Text"))

    [message] = inbox.messages
    assert inbox.recipients == ["ann@wren.example"]
    assert message["Bcc"] is None
    assert message["Subject"] == " ".join(subject.replace("\x00\u202e", "").split())
    assert message.get_content() == "Text\n"


@pytest.mark.parametrize(
    "to",
    [
        "ann@wren.example, eve@evil.example",
        "ann@wren.example\nBcc: eve@evil.example",
        "Ann <ann@wren.example>",
        "ann",
        "",
        "\ud800@wren.example",
    ],
)
def test_a_mail_has_one_plain_address(tmp_path: Path, to: str) -> None:
    with pytest.raises(MailNotSent):
        send_mail(settings(tmp_path), Mail(to, "Hi", "Text"))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("to", "sent_to"),
    [("ann@exämple.org", "ann@xn--exmple-cua.org"), ("zoë@exämple.org", "zoë@exämple.org")],
)
def test_an_address_may_have_any_letters(
    tmp_path: Path, certificate: Path, to: str, sent_to: str
) -> None:
    with mail_server(certificate) as inbox:
        url = f"smtp://localhost:{inbox.port}"
        send_mail(settings(tmp_path, url), Mail(to, "Zoë – £5", "Text"))
    send_mail(settings(tmp_path), Mail(to, "Zoë – £5", "Text"))

    [message], [file] = inbox.messages, written(tmp_path)
    assert inbox.recipients == [sent_to]
    assert message["Subject"] == parsed(file)["Subject"] == "Zoë – £5"
    assert parsed(file)["To"] == sent_to


def test_without_a_server_a_mail_is_a_file_that_its_owner_may_read(tmp_path: Path) -> None:
    send_mail(settings(tmp_path), MAIL)

    [file] = written(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert MAIL.text in file.read_text()
    assert parsed(file).get_content() == MAIL.text


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(MailNotSent):
        send_mail(settings(tmp_path), MAIL)
