"""Settings, read from the environment once and checked at start: everything that is wrong is named at once."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marketplace.kernel.privacy import Keys, PrivacyError
from marketplace.kernel.signing import SigningError, SigningKeys

# No bank has this number.
DEMO_BANK_ACCOUNT = "农桥演示 · 丹寨演示银行 · 0000 0000 0000 0000"
_NO_SENDER = "Nongqiao <no-reply@nongqiao.localhost>"
_OWN_MACHINE = "http://127.0.0.1:5000"

# Where Stripe shows its Checkout.
STRIPE_PAGES = "https://checkout.stripe.com"


class SettingsError(RuntimeError):
    """The environment cannot be worked with; the message names every fault."""


@dataclass(frozen=True)
class Settings:
    """How this installation runs."""

    database_url: str
    data_dir: Path
    secret_key: str
    # Where sealed copies of the database brought along go; best on another disk. Empty for a folder of the data directory.
    backup_folder: str = ""
    secure_cookies: bool = False
    demo: bool = False
    # Whether goods are kept for those at the checkout.
    stock_holds: bool = True
    # Where buyers transfer money to, as they read it: holder, bank, number.
    bank_account: str = ""
    # The mail server, ``smtp://`` or ``smtps://``; without one, messages are written into files of the data directory.
    smtp_url: str = ""
    mail_from: str = _NO_SENDER
    # A gateway for text messages, as ``kernel/outbox/sms_gateway.py`` describes; without one they are files as well.
    sms_url: str = ""
    sms_token: str = ""
    sms_from: str = "农桥"
    # Where links in messages lead to.
    public_url: str = _OWN_MACHINE
    # Online payment is offered where both are set; the address only for a stand-in that answers like Stripe.
    stripe_api_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_base: str = ""
    # How many calls of the API an account, or an address without a token, may make in a minute; 0 for any number.
    api_calls_per_minute: int = 0
    # What seals sensitive columns; where none are given, those of a file of the data directory, made at the first start.
    privacy_keys: Keys | None = None
    # What signs the heads of the public log; where none are given, those of a file of the data directory, made as well.
    signing_keys: SigningKeys | None = None
    # Whether officers and operators are let in with a password alone (``offered``) or not (``required``).
    officer_second_factor: str = "offered"

    @property
    def backups(self) -> Path:
        """The folder of sealed copies."""
        return Path(self.backup_folder) if self.backup_folder else self.data_dir / "backups"

    @property
    def pay_page_origin(self) -> str:
        """Where the pages are on which people pay online; empty where nobody can."""
        return (self.stripe_api_base or STRIPE_PAGES) if self.stripe_api_key else ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read ``DATABASE_URL``, ``NONGQIAO_DATA_DIR``, ``SECRET_KEY``, ``SECURE_COOKIES``, ``STOCK_HOLDS``,
        ``API_CALLS_PER_MINUTE``, ``BACKUP_FOLDER``, ``BANK_ACCOUNT``, ``PRIVACY_KEYS``, ``SIGNING_KEYS``,
        ``OFFICER_SECOND_FACTOR``,
        for payment online ``STRIPE_*``, and for messages ``SMTP_URL``, ``MAIL_FROM``, ``SMS_*`` and ``PUBLIC_URL``.

        Raises
        ------
        SettingsError
            Naming all that is missing or wrong.
        """
        environ = os.environ if environ is None else environ
        faults = []
        url = environ.get("DATABASE_URL", "")
        if not url:
            faults.append("DATABASE_URL is not set (postgresql://user:password@host/database)")
        elif not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            faults.append("DATABASE_URL must begin with postgresql://")
        data_dir = Path(environ.get("NONGQIAO_DATA_DIR", "var"))
        if not data_dir.is_dir():
            faults.append(f"NONGQIAO_DATA_DIR names no folder: {data_dir}")
        faults += _mail_faults(environ)
        flags = {}
        for name, usual in (("SECURE_COOKIES", "0"), ("NONGQIAO_DEMO", "0"), ("STOCK_HOLDS", "1")):
            value = environ.get(name, usual)
            flags[name] = value == "1"
            if value not in ("0", "1"):
                faults.append(f"{name} must be 0 or 1")
        calls = environ.get("API_CALLS_PER_MINUTE", "600")
        if not calls.isascii() or not calls.isdigit() or int(calls) > 60_000:
            faults.append("API_CALLS_PER_MINUTE must be a whole number from 0 (no limit) to 60000")
        stripe = {name: environ.get(name, "") for name in ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE")}
        faults += _stripe_faults(stripe)
        keys = None
        if environ.get("PRIVACY_KEYS"):
            try:
                keys = Keys.parse(environ["PRIVACY_KEYS"])
            except PrivacyError as error:
                faults.append(f"PRIVACY_KEYS: {error}")
        signing_keys = None
        if environ.get("SIGNING_KEYS"):
            try:
                signing_keys = SigningKeys.parse(environ["SIGNING_KEYS"])
            except SigningError as error:
                faults.append(f"SIGNING_KEYS: {error}")
        # The demo is there to be looked at by whoever comes.
        second_factor = environ.get("OFFICER_SECOND_FACTOR") or ("offered" if flags["NONGQIAO_DEMO"] else "required")
        if second_factor not in ("offered", "required"):
            faults.append("OFFICER_SECOND_FACTOR must be offered or required")
        if faults:
            raise SettingsError("; ".join(faults))
        return cls(
            database_url=_with_driver(url),
            data_dir=data_dir.resolve(),
            secret_key=environ.get("SECRET_KEY") or _own_key(data_dir),
            backup_folder=environ.get("BACKUP_FOLDER", ""),
            secure_cookies=flags["SECURE_COOKIES"],
            demo=flags["NONGQIAO_DEMO"],
            stock_holds=flags["STOCK_HOLDS"],
            bank_account=environ.get("BANK_ACCOUNT", DEMO_BANK_ACCOUNT if flags["NONGQIAO_DEMO"] else ""),
            smtp_url=environ.get("SMTP_URL", ""),
            mail_from=environ.get("MAIL_FROM") or _NO_SENDER,
            sms_url=environ.get("SMS_URL", ""),
            sms_token=environ.get("SMS_TOKEN", ""),
            sms_from=environ.get("SMS_FROM") or "农桥",
            public_url=(environ.get("PUBLIC_URL") or _OWN_MACHINE).rstrip("/"),
            stripe_api_key=stripe["STRIPE_API_KEY"],
            api_calls_per_minute=int(calls),
            stripe_webhook_secret=stripe["STRIPE_WEBHOOK_SECRET"],
            stripe_api_base=stripe["STRIPE_API_BASE"].rstrip("/"),
            privacy_keys=keys,
            signing_keys=signing_keys,
            officer_second_factor=second_factor,
        )


def _mail_faults(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the settings of outgoing messages."""
    faults = []
    smtp_url, public_url = environ.get("SMTP_URL", ""), environ.get("PUBLIC_URL", "")
    if smtp_url and not smtp_url.startswith(("smtp://", "smtps://")):
        faults.append("SMTP_URL must begin with smtp:// or smtps://")
    # Mail that nobody can answer and whose links lead nowhere must not leave the house.
    faults += [f"{name} is needed with SMTP_URL" for name in ("MAIL_FROM", "PUBLIC_URL") if smtp_url and not environ.get(name)]
    sms_url = environ.get("SMS_URL", "")
    if sms_url and not sms_url.startswith(("http://", "https://")):
        faults.append("SMS_URL must begin with http:// or https://")
    faults += [f"{name} is needed with SMS_URL" for name in ("SMS_TOKEN", "PUBLIC_URL") if sms_url and not environ.get(name)]
    if public_url and not public_url.startswith(("http://", "https://")):
        faults.append("PUBLIC_URL must begin with http:// or https://")
    return faults


def _stripe_faults(stripe: Mapping[str, str]) -> list[str]:
    """A key without the secret would take money and never believe that it came."""
    faults = []
    if stripe["STRIPE_API_KEY"] and not stripe["STRIPE_WEBHOOK_SECRET"]:
        faults.append("STRIPE_WEBHOOK_SECRET is not set though STRIPE_API_KEY is (whsec_..., from the webhook's page)")
    if not stripe["STRIPE_API_KEY"] and (given := [name for name in stripe if stripe[name]]):
        faults.append(f"STRIPE_API_KEY is not set though {given[0]} is (sk_...)")
    if stripe["STRIPE_API_BASE"] and not stripe["STRIPE_API_BASE"].startswith(("http://", "https://")):
        faults.append("STRIPE_API_BASE must begin with http:// or https://")
    return faults


def _with_driver(url: str) -> str:
    """The same address in the form that names our driver."""
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme != "postgresql+psycopg" else url


def _own_key(data_dir: Path) -> str:
    """The installation's own signing key, made once and kept where only its owner reads it."""
    path = data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(key := secrets.token_hex(32))
    return key
