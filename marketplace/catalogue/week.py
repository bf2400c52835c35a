"""What the first page shows for a week: what is in season, and the village of the week."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, literal, select, union_all

from marketplace.catalogue.models import Listing, Product
from marketplace.catalogue.queries import card_columns, on_sale
from marketplace.catalogue.seasons import to_be_ordered
from marketplace.kernel.db import db

# Sold all the year round is no season.
_WEEKS_OF_A_SEASON = 40


def in_season(week: int) -> ColumnElement[bool]:
    """The condition that a listing is in season in an ISO week, and not always."""
    weeks = func.cardinality(Listing.season_weeks)
    return and_(weeks <= literal(_WEEKS_OF_A_SEASON), Listing.season_weeks.contains([week]))


def _village_of_week(day: date) -> ScalarSelect[Any]:
    """A village with goods in stock, the same one for a whole ISO week, every village in its turn.

    The villages are read off the index of ``listing.area_code`` one by one, each with one look, so that the shop's size
    does not matter; the order of a week is that of the codes hashed together with its number.
    """
    in_stock = (on_sale(), to_be_ordered())
    least = func.min(Listing.area_code)
    villages = select(least.label("code")).where(*in_stock).cte("villages", recursive=True)
    beyond = select(func.min(Listing.area_code)).where(*in_stock, Listing.area_code > villages.c.code).scalar_subquery()
    villages = villages.union_all(select(beyond).where(villages.c.code.is_not(None)))
    year, week, _ = day.isocalendar()
    return (
        select(villages.c.code)
        .where(villages.c.code.is_not(None))
        .order_by(func.md5(func.concat(villages.c.code, f":{year}:{week}")))
        .limit(1)
        .scalar_subquery()
    )


def week_shelves(day: date, *, in_season: int, of_village: int) -> tuple[list[Any], list[Any]]:
    """What is in season in the ISO week of a day, and the village of that week, both by rank, in one statement.

    The rows are those of cards with ``season_weeks``, the product's names and ``of_all``: how much there is beyond the limit
    (for the village; what is in season is not counted).
    """

    def part(name: str, *conditions: ColumnElement[bool], of_all: ColumnElement[int], limit: int) -> Any:
        columns = (
            literal(name).label("shelf"),
            of_all.label("of_all"),
            Listing.rank,
            Listing.season_weeks,
            Product.name_zh.label("product_zh"),
            Product.name_en.label("product_en"),
        )
        return (
            card_columns()
            .add_columns(*columns)
            .where(on_sale(), to_be_ordered(), *conditions)
            .order_by(Listing.rank.desc(), Listing.id)
            .limit(limit)
            .subquery(name)
        )

    week = day.isocalendar().week
    seasonal = part("season", Listing.season_weeks.contains([week]), of_all=literal(0), limit=in_season)
    counted = func.count().over()
    village = part("village", Listing.area_code == _village_of_week(day), of_all=counted, limit=of_village)
    both = union_all(select(seasonal), select(village)).subquery()
    rows = db.session.execute(select(both).order_by(both.c.shelf, both.c.rank.desc(), both.c.id)).all()
    return [row for row in rows if row.shelf == "season"], [row for row in rows if row.shelf == "village"]
