"""How values are written: money, weights, days and moments, by the reader's language."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for
from flask_babel import format_date, format_datetime

from marketplace.catalogue.models import Unit
from marketplace.catalogue.pricing import price_of_grams
from marketplace.kernel.clock import local_day, now
from marketplace.web.addresses import plain_url
from marketplace.web.languages import is_chinese, pick, words
from marketplace.web.places import place_name

# In Chinese, and in English for one and for several.
UNIT_NAMES = {
    Unit.JIN: ("斤", "jin", "jin"),
    Unit.LIANG: ("两", "liang", "liang"),
    Unit.KG: ("公斤", "kg", "kg"),
    Unit.G: ("克", "g", "g"),
    Unit.BOX: ("盒", "box", "boxes"),
    Unit.PIECE: ("个", "piece", "pieces"),
    Unit.BUNCH: ("把", "bunch", "bunches"),
    Unit.BAG: ("袋", "bag", "bags"),
}


def yuan(fen: int) -> str:
    """Fen as yuan: ``¥1,234.50``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def yuan_parts(fen: int) -> tuple[str, str]:
    """Fen as whole yuan and fen, for large and small figures."""
    return f"{fen // 100:,}", f"{fen % 100:02d}"


def grams(weight_g: int) -> str:
    """A weight as people say it: 500 g, 1.36 kg, 12.5 t; in Chinese 克, 公斤, 吨."""
    gram, kilo, tonne = ("克", "公斤", "吨") if is_chinese() else (" g", " kg", " t")
    if weight_g < 1000:
        return f"{weight_g}{gram}"
    if weight_g < 1_000_000:
        return f"{weight_g / 1000:.2f}".rstrip("0").rstrip(".") + kilo
    return f"{weight_g / 1_000_000:,.1f}{tonne}"


def short_day(value: date) -> str:
    """A day for narrow places: its year is said only when it is not this year's."""
    if value.year != local_day(now()).year:
        return day(value)
    return f"{value.month}月{value.day}日" if is_chinese() else str(format_date(value, "d MMM"))


def day(value: date) -> str:
    """A day with its year."""
    if is_chinese():
        return f"{value.year}年{value.month}月{value.day}日"
    return str(format_date(value, "d MMM yyyy"))


def moment(value: datetime) -> str:
    """A moment in the market's time."""
    return str(format_datetime(value, "yyyy年M月d日 HH:mm" if is_chinese() else "d MMM yyyy, HH:mm"))


def clock_time(value: datetime) -> str:
    """A moment of today in the market's time."""
    return str(format_datetime(value, "HH:mm"))


def masked(last_four: str) -> str:
    """The number of an account as people may see it.

    >>> masked("6789")
    '•••• 6789'
    """
    return f"•••• {last_four}"


def percent(share: float) -> str:
    """A share in whole per cent, or with one figure below ten."""
    text = f"{share * 100:.1f}" if 0 < share < 0.0995 else f"{share * 100:.0f}"
    return f"{text}%"


def quantity(value: Decimal) -> str:
    """A quantity without idle zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_price(price_fen: int, unit_grams: int) -> str:
    """What a weight costs, to compare packs by: a jin (500 g) in Chinese, a kilogram in English; rounded half up.

    Empty where the unit is that very weight, because the price itself says it.
    """
    weight_g, words = (500, "{}/斤") if is_chinese() else (1000, "{}/kg")
    if unit_grams == weight_g:
        return ""
    return words.format(yuan(price_of_grams(price_fen, unit_grams, weight_g)))


def unit_name(unit: str) -> str:
    """The name of a unit."""
    zh, en, _several = UNIT_NAMES[Unit(unit)]
    return pick(zh, en)


def amount(value: Decimal, unit: str) -> str:
    """A quantity with its unit: 2 boxes, 0.5 kg; in Chinese 2盒, 0.5公斤."""
    number = quantity(value)
    zh, one, several = UNIT_NAMES[Unit(unit)]
    return pick(f"{number}{zh}", f"{number} {one if number == '1' else several}")


def weight_beside(unit: str, unit_grams: int) -> int | None:
    """What one weighs, unless the unit says it: a kilogram to everybody, a jin to readers of Chinese."""
    said = unit in (Unit.KG, Unit.G) or (unit in (Unit.JIN, Unit.LIANG) and is_chinese())
    return None if said else unit_grams


@lru_cache(maxsize=512)
def _version(path: str, changed_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]


def page_url(**changes: Any) -> str:
    """The address of this page with some of its query changed; None takes a part out."""
    # What somebody else wrote into the query must not be taken for the parameters of url_for itself.
    asked = {name: value for name, value in request.args.items() if name != "endpoint" and not name.startswith("_")}
    query: dict[str, Any] = {**asked, **(request.view_args or {}), **changes}
    return url_for(str(request.endpoint), **{name: value for name, value in query.items() if value is not None})


def wire(app: Flask) -> None:
    """Attach filters and globals to the templates."""
    folder = Path(str(app.static_folder))
    fixed: dict[str, str] = {}

    def asset(path: str) -> str:
        """The address of a static file, which changes when the file does, so that it can be kept for ever."""
        if path not in fixed or app.debug:
            file = folder / path
            version = _version(str(file), file.stat().st_mtime_ns) if file.is_file() else "0"
            fixed[path] = f"/static/{path}?v={version}"
        return fixed[path]

    app.jinja_env.filters.update(
        yuan=yuan,
        yuan_parts=yuan_parts,
        grams=grams,
        day=day,
        short_day=short_day,
        moment=moment,
        clock_time=clock_time,
        percent=percent,
        masked=masked,
        quantity=quantity,
        unit_name=unit_name,
        unit_price=unit_price,
        amount=amount,
        place=place_name,
    )
    app.jinja_env.globals.update(
        t=pick,
        asset=asset,
        art_url=lambda stem: asset(f"art/{stem}.svg"),
        page_url=page_url,
        is_chinese=is_chinese,
        gettext=words,
        url_for=plain_url,
    )
