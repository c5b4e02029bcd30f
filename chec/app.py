"""The wiring of the web application, on one page."""

from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from htmx_flask import Htmx

from chec import logs
from chec.config import Settings, project_dir, reasons_not_to_start
from chec.db import make_engine
from chec.web import (
    access,
    account,
    addresses,
    audit_trail,
    centres,
    charts,
    claim_decisions,
    claim_lines,
    claim_payments,
    claims,
    clawbacks,
    contracts,
    cookies,
    devices,
    doors,
    errors,
    headers,
    histories,
    home,
    inbox,
    incoming_text,
    investors,
    invitations,
    ledger,
    limits,
    mailing,
    money,
    outcomes,
    payers,
    payment_limit,
    payment_requests,
    people,
    permissions,
    person_accounts,
    quarters,
    rendering,
    request_log,
    returns,
    roles,
    runs,
    security_contact,
    sign_in,
    static_files,
    trail,
    transaction,
    transfers,
    ventures,
)

BLUEPRINTS = (
    account.pages,
    audit_trail.pages,
    centres.pages,
    claim_decisions.pages,
    claim_lines.pages,
    claim_payments.pages,
    claims.pages,
    clawbacks.pages,
    contracts.pages,
    histories.pages,
    home.pages,
    inbox.pages,
    invitations.pages,
    investors.pages,
    ledger.pages,
    money.pages,
    outcomes.pages,
    payers.pages,
    payment_limit.pages,
    payment_requests.pages,
    people.pages,
    permissions.pages,
    person_accounts.pages,
    quarters.pages,
    returns.pages,
    roles.pages,
    runs.pages,
    security_contact.pages,
    transfers.pages,
    ventures.pages,
)


def create_app(settings: Settings) -> Flask:
    """The application on the database and with the secrets that `settings` name.

    Raises ValueError where the settings leave a door open, with a sentence for each.
    """
    if reasons := reasons_not_to_start(settings):
        raise ValueError("\n".join(reasons))
    app = request_log.LoggedFlask(
        __name__,
        template_folder=str(project_dir("templates")),
        static_folder=str(project_dir("static")),
    )
    app.config.from_mapping(_configuration(settings))
    cookies.prepare(app, settings)
    addresses.prepare(app)
    rendering.prepare(app)
    charts.prepare(app, settings.data_dir / "charts")
    errors.prepare(app)
    static_files.prepare(app)
    doors.prepare(app, settings)
    Htmx(app)

    # Before a view these run from top to bottom, after it from bottom to top.
    request_log.prepare(app)
    Compress(app)
    headers.prepare(app, settings)
    trail.prepare(app)
    mailing.prepare(app, settings)
    transaction.prepare(app, make_engine(settings.url))
    incoming_text.prepare(app)
    app.before_request(doors.refuse_other_sites)
    CSRFProtect(app)
    sign_in.prepare(app, settings)
    devices.prepare(app, settings)
    access.prepare(app)

    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    limits.prepare(app, settings)  # last: at every route there is
    return app


def application() -> Flask:
    """The application as the environment sets it up: `gunicorn "chec.app:application()"`."""
    settings = Settings()
    logs.write_to_stderr(settings.log_level)
    app = create_app(settings)
    transaction.connect(app)
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "PREFERRED_URL_SCHEME": "https" if settings.has_tls else "http",
        "PROVIDE_AUTOMATIC_OPTIONS": False,
        "WTF_CSRF_TIME_LIMIT": None,  # a form is good for as long as the session it belongs to
        "WTF_CSRF_SSL_STRICT": False,  # our Referrer-Policy is stricter; the token is the check
        "MAX_CONTENT_LENGTH": max(incoming_text.MOST_BYTES.values()),
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "COMPRESS_MIMETYPES": ["text/html", "text/csv", "image/svg+xml"],
    }
