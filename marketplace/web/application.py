"""Building the web application: configuration, database, sessions, languages, portals, API, errors."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from marketplace.backups.queries import use_backups_in
from marketplace.catalogue.holds import use_holds
from marketplace.catalogue.registry_changes import refresh_benefit_of
from marketplace.config import Settings
from marketplace.dashboard.jobs import build_day_job
from marketplace.exchange.calls import http_caller, use_caller
from marketplace.exchange.queries import use_own_id
from marketplace.kernel import clock, kept
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue
from marketplace.kernel.outbox.carriers import Carrier, FileCarrier, SmtpCarrier
from marketplace.kernel.outbox.delivery import use_carriers
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.sms_gateway import HttpSmsCarrier
from marketplace.kernel.privacy import own_keys, use_keys
from marketplace.kernel.signing import own_signing_keys, use_signing_keys
from marketplace.orders.following import follow_purchases
from marketplace.orders.news import follow_news
from marketplace.orders.notices import use_teller
from marketplace.payments.bank_file import BankFileProvider
from marketplace.payments.gateway import use_payout_provider, use_provider
from marketplace.payments.models import PayoutWay
from marketplace.payments.stripe_gateway import StripeGateway
from marketplace.recommendations import loaded
from marketplace.recommendations.service import forget_purchase
from marketplace.registry import reading
from marketplace.registry.cases.statuses import follow_statuses
from marketplace.web import (
    access,
    acting,
    api,
    errors,
    filters,
    forms,
    headers,
    kept_cards,
    languages,
    limits,
    navigation,
    order_notices,
    second_step,
    session,
    uploads,
)
from marketplace.web.announcing import tell_programs
from marketplace.web.notices.purchases import tell_news
from marketplace.web.portals import (
    acceptances,
    account,
    answers,
    audits,
    buyer,
    buyer_contracts,
    buyer_demands,
    buyer_enterprise,
    buyer_plans,
    buyer_price_lists,
    centre,
    closing,
    collect,
    complaints_public,
    discovery,
    evidence,
    figures,
    funds,
    hooks,
    hub,
    hub_plans,
    inspection,
    kept_data,
    letters,
    notices,
    notices_public,
    officer,
    openrosa,
    operations,
    operator_evidence,
    operator_money,
    operator_plans,
    operator_price_bounds,
    operator_price_lists,
    operator_prices,
    operator_recalls,
    oversight,
    pictures,
    producer,
    producer_advice,
    producer_badge,
    producer_certificates,
    producer_file,
    producer_goods,
    producer_harvest,
    producer_import,
    producer_money,
    producer_parts,
    producer_pooling,
    producer_price_lists,
    producer_prices,
    producer_requests,
    producer_sharing,
    producer_supplies,
    producer_weighing,
    programs,
    public,
    public_advice,
    public_log,
    public_money,
    public_needs,
    public_projects,
    public_transparency,
    second_factor,
    storefront,
)
from marketplace.web.portals.storefront import boxes
from marketplace.webhooks.calling import WebhookCarrier
from marketplace.webhooks.queries import find_secret

ROOT = Path(__file__).resolve().parents[2]
PORTALS = (
    storefront,
    boxes,
    acceptances,
    account,
    second_factor,
    answers,
    letters,
    closing,
    programs,
    notices,
    notices_public,
    producer,
    producer_advice,
    producer_badge,
    producer_sharing,
    producer_supplies,
    producer_weighing,
    producer_certificates,
    producer_file,
    producer_goods,
    producer_harvest,
    producer_import,
    pictures,
    hub,
    hub_plans,
    producer_money,
    producer_parts,
    buyer,
    buyer_contracts,
    buyer_demands,
    buyer_enterprise,
    buyer_price_lists,
    buyer_plans,
    officer,
    funds,
    audits,
    public_money,
    centre,
    complaints_public,
    inspection,
    oversight,
    public_projects,
    collect,
    openrosa,
    operations,
    operator_money,
    operator_evidence,
    operator_price_bounds,
    operator_plans,
    operator_price_lists,
    operator_prices,
    operator_recalls,
    producer_prices,
    producer_pooling,
    producer_price_lists,
    producer_requests,
    public,
    public_advice,
    public_log,
    public_needs,
    public_transparency,
    kept_data,
    discovery,
    evidence,
    figures,
    hooks,
)
# The largest form is a listing with its story; photos come in requests of their own.
LARGEST_REQUEST = 256 * 1024


def create_app(settings: Settings, *, testing: bool = False) -> Flask:
    """Build the application.

    Parameters
    ----------
    settings : Settings
        How this installation runs.
    testing : bool
        Let unexpected failures through to the test instead of turning them into a page, and keep no answers in memory.
    """
    (kept.keep_nothing if testing else kept.keep_again)()
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
    loaded.use_models_in(settings.data_dir / "models")
    use_backups_in(settings.backups)
    use_carriers(_carriers(settings))
    provider = _provider(settings)
    use_provider(provider)
    use_payout_provider(PayoutWay.BANK, BankFileProvider())
    use_payout_provider(PayoutWay.STRIPE, provider)
    use_keys(settings.privacy_keys or own_keys(settings.data_dir))
    use_signing_keys(settings.signing_keys or own_signing_keys(settings.data_dir))
    use_own_id(urlsplit(settings.public_url).hostname or "")
    use_caller(http_caller(own_network=settings.demo))
    use_holds(settings.stock_holds)
    use_teller(order_notices.tell)
    follow_purchases(booked=_have_day_built, taken_back=forget_purchase)
    follow_news(tell_news, tell_programs)
    follow_statuses(refresh_benefit_of)
    db.init_app(app)
    with app.app_context():
        reading.guard(db.engine)
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    uploads.wire(app)
    forms.wire(app)
    csrf = CSRFProtect(app)
    session.wire(app)
    languages.wire(app)
    errors.wire(app)
    limits.wire(app)
    access.guard(app)
    second_step.wire(app)
    acting.wire(app)
    headers.wire(app)
    filters.wire(app)
    kept_cards.wire(app)
    navigation.wire(app)
    for portal in PORTALS:
        app.register_blueprint(portal.blueprint)
    # A mailbox that unsubscribes for its reader has no page of ours to take a token from; the address is signed instead.
    csrf.exempt(letters.unsubscribe_now)
    for blueprint in api.wire(app):
        # Programs prove who they are by token; a cookie counts for nothing there.
        csrf.exempt(blueprint)
    # A provider proves who it is by a signature over what it says.
    csrf.exempt(hooks.blueprint)
    # A phone shows a token with each request; a cookie counts for nothing there.
    csrf.exempt(openrosa.blueprint)
    return app


def _carriers(settings: Settings) -> dict[str, Carrier]:
    """Who takes messages out: a mail server and a gateway where there are any, and files for all that has no other way."""
    files = FileCarrier(settings.data_dir / "outbox", settings.mail_from)
    email = SmtpCarrier(settings.smtp_url, settings.mail_from) if settings.smtp_url else files
    sms = HttpSmsCarrier(settings.sms_url, settings.sms_token, settings.sms_from) if settings.sms_url else files
    calls = WebhookCarrier(_secret_of, clock.now, own_network=settings.demo)
    return {Channel.EMAIL: email, Channel.SMS: sms, Channel.WEBHOOK: calls}


def _secret_of(endpoint: str) -> bytes | None:
    """Read in a transaction of its own, because a message is taken out in none."""
    with transaction():
        return find_secret(endpoint)


def _have_day_built(now: datetime) -> None:
    """Queue the figures of a day on which a purchase was booked, together with the booking."""
    enqueue(build_day_job, day=local_day(now).isoformat())


def _provider(settings: Settings) -> StripeGateway | None:
    if not settings.stripe_api_key:
        return None
    return StripeGateway(settings.stripe_api_key, settings.stripe_webhook_secret, settings.stripe_api_base or None)
