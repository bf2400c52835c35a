"""Which language a person reads: what they chose, what their account says, what their browser asks for; else Chinese."""

from flask import Flask, request
from flask_babel import Babel, get_locale
from flask_login import current_user

LOCALES = ("zh_Hans", "en")
COOKIE = "locale"


def choose_locale() -> str:
    """The locale of this request, one of ``LOCALES``."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return chosen
    if not request.path.startswith("/api/") and current_user.is_authenticated:
        kept = current_user.locale
        if kept in LOCALES:
            return str(kept)
    return "en" if request.accept_languages.best_match(["zh", "en"], default="zh") == "en" else "zh_Hans"


def is_chinese() -> bool:
    """Whether this request is answered in Chinese."""
    return str(get_locale()).startswith("zh")


def pick(zh: str, en: str) -> str:
    """Data that has both names, in the reader's language."""
    return zh if is_chinese() else en


def wire(app: Flask) -> None:
    """Attach the translations to the application."""
    app.config["BABEL_DEFAULT_LOCALE"] = "zh_Hans"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=choose_locale)
