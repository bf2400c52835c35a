"""Building the web application: configuration, database, sessions, languages, portals, API, errors."""

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from marketplace.config import Settings
from marketplace.kernel.db import db
from marketplace.payments.gateway import PaymentProvider, use_provider
from marketplace.payments.stripe_gateway import StripeGateway
from marketplace.recommendations import serving
from marketplace.web import access, api, errors, filters, forms, headers, languages, navigation, session
from marketplace.web.portals import account, hooks, officer, operator, operator_money, producer, public, storefront

ROOT = Path(__file__).resolve().parents[2]
PORTALS = (storefront, account, producer, officer, operator, operator_money, public, hooks)
# The largest form is a listing with its story; photos come in requests of their own.
LARGEST_REQUEST = 256 * 1024


def create_app(settings: Settings, *, testing: bool = False) -> Flask:
    """Build the application.

    Parameters
    ----------
    settings : Settings
        How this installation runs.
    testing : bool
        Let unexpected failures through to the test instead of turning them into a page.
    """
    app = Flask("marketplace", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None,
        TESTING=testing,
    )
    app.extensions["settings"] = settings
    use_provider(_provider(settings))
    serving.use_models_in(settings.data_dir / "models")
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    forms.wire(app)
    csrf = CSRFProtect(app)
    session.wire(app)
    languages.wire(app)
    errors.wire(app)
    access.guard(app)
    headers.wire(app)
    filters.wire(app)
    navigation.wire(app)
    for portal in PORTALS:
        app.register_blueprint(portal.blueprint)
    for blueprint in api.wire(app):
        # Programs prove who they are by token; a cookie counts for nothing there.
        csrf.exempt(blueprint)
    # A provider proves who it is by a signature over what it says.
    csrf.exempt(hooks.blueprint)
    return app


def _provider(settings: Settings) -> PaymentProvider | None:
    if not settings.stripe_api_key:
        return None
    return StripeGateway(settings.stripe_api_key, settings.stripe_webhook_secret, settings.stripe_api_base or None)
