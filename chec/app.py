"""The wiring of the web application, on one page."""

from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from htmx_flask import Htmx

from chec.config import Settings, project_dir
from chec.db import make_engine
from chec.web import (
    access,
    addresses,
    centres,
    charts,
    claim_decisions,
    claim_lines,
    claim_payments,
    claims,
    clawbacks,
    contracts,
    errors,
    headers,
    home,
    inbox,
    incoming_text,
    investors,
    ledger,
    mailing,
    money,
    outcomes,
    payers,
    people,
    quarters,
    rendering,
    returns,
    runs,
    sign_in,
    static_files,
    trail,
    transaction,
    transfers,
    ventures,
)

BLUEPRINTS = (
    centres.pages,
    claim_decisions.pages,
    claim_lines.pages,
    claim_payments.pages,
    claims.pages,
    clawbacks.pages,
    contracts.pages,
    home.pages,
    inbox.pages,
    investors.pages,
    ledger.pages,
    money.pages,
    outcomes.pages,
    payers.pages,
    people.pages,
    quarters.pages,
    returns.pages,
    runs.pages,
    transfers.pages,
    ventures.pages,
)


def create_app(settings: Settings) -> Flask:
    """The application on the database and with the secret that `settings` name.

    Raises ValueError where there is no secret key: sessions signed with a known key are open doors.
    """
    app = Flask(
        __name__,
        template_folder=str(project_dir("templates")),
        static_folder=str(project_dir("static")),
    )
    app.config.from_mapping(_configuration(settings))
    addresses.prepare(app)
    rendering.prepare(app)
    charts.prepare(app, settings.data_dir / "charts")
    errors.prepare(app)
    static_files.prepare(app)
    Htmx(app)

    # Before a view these run from top to bottom, after it from bottom to top.
    Compress(app)
    headers.prepare(app)
    trail.prepare(app)
    mailing.prepare(app, settings)
    transaction.prepare(app, make_engine(settings.url))
    incoming_text.prepare(app)
    CSRFProtect(app)
    sign_in.prepare(app, settings)
    access.prepare(app)

    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def application() -> Flask:
    """The application as the environment sets it up: `gunicorn "chec.app:application()"`."""
    return create_app(Settings())


def _configuration(settings: Settings) -> dict[str, object]:
    for name in ("secret_key", "totp_key"):
        if not getattr(settings, name).get_secret_value():
            variable = f"CHEC_{name.upper()}"
            raise ValueError(f"Set {variable} to a long random text, the same for every process.")
    return {
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "SESSION_COOKIE_NAME": "chec_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.has_tls,
        "WTF_CSRF_TIME_LIMIT": None,  # a form is good for as long as the session it belongs to
        "WTF_CSRF_SSL_STRICT": False,  # our Referrer-Policy is stricter; the token is the check
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "COMPRESS_MIMETYPES": ["text/html", "text/csv", "image/svg+xml"],
    }
