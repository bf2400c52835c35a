"""Lists of goods: what fits a filter, how many of it there are, in which order, and the page that is asked for.

What a list is narrowed by are its facets. The counts of each are those under all the others, so that a count says what a
click would bring.
"""

import enum
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Double,
    Engine,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    event,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from marketplace.catalogue import suggestions
from marketplace.catalogue.models import Category, Listing, Producer
from marketplace.catalogue.queries import card_columns, delivered_to, on_sale
from marketplace.catalogue.search_terms import tsquery, tsquery_by_sound, tsquery_of_syllables
from marketplace.catalogue.seasons import to_be_seen
from marketplace.catalogue.week import in_season
from marketplace.kernel.db import db
from marketplace.kernel.kept import Kept
from marketplace.regions.queries import within

# Counts and facets look at this many rows at the most, so that a page costs the same in a shop of any size.
COUNTED_AT_MOST = 1_000
# So many of the head of the general order are found with the counts.
HEAD = 100
PRICE_BANDS_FEN = (0, 1_000, 2_000, 5_000, 10_000)
HARVEST_DAYS = (3, 7, 14)
# Below this similarity of words a typo is no typo but another word.
_TYPO_SIMILARITY = 0.35
_LONGEST_TEXT = 60


class Sort(enum.StrEnum):
    """The orders of a list. Only ``RECOMMENDED`` knows of the policy; prices by weight compare what packs of any size cost."""

    RECOMMENDED = "recommended"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"
    CHEAPEST_BY_WEIGHT = "cheapest_by_weight"
    DEAREST_BY_WEIGHT = "dearest_by_weight"
    FRESHEST = "freshest"
    NEWEST = "newest"


class Facet(enum.StrEnum):
    """What a list can be narrowed by."""

    CATEGORY = "category"
    COUNTY = "county"
    PRICE_BAND = "price_band"
    BADGE = "badge"
    SEASON = "season"
    HARVEST = "harvest"
    DELIVERY = "delivery"


@dataclass(frozen=True)
class ListingFilter:
    """What a list is narrowed to; the defaults narrow nothing."""

    category_slug: str | None = None
    text: str = ""
    county_code: str | None = None
    price_band: int | None = None
    sort: Sort = Sort.RECOMMENDED
    seller: str | None = None
    # Where it would be delivered to; empty when nobody knows. Goods that do not travel there are left out unless ``far`` is on.
    deliver_to: str = ""
    far: bool = False
    # Goods with the badge that they support registered households.
    badge: bool = False
    # Goods that are in season on the day, and those picked so many days before it at the most; both need the day.
    season: bool = False
    harvested_within: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Survey:
    """How many listings fit, by the values of each facet, and the head of their general order.

    ``facets`` holds for each facet its values with their counts under all the other facets, ``without`` how many there would
    be without one that is chosen. Counts stop at ``COUNTED_AT_MOST``; ``head`` is None where more fit than were looked at.
    """

    total: int = 0
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    without: Mapping[str, int] = field(default_factory=dict)
    head: Sequence[int] | None = None


@dataclass(frozen=True)
class Matches:
    """What fits a filter. ``corrected`` says that a typo was forgiven, and ``meant`` which words were taken instead, if any."""

    conditions: Sequence[ColumnElement[bool]]
    survey: Survey = field(default_factory=Survey)
    corrected: bool = False
    meant: str | None = None

    @property
    def total(self) -> int:
        """How many fit; it stops at ``COUNTED_AT_MOST``."""
        return self.survey.total


@dataclass(frozen=True)
class ListingPage:
    """One page of a list. ``total`` stops at ``COUNTED_AT_MOST``, and ``corrected`` says that a typo was forgiven."""

    rows: Sequence[Any]
    total: int
    page: int
    pages: int
    corrected: bool = False
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    meant: str | None = None


# Counts and the head of the general order are everybody's, and some seconds old at the most. What is shown is read anew.
_surveys: Kept[Survey] = Kept(most=1_000, seconds=5)


def match_listings(wanted: ListingFilter) -> Matches:
    """What fits a filter, mostly in one statement and in five at the most.

    A search that finds nothing is tried again as its characters sound, then with a mistyped word put right by the shop's own
    names, then by letters that are much alike (trigrams).
    """
    words = wanted.text.strip()[:_LONGEST_TEXT]
    if not words:
        return Matches(_all_of(wanted), _survey(wanted))
    exact = tsquery(words)
    if exact is None:
        return Matches((), Survey())
    tried = None
    for query, sure, meant in _readings(words, exact):
        survey = _survey(wanted, _has_words, query)
        found = Matches([*_all_of(wanted), _has_words(query)], survey, corrected=not sure, meant=meant)
        if survey.total:
            return found
        tried = tried or found
    survey = _survey(wanted, _similar, words)
    return Matches([*_all_of(wanted), _similar(words)], survey, True) if survey.total or tried is None else tried


def _readings(words: str, exact: str) -> Iterator[tuple[str, bool, str | None]]:
    """What may be meant, the surest first: a query, whether it is just what was typed, and what was taken instead."""
    syllables = tsquery_of_syllables(words)
    if syllables is not None:
        yield syllables, True, None
    yield exact, True, None
    sound = tsquery_by_sound(words)
    if sound is not None:
        yield sound, False, None
    meant = suggestions.meant(words)
    query = tsquery(meant) if meant is not None else None
    if query is not None:
        yield query, False, meant


def page_of(matches: Matches, sort: Sort, *, page: int, per_page: int, shown_first: Sequence[int] = ()) -> ListingPage:
    """One page of what fits a filter, in one statement.

    ``shown_first`` are listings that stood on pages before this one in an order of their own.
    """
    pages = -(-matches.total // per_page)
    page = min(max(page, 1), max(pages, 1))
    rows: Sequence[Any] = []
    if matches.total:
        query = card_columns().where(*matches.conditions).order_by(*_order(sort)).limit(per_page)
        if shown_first:
            query = query.where(Listing.id.not_in(shown_first))
        rows = db.session.execute(query.offset(max(0, (page - 1) * per_page - len(shown_first)))).all()
    return ListingPage(rows, matches.total, page, pages, matches.corrected, matches.survey.facets, matches.meant)


def find_listings(wanted: ListingFilter, *, page: int = 1, per_page: int = 24) -> ListingPage:
    """One page of the listings in stock that match, in at most six statements."""
    return page_of(match_listings(wanted), wanted.sort, page=page, per_page=per_page)


def head_of(wanted: ListingFilter, count: int) -> Sequence[Any]:
    """The cards of the head of a list in its order, in one statement that counts nothing."""
    return db.session.execute(card_columns().where(*_all_of(wanted)).order_by(*_order(wanted.sort)).limit(count)).all()


@cache
def _order(sort: Sort) -> tuple[Any, ...]:
    by_weight = cast(Listing.price_fen, Double) / Listing.unit_grams
    return {
        Sort.RECOMMENDED: (Listing.rank.desc(), Listing.id),
        Sort.CHEAPEST: (Listing.price_fen, Listing.id),
        Sort.DEAREST: (Listing.price_fen.desc(), Listing.id),
        Sort.CHEAPEST_BY_WEIGHT: (by_weight, Listing.id),
        Sort.DEAREST_BY_WEIGHT: (by_weight.desc(), Listing.id),
        Sort.FRESHEST: (Listing.harvested_on.desc().nulls_last(), Listing.id),
        Sort.NEWEST: (Listing.published_at.desc(), Listing.id),
    }[sort]


@event.listens_for(Engine, "connect")
def _set_similarity(connection: Any, _record: object) -> None:
    """Tell each new connection how similar words must be to be found by letters: the operator of the index reads a setting."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET pg_trgm.word_similarity_threshold = {_TYPO_SIMILARITY}")
    connection.commit()


def _similar(text: str | ColumnElement[str]) -> ColumnElement[bool]:
    # The operator, unlike the function, finds its rows by the index.
    return cast(text, String).op("<%", is_comparison=True)(Listing.titles)


def _has_words(query: str | ColumnElement[str]) -> ColumnElement[bool]:
    return Listing.search_terms.op("@@")(cast(query, TSQUERY))


def _always(wanted: ListingFilter) -> list[ColumnElement[bool]]:
    """What every listing of a list fulfils, however it is narrowed."""
    conditions = [on_sale(), to_be_seen()]
    if wanted.seller is not None:
        seller = select(Producer.id).where(Producer.public_id == wanted.seller).scalar_subquery()
        conditions.append(Listing.producer_id == seller)
    return conditions


def _chosen(wanted: ListingFilter) -> dict[Facet, ColumnElement[bool]]:
    """The condition of each facet that a list is narrowed by."""
    conditions: dict[Facet, ColumnElement[bool]] = {}
    if wanted.category_slug:
        category = select(Category.id).where(Category.slug == wanted.category_slug).scalar_subquery()
        conditions[Facet.CATEGORY] = Listing.category_id == category
    if wanted.county_code:
        conditions[Facet.COUNTY] = within(Listing.area_code, wanted.county_code)
    if wanted.price_band is not None and 0 <= wanted.price_band < len(PRICE_BANDS_FEN):
        conditions[Facet.PRICE_BAND] = _price_band(wanted.price_band)
    if wanted.badge:
        conditions[Facet.BADGE] = _badge()
    if wanted.season and wanted.day is not None:
        conditions[Facet.SEASON] = in_season(wanted.day.isocalendar().week)
    if wanted.harvested_within is not None and wanted.day is not None:
        conditions[Facet.HARVEST] = Listing.harvested_on >= wanted.day - timedelta(days=wanted.harvested_within)
    if wanted.deliver_to and not wanted.far:
        conditions[Facet.DELIVERY] = delivered_to(wanted.deliver_to)
    return conditions


def _all_of(wanted: ListingFilter) -> list[ColumnElement[bool]]:
    return [*_always(wanted), *_chosen(wanted).values()]


def _price_band(band: int) -> ColumnElement[bool]:
    low = PRICE_BANDS_FEN[band]
    high = PRICE_BANDS_FEN[band + 1] if band + 1 < len(PRICE_BANDS_FEN) else None
    return Listing.price_fen >= low if high is None else Listing.price_fen.between(low, high - 1)


@cache
def _badge() -> ColumnElement[bool]:
    # The producer is looked up for goods with a benefit share alone.
    consenting = select(Producer.id).where(Producer.id == Listing.producer_id, Producer.badge_consent).correlate(Listing)
    return and_(Listing.benefit_bp > 0, consenting.exists())


@cache
def _band() -> ColumnElement[int]:
    return case(
        *[(Listing.price_fen < high, literal(at, Integer)) for at, high in enumerate(PRICE_BANDS_FEN[1:])],
        else_=literal(len(PRICE_BANDS_FEN) - 1, Integer),
    )


def _values(wanted: ListingFilter) -> dict[Facet, ColumnElement[Any]]:
    """The value of a listing in each facet that can be counted."""
    values: dict[Facet, ColumnElement[Any]] = {
        Facet.CATEGORY: Category.slug,
        Facet.COUNTY: func.left(Listing.area_code, 6, type_=String),
        Facet.PRICE_BAND: _band(),
        Facet.BADGE: _badge(),
    }
    if wanted.day is not None:
        values[Facet.SEASON] = in_season(wanted.day.isocalendar().week)
        days = literal(wanted.day) - Listing.harvested_on
        values[Facet.HARVEST] = case(*[(days <= most, literal(most, Integer)) for most in HARVEST_DAYS], else_=None)
    if wanted.deliver_to:
        values[Facet.DELIVERY] = delivered_to(wanted.deliver_to)
    return values


Match = Callable[[str | ColumnElement[str]], ColumnElement[bool]]


def _survey(wanted: ListingFilter, match: Match | None = None, words: str = "") -> Survey:
    """The counts of a filter, with the head of its order; some seconds old at the most."""
    # The order changes no count, and words are in the key as they are asked for.
    asked = replace(wanted, sort=Sort.RECOMMENDED, text="")
    return _surveys.get((asked, match, words), lambda: _count(asked, match, words))


def _count(asked: ListingFilter, match: Match | None, words: str) -> Survey:
    statement, parts, facets = _counting(asked, match)
    return _added_up(db.session.execute(statement, {} if match is None else {"words": words}), parts, facets)


@lru_cache(maxsize=256)
def _counting(asked: ListingFilter, match: Match | None) -> tuple[CompoundSelect[Any], list[Facet | None], list[Facet]]:
    """One statement over bounded parts of the shop: what fits, and for each facet chosen what fits all the others.

    It is made once for a filter, whatever the words.
    """
    always = [*_always(asked), *([] if match is None else [match(bindparam("words", type_=String))])]
    chosen, values = _chosen(asked), _values(asked)
    parts: list[Facet | None] = [None, *chosen]
    statements: list[Select[Any]] = []
    for number, left_out in enumerate(parts):
        conditions = [*always, *(condition for facet, condition in chosen.items() if facet is not left_out)]
        ranked = [] if number else [Listing.id, Listing.rank]
        rows = select(*ranked, *(value.label(facet) for facet, value in values.items()))
        rows = rows.join_from(Listing, Category, Category.id == Listing.category_id).where(*conditions)
        # Each part is read once, by whoever of the statement needs it.
        part = rows.limit(COUNTED_AT_MOST).cte(f"part_{number}")
        columns = [part.c[facet] for facet in values]
        no_head = cast(null(), ARRAY(BigInteger))
        statements.append(select(literal(number), *columns, func.count(), no_head).select_from(part).group_by(*columns))
        if not number:
            head = select(part.c.id).order_by(part.c.rank.desc(), part.c.id).limit(HEAD).correlate(None)
            empty = [cast(null(), column.type) for column in columns]
            statements.append(select(literal(-1), *empty, literal(0), func.array(head.scalar_subquery())))
    return union_all(*statements), parts, list(values)


def _added_up(rows: Any, parts: Sequence[Facet | None], facets: Sequence[Facet]) -> Survey:
    totals = [0] * len(parts)
    counts: dict[Facet, Counter[str]] = {facet: Counter() for facet in facets}
    head: Sequence[int] = ()
    # A facet that is chosen is counted in the part without it, the others in the whole.
    counted_in = {facet: parts.index(facet) if facet in parts else 0 for facet in facets}
    for number, *values, count, ids in rows:
        if number < 0:
            head = ids
            continue
        totals[number] += count
        for facet, value in zip(facets, values, strict=True):
            if counted_in[facet] == number and value is not None and value is not False:
                counts[facet]["1" if value is True else str(value)] += count
    if Facet.HARVEST in counts:
        counts[Facet.HARVEST] = _within_days(counts[Facet.HARVEST])
    return Survey(
        total=totals[0],
        facets={
            facet.value: sorted(values.items(), key=lambda pair: (len(pair[0]), pair[0])) for facet, values in counts.items()
        },
        without={facet.value: totals[at] for at, facet in enumerate(parts) if facet is not None},
        head=head if totals[0] < COUNTED_AT_MOST else None,
    )


def _within_days(just: Counter[str]) -> Counter[str]:
    """From the shortest time that each was picked within to all times: what was picked within three days was within seven."""
    within_days: Counter[str] = Counter()
    running = 0
    for days in HARVEST_DAYS:
        running += just[str(days)]
        if running:
            within_days[str(days)] = running
    return within_days
