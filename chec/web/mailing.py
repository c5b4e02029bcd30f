"""Mail that a request sends, after what it tells of has been kept.

It goes out once the transaction has ended below 400; what was rolled back tells nobody anything,
unless the mail tells of a refusal.
"""

from functools import partial
from logging import Logger

from flask import Flask, Response, current_app, flash, g

from chec.config import Settings
from chec.mail import Mail, MailNotSent, send_mail


def prepare(app: Flask, settings: Settings) -> None:
    """Send what the requests of `app` post, by `settings`."""
    app.extensions["chec_settings"] = settings
    app.after_request(_send)


def post(mail: Mail, *, secretly: bool = False, if_refused: bool = False) -> None:
    """Have `mail` sent when this request has done what it tells of; `if_refused`: whatever it did.

    `secretly`: only after the answer has gone out, which then does not tell, by its words or by the
    time it takes, whether there was anybody to write to.
    """
    g.setdefault("mails", []).append((mail, secretly, if_refused))


def _send(response: Response) -> Response:
    settings = current_app.extensions["chec_settings"]
    log = current_app.logger
    for mail, secretly, if_refused in g.pop("mails", []):
        if response.status_code >= 400 and not if_refused:  # noqa: PLR2004  nothing was kept
            continue
        if secretly:
            response.call_on_close(partial(_sent, settings, mail, log))
        elif not _sent(settings, mail, log):
            flash(
                "The mail about it could not be sent: tell the person yourself, or send it again."
            )
    return response


def _sent(settings: Settings, mail: Mail, log: Logger) -> bool:
    try:
        send_mail(settings, mail)
    except MailNotSent as error:
        # Neither who it was for nor what it said: a log holds no personal data.
        log.error("A mail could not be sent: %s", error)
        return False
    return True
