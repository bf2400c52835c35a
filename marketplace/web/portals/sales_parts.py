"""Further figures of the officer's pages of sales: the map of tiles, last year, other sellers, spread, prices. No query."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from marketplace.dashboard.building import PRICE_HOLDS_DAYS
from marketplace.dashboard.queries import RULE_NUMBER, SalesRow
from marketplace.dashboard.spread import Spread, Why
from marketplace.web.charts import bar_widths, shades
from marketplace.web.filters import day as day_text
from marketplace.web.filters import percent, yuan
from marketplace.web.languages import is_chinese, pick
from marketplace.web.places import place_name
from marketplace.web.portals.sales_figures import Span, sales_words

_POINTS = 20


def channel_names() -> dict[str, str]:
    """The channels."""
    return sales_words("channel")


def buyer_names() -> dict[str, str]:
    """The kinds of buyers."""
    return sales_words("buyer")


def tile_map(rows: Sequence[SalesRow], url: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """A tile for each area below, in the order of their codes, as places lie in the register; darker where more was sold."""
    ordered = sorted(rows, key=lambda row: row.key)
    tones = shades([row.benefit_fen for row in ordered])
    return [
        {"name": place_name(row.name_zh), "text": yuan(row.benefit_fen), "shade": tone, "url": url(row.key)}
        for row, tone in zip(ordered, tones, strict=True)
    ]


def comparison(total: SalesRow, last_year: SalesRow | None, earlier: Span) -> dict[str, Any]:
    """Registered households beside other sellers, and each beside the same days of last year."""

    def row(name: str, now_fen: int, then_fen: int | None, grams: int) -> dict[str, Any]:
        return {
            "name": name,
            "now": now_fen,
            "then": then_fen,
            "change": _signed((now_fen - then_fen) / then_fen) if then_fen else "–",
            "price": price(now_fen, grams),
        }

    then = last_year
    rows = [
        row(_("Registered households"), total.benefit_fen, then and then.benefit_fen, total.benefit_grams),
        row(
            _("Other sellers"),
            total.total_fen - total.benefit_fen,
            then and then.total_fen - then.benefit_fen,
            total.grams - total.benefit_grams,
        ),
        row(_("All sales"), total.total_fen, then and then.total_fen, total.grams),
    ]
    note = _("Last year are the same days: %(first)s to %(last)s.", first=day_text(earlier.first), last=day_text(earlier.last))
    if last_year is None:
        note = _(
            "Of the same days of last year (%(first)s to %(last)s) there are no facts.",
            first=day_text(earlier.first),
            last=day_text(earlier.last),
        )
    return {
        "columns": [
            {"key": "name", "label": _("Sellers"), "kind": "text"},
            {"key": "now", "label": _("This period"), "kind": "yuan"},
            {"key": "then", "label": _("Last year"), "kind": "yuan"},
            {"key": "change", "label": _("Against last year"), "kind": "figure"},
            {"key": "price", "label": pick("每斤", "A kilogram"), "kind": "figure"},
        ],
        "rows": rows,
        "note": note,
    }


def price(fen: int, grams: int) -> str:
    """What a jin or a kilogram brought on average; a dash where nothing was weighed."""
    weight_g = 500 if is_chinese() else 1000
    return yuan((2 * fen * weight_g + grams) // (2 * grams)) if grams else "–"


def _signed(share: float) -> str:
    text = percent(abs(share))
    return text if text == "0%" else f"{'+' if share > 0 else '−'}{text}"


def why_words() -> dict[Why, str]:
    """Why a household sold nothing."""
    return {
        Why.NO_LISTING: _("Nothing listed"),
        Why.NO_STOCK: _("Nothing in stock"),
        Why.NOT_FOUND: _("Never shown in a list"),
        Why.PRICE: _("Price unusually high"),
        Why.OTHER: _("Another reason"),
    }


def spread_headline(area: str, spread: Spread) -> str:
    """How many sold, in one sentence."""
    if not spread.households:
        return _("No household of %(area)s is registered on that day.", area=area)
    return _(
        "%(sold)s of %(all)s registered households in %(area)s sold something; %(share)s sold nothing.",
        sold=f"{spread.sold:,}",
        all=f"{spread.households:,}",
        area=area,
        share=percent((spread.households - spread.sold) / spread.households),
    )


def spread_tiles(spread: Spread) -> list[dict[str, str | None]]:
    """The figures at the top."""

    def two(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f}"

    middle = int(spread.amounts_fen[spread.sold // 2]) if spread.sold else None
    return [
        {"label": _("Households that sold"), "value": f"{spread.sold:,}", "note": yuan(spread.total_fen)},
        {
            "label": _("Households without a sale"),
            "value": f"{spread.households - spread.sold:,}",
            "note": percent((spread.households - spread.sold) / spread.households) if spread.households else None,
        },
        {
            "label": _("Gini coefficient, all registered households"),
            "value": two(spread.gini),
            "note": _("among those that sold: %(gini)s", gini=two(spread.gini_of_sellers)),
        },
        {
            "label": _("The middle household among those that sold"),
            "value": "–" if middle is None else yuan(middle),
            "note": None,
        },
    ]


def why_bars(spread: Spread) -> list[dict[str, Any]]:
    """Households without a sale by reason."""
    most = max(spread.unsold.values(), default=0)
    without = spread.households - spread.sold
    return [
        {
            "label": words,
            "text": f"{spread.unsold[why]:,}",
            "width": max(1, round(100 * spread.unsold[why] / most)) if spread.unsold[why] else 0,
            "note": percent(spread.unsold[why] / without) if without else None,
        }
        for why, words in why_words().items()
    ]


def lorenz_chart(spread: Spread) -> dict[str, Any] | None:
    """The curve, with its points as a table; None where nobody sold."""
    reached = spread.lorenz(_POINTS)
    if not reached:
        return None
    places = [round(100 * at / _POINTS, 2) for at in range(_POINTS + 1)]
    return {
        "caption": _("Lorenz curve of sales"),
        "top": "100%",
        "bottom": "0%",
        "axis": [f"{25 * at}%" for at in range(5)],
        "x_title": _("Registered households, those that sold least first; upwards the part of all their sales"),
        "even": True,
        "band": None,
        "marks": [],
        "lines": [
            {
                "name": _("sales of registered households"),
                "kind": "line",
                "points": [(x, round(100 - 100 * y, 2)) for x, y in zip(places, reached, strict=True)],
            }
        ],
        "table": {
            "heads": [_("Households, from the bottom"), _("Their part of all sales")],
            "rows": [[percent(x / 100), f"{100 * y:.1f}%"] for x, y in zip(places, reached, strict=True)],
        },
    }


def price_table(rows: Sequence[SalesRow], total: SalesRow) -> dict[str, Any]:
    """The farm gate beside the wholesale market, for goods of which both are known."""
    known = [row for row in rows if row.wholesale_fen]

    def cells(row: SalesRow, name: str) -> dict[str, Any]:
        others = (row.farm_gate_fen - row.own_farm_gate_fen, row.wholesale_fen - row.own_wholesale_fen)
        return {
            "name": name,
            "farm_gate_fen": row.farm_gate_fen,
            "wholesale_fen": row.wholesale_fen,
            "gap": gap(row.farm_gate_fen, row.wholesale_fen),
            "own": gap(row.own_farm_gate_fen, row.own_wholesale_fen),
            "others": gap(*others),
        }

    return {
        "columns": [
            {"key": "name", "label": _("Product"), "kind": "text"},
            {"key": "farm_gate_fen", "label": _("Producers got"), "kind": "yuan"},
            {"key": "wholesale_fen", "label": _("At wholesale prices"), "kind": "yuan"},
            {"key": "gap", "label": _("Gap"), "kind": "figure"},
            {"key": "own", "label": _("Registered households"), "kind": "figure"},
            {"key": "others", "label": _("Other sellers"), "kind": "figure"},
        ],
        "rows": [cells(row, pick(row.name_zh, row.name_en)) for row in known],
        "total": cells(total, _("Total")) if known else None,
    }


def gap(farm_gate_fen: int, wholesale_fen: int) -> str:
    """How far the farm gate lies above or below the market; a dash without a market."""
    return _signed((farm_gate_fen - wholesale_fen) / wholesale_fen) if wholesale_fen > 0 else "–"


def gap_headline(area: str, total: SalesRow) -> str:
    """The gap in one sentence."""
    if not total.wholesale_fen:
        return _("No wholesale price is known for what %(area)s sold in this period.", area=area)
    share = percent(abs(total.farm_gate_fen - total.wholesale_fen) / total.wholesale_fen)
    if total.farm_gate_fen >= total.wholesale_fen:
        return _(
            "Producers in %(area)s got %(share)s more than wholesale markets paid for the same weight.", area=area, share=share
        )
    return _(
        "Producers in %(area)s got %(share)s less than wholesale markets paid for the same weight.", area=area, share=share
    )


def gap_bars(rows: Sequence[SalesRow], most: int = 12) -> list[dict[str, Any]]:
    """For the goods that sold most, what producers got and, below it, what the market would have taken."""
    known = sorted((row for row in rows if row.wholesale_fen), key=lambda row: (-row.farm_gate_fen, row.key))[:most]
    values = [fen for row in known for fen in (row.farm_gate_fen, row.wholesale_fen)]
    widths = bar_widths(values)
    bars = []
    for at, row in enumerate(known):
        name = pick(row.name_zh, row.name_en)
        got, market = widths[2 * at : 2 * at + 2]
        bars.append({"label": name, "text": yuan(row.farm_gate_fen), "width": got, "note": _("producers got")})
        wholesale = {"label": name, "text": yuan(row.wholesale_fen), "width": market, "kind": "second"}
        bars.append({**wholesale, "note": _("at wholesale prices")})
    return bars


def _paid(span: Span) -> str:
    return _(
        "This counts order lines whose purchase was paid from %(first)s to %(last)s, both days included, in market time.",
        first=day_text(span.first),
        last=day_text(span.last),
    )


def spread_counted(span: Span, registry_day: date, found: Spread, shown_since: date | None) -> list[str]:
    """Formula, rows and exclusions of the spread, one sentence each."""
    since = (
        _("What lists showed is known from %(day)s on; before it, nothing counts as shown.", day=day_text(shown_since))
        if shown_since
        else _("What lists showed is not known yet, so goods in stock count as never shown.")
    )
    return [
        _paid(span),
        _(
            "Counted are %(count)s households of the area that are registered on %(day)s.",
            count=f"{found.households:,}",
            day=day_text(registry_day),
        ),
        _("A household’s part of a lot is sales × the grams it brought ÷ all grams of the lot, rounded down to a whole fen."),
        _(
            "The Gini coefficient is half the mean difference between two households over the mean: 0 where all sell the same,"
            " near 1 where one sells all."
        ),
        _("All sales of these households count, whatever the channel, buyer or goods chosen on the page of sales."),
        _(
            "A household without a sale counts once, under the first that holds: nothing of it was listed by the last day;"
            " nothing listed was in stock on any day; nothing in stock stood in a list that somebody was shown; the newest look"
            " at the price of all that was shown found it unusually high; another reason."
        ),
        since,
        _("Counted by rule %(number)s.", number=RULE_NUMBER),
    ]


def gap_counted(span: Span, total: SalesRow) -> list[str]:
    """Formula, rows and exclusions of the gap, one sentence each."""
    return [
        _paid(span),
        _("What producers got is their part of the price of the goods as it was frozen in the order, without freight."),
        _(
            "The wholesale price is the mean of the markets’ averages, each its newest of the %(days)s days that end with the"
            " day of the sale; × weight, rounded down to a whole fen for each lot and day.",
            days=PRICE_HOLDS_DAYS,
        ),
        _("Goods without such a price are left out."),
        _("The gap is (producers got − at wholesale prices) ÷ at wholesale prices."),
        _("Registered households have the part of both sums that the lines were sold with."),
        _(
            "Of %(all)s order lines of the period, only goods with a price are compared; counted by rule %(number)s.",
            all=f"{total.order_lines:,}",
            number=RULE_NUMBER,
        ),
    ]
