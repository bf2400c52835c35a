"""Portal: articles of rules, and market prices with their index, for everybody."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template

from marketplace.advisory.prices import WEEKS_SHOWN, index_of, newest_day, priced_goods, quantities_sold, sources, weekly_series
from marketplace.advisory.queries import get_article
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.web.access import PUBLIC, allow
from marketplace.web.advisory_words import article_words, index_rows, line_in_pieces
from marketplace.web.filters import day as day_text
from marketplace.web.filters import yuan
from marketplace.web.languages import pick
from marketplace.web.portals.producer_advice import product_called

blueprint = Blueprint("public_advice", __name__)


@blueprint.get("/advice/articles/<public_id>")
@allow(PUBLIC)
def article(public_id: str) -> str:
    """An article with its document, whether it holds today, and since when."""
    return render_template("public/article.html", article=article_words(get_article(public_id), local_day(clock.now())))


@blueprint.get("/market-prices")
@allow(PUBLIC)
def prices() -> str:
    """Every kind of goods with a market price, and the index over all of them."""
    source = next(iter(sources()), None)
    last = newest_day(source) if source else None
    if source is None or last is None:
        return render_template("public/market_prices.html", source=None)
    jevons = index_of(source, last)
    basket = quantities_sold(date(last.year - 1, 1, 1), date(last.year - 1, 12, 31))
    laspeyres = index_of(source, last, quantities=basket) if basket else {}
    return render_template(
        "public/market_prices.html",
        source=source,
        last=last,
        weeks=WEEKS_SHOWN,
        base_year=last.year - 1,
        goods=[
            {
                "slug": row.product.slug,
                "name": pick(row.product.name_zh, row.product.name_en),
                "day": row.day,
                "average_fen": row.average_fen,
            }
            for row in priced_goods(source)
        ],
        chart=_chart([point.value for point in jevons.values()], list(jevons)),
        table=_with_laspeyres(index_rows(jevons), index_rows(laspeyres)),
        has_basket=bool(laspeyres),
    )


def _with_laspeyres(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    weighted = {row["week"]: row["index"] for row in others}
    return [{**row, "laspeyres": weighted.get(row["week"])} for row in rows]


def _chart(values: list[float | None], mondays: list[date]) -> dict[str, Any]:
    return {**line_in_pieces(values), "first": day_text(mondays[0]), "last": day_text(mondays[-1])}


@blueprint.get("/market-prices/<slug>")
@allow(PUBLIC)
def series(slug: str) -> str:
    """A year of one kind of goods, week by week; a week without a price is a gap."""
    product = product_called(slug)
    source = next(iter(sources()), None)
    last = newest_day(source) if source else None
    weeks = weekly_series(product.id, source, last) if source and last else []
    chart = _chart([row.average_fen for row in weeks], [row.begins_on for row in weeks]) if weeks else None
    return render_template(
        "public/market_price.html",
        name=pick(product.name_zh, product.name_en),
        slug=slug,
        source=source,
        chart=chart,
        top=yuan(round(chart["top"])) if chart else "",
        gaps=sum(row.average_fen is None for row in weeks),
        weeks=len(weeks),
        rows=[
            {
                "week": day_text(row.begins_on),
                "low": row.low_fen,
                "average": row.average_fen,
                "high": row.high_fen,
                "days": row.days,
            }
            for row in reversed(weeks)
        ],
    )
