"""What a started word may mean: kinds of goods, shelves, villages and single listings, the most wanted first.

The names stand in memory, read again every minute by whoever asks then: a new kind of goods is offered a minute late, and no
keystroke waits for the whole shop to be counted. Single listings are looked up, because they may be many.
"""

import enum
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Select, cast, func, literal, select, true, union_all
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.catalogue.models import Category, Listing, ListingState, Product
from marketplace.catalogue.search_terms import readings, runs, tsquery
from marketplace.catalogue.spelling import nearest
from marketplace.kernel.db import db
from marketplace.kernel.kept import Kept
from marketplace.regions.models import Area
from marketplace.regions.names import called

MOST = 8
# Single listings stand at the end and leave room for names.
_MOST_LISTINGS = 3
# Of one or two letters half the shop begins with, so single listings are looked for from the third on.
_LEAST_LETTERS = 3
# The best of so many are offered, whatever else there is.
_LOOKED_AT = 200
_names: "Kept[Vocabulary]" = Kept(most=1, seconds=60)
_answers: "Kept[tuple[Suggestion, ...]]" = Kept(most=2_000, seconds=30)


class Suggested(enum.StrEnum):
    """What kind of thing a suggestion is, in the order in which equals stand."""

    GOODS = "goods"
    CATEGORY = "category"
    VILLAGE = "village"
    LISTING = "listing"


@dataclass(frozen=True)
class Suggestion:
    """One thing that may be meant. ``key`` is a slug, an area's code or a listing's public id."""

    kind: Suggested
    key: str
    name_zh: str
    name_en: str
    weight: float = 0.0


class Vocabulary:
    """The shop's names, ready to be asked for by how they begin: in characters, pinyin, initials or Latin letters."""

    def __init__(self, names: Iterable[Suggestion]) -> None:
        self.names = sorted(names, key=lambda one: (-one.weight, list(Suggested).index(one.kind), one.key))
        # Every way in is (word, whether the name itself begins there, place in ``names``), sorted to be found by its beginning.
        ways = {way for place, one in enumerate(self.names) for way in _ways_in(one, place)}
        self._ways = sorted(ways)
        self._beginnings = [word for word, _inside, _place in self._ways]
        # The names' whole words in the order of their weight, to find the one that was meant.
        self._words = list(dict.fromkeys(word for one in self.names for word in _whole_words(one)))

    def beginning(self, typed: str, most: int) -> list[Suggestion]:
        """The names that have a word beginning so; those that begin so themselves first, and of each the heaviest."""
        chinese, latin = runs(typed)
        wanted = "".join(chinese or latin)
        if not wanted or (chinese and latin):
            return []
        places: dict[int, bool] = {}
        for word, inside, place in islice(self._ways, bisect_left(self._beginnings, wanted), None):
            if not word.startswith(wanted):
                break
            places[place] = places.get(place, True) and inside
        return [self.names[place] for place in sorted(places, key=lambda place: (places[place], place))[:most]]

    def meant(self, typed: str) -> str | None:
        """What was typed with every mistyped word put right; None where no word can be."""
        chinese, latin = runs(typed)
        right = [None if self._begins_something(word) else nearest(word, self._words) for word in [*chinese, *latin]]
        if not any(right):
            return None
        return " ".join(put or word for put, word in zip(right, [*chinese, *latin], strict=True))

    def _begins_something(self, word: str) -> bool:
        at = bisect_left(self._beginnings, word)
        return at < len(self._beginnings) and self._beginnings[at].startswith(word)


def _ways_in(one: Suggestion, place: int) -> Iterator[tuple[str, bool, int]]:
    chinese, latin = runs(one.name_zh)
    for run in chinese:
        for at in range(len(run)):
            yield run[at:], at > 0, place
        for read in readings(run):
            for at in range(len(read)):
                yield "".join(read[at:]), at > 0, place
                yield "".join(syllable[0] for syllable in read[at:]), at > 0, place
    english = [*latin, *runs(one.name_en)[1]]
    for at in range(len(english)):
        yield "".join(english[at:]), at > 0, place


def _whole_words(one: Suggestion) -> Iterator[str]:
    for run in runs(one.name_zh)[0]:
        yield run
        yield from ("".join(read) for read in readings(run))
    yield from runs(one.name_en)[1]


def suggest(text: str, most: int = MOST) -> Sequence[Suggestion]:
    """What a started word may mean, best first; nothing where nothing can be searched for."""
    query = tsquery(text)
    if query is None:
        return ()
    return _answers.get((query, text.strip().lower(), most), lambda: _suggest(text, query, most))


def _suggest(text: str, query: str, most: int) -> tuple[Suggestion, ...]:
    names = vocabulary().beginning(text, most)
    chinese, latin = runs(text)
    if not chinese and sum(map(len, latin)) < _LEAST_LETTERS:
        return tuple(names)
    room = max(most - len(names), min(_MOST_LISTINGS, most))
    called_so = {one.name_zh for one in names}
    # An offer that is called like its kind of goods says nothing that the kind does not.
    kinds = [one.key for one in names if one.kind is Suggested.GOODS][:_MOST_LISTINGS]
    found = _best_of_kinds(kinds) if kinds else _with_words(query)
    listings = [one for one in found if one.name_zh not in called_so][: min(room, _MOST_LISTINGS)]
    return (*names[: most - len(listings)], *listings)


def vocabulary() -> Vocabulary:
    """The shop's names as they were a minute ago at the most."""
    return _names.get("names", lambda: Vocabulary(_read_names()))


def meant(text: str) -> str | None:
    """The text with mistyped words put right by the shop's own; None where none can be."""
    return vocabulary().meant(text)


def _read_names() -> list[Suggestion]:
    """The kinds of goods, shelves and villages that have something in stock, in one statement that reads the shop once."""
    stock = (
        select(Listing.product_id, Listing.category_id, Listing.area_code, func.sum(Listing.rank).label("weight"))
        .where(Listing.state == ListingState.ON_SALE, Listing.available > 0)
        .group_by(Listing.product_id, Listing.category_id, Listing.area_code)
        .cte("stock")
    )
    weight = func.sum(stock.c.weight)
    parts = [
        select(literal(Suggested.GOODS.value), Product.slug, Product.name_zh, Product.name_en, weight)
        .join(stock, stock.c.product_id == Product.id)
        .group_by(Product.id),
        select(literal(Suggested.CATEGORY.value), Category.slug, Category.name_zh, Category.name_en, weight)
        .join(stock, stock.c.category_id == Category.id)
        .group_by(Category.id),
        select(literal(Suggested.VILLAGE.value), Area.code, Area.name, Area.name, weight)
        .join(stock, stock.c.area_code == Area.code)
        .group_by(Area.code),
    ]
    found = [
        Suggestion(Suggested(kind), key, zh, en, weight) for kind, key, zh, en, weight in db.session.execute(union_all(*parts))
    ]
    return [one if one.kind is not Suggested.VILLAGE else _village(one) for one in found]


def _village(one: Suggestion) -> Suggestion:
    # The official name ends in the committee that runs it, and nobody looks for that. Its pinyin is a way in as it is.
    return Suggestion(one.kind, one.key, called(one.name_zh), "", one.weight)


def _best_of_kinds(slugs: Sequence[str]) -> list[Suggestion]:
    """The best listings of some kinds of goods, each title once: a few looks at an index, however much there is of them."""
    best = (
        _in_stock()
        .where(Listing.product_id == Product.id)
        .order_by(Listing.rank.desc(), Listing.id)
        .limit(2 * _MOST_LISTINGS)
        .lateral()
    )
    return _each_title_once(select(best).select_from(Product).join(best, true()).where(Product.slug.in_(slugs)), best)


def _with_words(query: str) -> list[Suggestion]:
    """The best listings that have all words, of as many as are looked at."""
    part = _in_stock().where(Listing.search_terms.op("@@")(cast(query, TSQUERY))).limit(_LOOKED_AT).subquery()
    return _each_title_once(select(part), part)


def _in_stock() -> Select[Any]:
    columns = (Listing.public_id, Listing.title_zh, Listing.title_en, Listing.rank)
    return select(*columns).where(Listing.state == ListingState.ON_SALE, Listing.available > 0)


def _each_title_once(query: Select[Any], part: Any) -> list[Suggestion]:
    best: dict[str, Suggestion] = {}
    for row in db.session.execute(query.order_by(part.c.rank.desc(), part.c.public_id)):
        best.setdefault(row.title_zh, Suggestion(Suggested.LISTING, row.public_id, row.title_zh, row.title_en, row.rank))
    return list(best.values())
