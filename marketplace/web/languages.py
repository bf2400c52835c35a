"""Which language a person reads: what they chose, what their account says, what their browser asks for; else Chinese.

A public page can be named in one language, so that search engines find both: ``?lang=en`` holds for that page alone.
"""

from typing import Any

from flask import Flask, g, request
from flask_babel import Babel, get_locale, get_translations
from flask_login import current_user

LOCALES = ("zh_Hans", "en")
COOKIE = "locale"
PARAMETER = "lang"


def choose_locale() -> str:
    """The locale of this request, one of ``LOCALES``."""
    named = _named()
    if named is not None:
        return named
    chosen = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return chosen
    if not request.path.startswith("/api/") and current_user.is_authenticated:
        kept = current_user.locale
        if kept in LOCALES:
            return str(kept)
    return "en" if request.accept_languages.best_match(["zh", "en"], default="zh") == "en" else "zh_Hans"


def _named() -> str | None:
    """The language that an address names, if it names one that we have."""
    named = request.args.get(PARAMETER)
    return named if named in LOCALES and request.method in ("GET", "HEAD") and not request.path.startswith("/api/") else None


def in_language(address: str, locale: str) -> str:
    """An address that names a language.

    >>> in_language("https://shop.example/p/1?page=2", "en")
    'https://shop.example/p/1?page=2&lang=en'
    """
    return f"{address}{'&' if '?' in address else '?'}{PARAMETER}={locale}"


def address_here(address: str) -> str:
    """The address under which this answer is known: with its language where the request has named one."""
    named = _named()
    return address if named is None else in_language(address, named)


def is_chinese() -> bool:
    """Whether this request is answered in Chinese."""
    locale = get_locale()
    return locale is not None and locale.language == "zh"


def pick(zh: str, en: str) -> str:
    """Data that has both names, in the reader's language."""
    return zh if is_chinese() else en


def words(message: str, **variables: Any) -> str:
    """The same as ``gettext``, for templates, which ask a hundred times a page: the catalogue is looked up once."""
    locale = get_locale()
    kept = g.get("_words")
    if kept is None or kept[0] is not locale:
        g._words = kept = (locale, get_translations())
    text: str = kept[1].ugettext(message)
    return text % variables if variables else text


def wire(app: Flask) -> None:
    """Attach the translations to the application."""
    app.config["BABEL_DEFAULT_LOCALE"] = "zh_Hans"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.jinja_env.globals.update(in_language=in_language, address_here=address_here)
    Babel(app, locale_selector=choose_locale)
