"""Cards of goods as they were rendered before: a list shows many that the lists before it have shown.

A rendered card is kept under everything that it was made of, so it cannot be out of date, and without the token of the session
it was made in, which is put in anew for each reader.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from flask import Flask
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from marketplace.kernel import clock
from marketplace.kernel.kept import Kept
from marketplace.web.languages import is_chinese

_TOKEN_HERE = "\x00token\x00"
# Some ten megabytes at two thousand letters each.
_cards: Kept[str] = Kept(most=4_000, seconds=600)


def kept_card(render: Callable[..., str], item: Mapping[str, Any], level: int, eager: bool) -> Markup:
    """What ``render`` makes of a card's ``item``, with this session's token."""
    token = generate_csrf()
    # Days of another year are written with it, so a card is another one after New Year.
    key: Hashable = (*item.items(), level, eager, is_chinese(), clock.local_day(clock.now()).year)
    try:
        hash(key)
    except TypeError:
        # A card with a list in it is made anew each time.
        return Markup(render(item, level, eager))
    html = _cards.get(key, lambda: _without_token(str(render(item, level, eager)), token))
    return Markup(html.replace(_TOKEN_HERE, token))


def _without_token(html: str, token: str) -> str:
    if "csrf_token" in html and token not in html:
        raise RuntimeError("a card carries a token that is not this session's")
    return html.replace(token, _TOKEN_HERE)


def wire(app: Flask) -> None:
    """Give templates the function."""
    app.jinja_env.globals["kept_card"] = kept_card
