"""The shelves of the shop as every page's menu shows them, half a minute old at the most."""

from dataclasses import dataclass

from marketplace.catalogue.queries import categories
from marketplace.kernel.kept import Kept


@dataclass(frozen=True)
class Shelf:
    """A category, free of the session it was read in."""

    slug: str
    name_zh: str
    name_en: str
    art: str


_shelves: Kept[tuple[Shelf, ...]] = Kept(most=1, seconds=30)


def shelves() -> tuple[Shelf, ...]:
    """The shelves in their order."""
    return _shelves.get("all", _read)


def _read() -> tuple[Shelf, ...]:
    return tuple(Shelf(row.slug, row.name_zh, row.name_en, row.art) for row in categories())
