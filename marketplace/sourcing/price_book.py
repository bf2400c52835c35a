"""Which list holds: what a kilogram costs when a seller brings so much to an enterprise on a day.

A seller's own list goes before the market's, one for the enterprise before one for all, and the newest before older ones. The
lists are read once for all that is asked, and chosen among here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from marketplace.catalogue.models import Listing
from marketplace.kernel.db import db
from marketplace.kernel.money import split_fen
from marketplace.sourcing.models import Demand, PriceList, PriceListLine

LARGEST_FROM_G = 1_000_000_000


@dataclass(frozen=True)
class Listed:
    """The price of a kilogram by the list that holds, in fen, and whether it is the seller's own."""

    fen_kg: int
    binds: bool


@dataclass(frozen=True)
class _Price:
    """A line of a list, with whom and when it is for."""

    enterprise_id: int | None
    producer_id: int | None
    product_id: int
    valid_from: date
    valid_to: date
    grade: str
    from_g: int
    fen_kg: int


class PriceBook:
    """The lists of some sellers and the market for some enterprises."""

    def __init__(self, prices: Iterable[_Price]) -> None:
        # Those that go before others come first.
        self._prices: dict[int, list[_Price]] = defaultdict(list)
        for one in prices:
            self._prices[one.product_id].append(one)

    def price(
        self, enterprise_id: int, product_id: int, grade: str, producer_id: int, day: date, grams: int = LARGEST_FROM_G
    ) -> Listed | None:
        """The price of a kilogram for an enterprise when a seller brings so many grams on a day; None where no list has one."""
        for one in self._prices.get(product_id, ()):
            if (
                one.enterprise_id in (enterprise_id, None)
                and one.producer_id in (producer_id, None)
                and one.grade == grade
                and one.from_g <= grams
                and one.valid_from <= day <= one.valid_to
            ):
                return Listed(one.fen_kg, one.producer_id is not None)
        return None

    def for_demand(self, demand: Demand, listing: Listing, grams: int) -> Listed | None:
        """What lists ask at most for goods of a demand, when grams are spread over its deliveries as they are wanted.

        None where one of the deliveries is in no list; it binds where the seller's own lists cover them all.
        """
        spread = split_fen(grams, {row.id: row.wanted_g for row in demand.deliveries})
        buyer, goods, seller = demand.enterprise_id, listing.product_id, listing.producer_id
        found = [self.price(buyer, goods, demand.grade, seller, row.opens_on, spread[row.id]) for row in demand.deliveries]
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return None
        return Listed(max(one.fen_kg for one in known), all(one.binds for one in known))


def read_prices(
    enterprise_ids: Collection[int], product_ids: Collection[int], producer_ids: Collection[int], since: date
) -> PriceBook:
    """What these sellers and the market ask these enterprises for these products from a day on."""
    rows = db.session.execute(
        select(
            PriceList.enterprise_id,
            PriceList.producer_id,
            PriceListLine.product_id,
            PriceList.valid_from,
            PriceList.valid_to,
            PriceListLine.grade,
            PriceListLine.from_g,
            PriceListLine.fen_kg,
        )
        .join(PriceListLine, PriceListLine.list_id == PriceList.id)
        .where(
            PriceList.ended_at.is_(None),
            PriceList.valid_to >= since,
            PriceListLine.product_id.in_(product_ids),
            or_(PriceList.enterprise_id.in_(enterprise_ids), PriceList.enterprise_id.is_(None)),
            or_(PriceList.producer_id.in_(producer_ids), PriceList.producer_id.is_(None)),
        )
        .order_by(
            PriceList.producer_id.is_(None), PriceList.enterprise_id.is_(None), PriceList.id.desc(), PriceListLine.from_g.desc()
        )
    )
    return PriceBook(_Price(*row) for row in rows)


def prices_for(pairs: Sequence[tuple[Demand, Listing]]) -> PriceBook:
    """What lists say of the goods with which demands are, or could be, answered."""
    if not pairs:
        return PriceBook(())
    return read_prices(
        {demand.enterprise_id for demand, _ in pairs},
        {listing.product_id for _, listing in pairs},
        {listing.producer_id for _, listing in pairs},
        min(row.opens_on for demand, _ in pairs for row in demand.deliveries),
    )


def listed_price(
    enterprise_id: int, product_id: int, grade: str, producer_id: int, day: date, grams: int = LARGEST_FROM_G
) -> Listed | None:
    """One price of one seller for one enterprise on a day."""
    book = read_prices([enterprise_id], [product_id], [producer_id], day)
    return book.price(enterprise_id, product_id, grade, producer_id, day, grams)


def listed_for(demand: Demand, listing: Listing, grams: int) -> Listed | None:
    """What lists ask at most for one seller's goods of one demand."""
    return prices_for([(demand, listing)]).for_demand(demand, listing, grams)


def price_in(price_list: PriceList, product_id: int, grade: str, day: date, grams: int) -> int | None:
    """What one list asks for a kilogram of so many grams that come on a day, in fen; None where it says nothing."""
    if not price_list.valid_from <= day <= price_list.valid_to:
        return None
    steps = [row for row in price_list.lines if (row.product_id, row.grade) == (product_id, grade) and row.from_g <= grams]
    return max(steps, key=lambda row: row.from_g).fen_kg if steps else None
