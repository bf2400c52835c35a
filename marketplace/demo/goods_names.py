"""The demo's tables of shop categories, kinds of goods and describing words, and the titles made from them. Pure.

The tables are data beside this file. ``source_types.csv`` says which kinds stand for a category and type of the source;
where the source only says 'other', several kinds of that group share its products in the order of their sales, which is
made up. The describing words are made up as well: they only keep listings of one kind and size apart.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLES = Path(__file__).parent / "data"
_ZH_COUNTERS = {"piece": "个", "bunch": "把"}
_ZH_PACKS = {"bag": "袋装", "box": "盒装", "bottle": "瓶装", "jar": "瓶装", "piece": ""}


@dataclass(frozen=True, slots=True)
class ShopCategory:
    """A shelf of the shop; ``position`` orders the shelves from 1."""

    slug: str
    name_zh: str
    name_en: str
    art: str
    position: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goods. ``grams`` is what a piece, bunch or pack typically weighs; above ``largest_pack_g`` is a crate.

    ``noun_en`` is the English name within a phrase, where only proper names begin with a capital.
    """

    slug: str
    name_zh: str
    noun_en: str
    category_slug: str
    art: str
    grams: int
    loose: str
    pack: str
    largest_pack_g: int
    words: str

    @property
    def liquid(self) -> bool:
        """Whether it is measured in millilitres."""
        return self.pack == "bottle"

    @property
    def name_en(self) -> str:
        """The English name with a capital, to stand alone."""
        return capitalised(self.noun_en)


@dataclass(frozen=True, slots=True)
class KindChoice:
    """The kinds that stand for one category and type; packs below ``small_below_g`` grams have kinds of their own."""

    kinds: tuple[str, ...]
    small_kinds: tuple[str, ...]
    small_below_g: int


def _rows(name: str) -> list[dict[str, str]]:
    with (_TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def capitalised(text: str) -> str:
    """The text with its first letter large, the others untouched."""
    return text[:1].upper() + text[1:]


@cache
def categories() -> tuple[ShopCategory, ...]:
    """The shelves of the shop, in order."""
    return tuple(
        ShopCategory(row["slug"], row["name_zh"], row["name_en"], row["art"], int(row["position"]))
        for row in _rows("categories.csv")
    )


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of goods the demo sells."""
    return tuple(
        Kind(
            slug=row["slug"],
            name_zh=row["name_zh"],
            noun_en=row["name_en"],
            category_slug=row["category"],
            art=row["art"],
            grams=int(row["grams"]),
            loose=row["loose"],
            pack=row["pack"],
            largest_pack_g=int(row["largest_pack_g"]),
            words=row["words"],
        )
        for row in _rows("kinds.csv")
    )


@cache
def kind_choices() -> dict[tuple[str, str], KindChoice]:
    """Which kinds stand for a category and type of the source."""
    return {
        (row["source_category"], row["source_type"]): KindChoice(
            tuple(row["kinds"].split()), tuple(row["small_kinds"].split()), int(row["small_below_g"] or 0)
        )
        for row in _rows("source_types.csv")
    }


@cache
def describing_words(name: str) -> tuple[tuple[str, str], ...]:
    """The pairs of Chinese and English words of one set, in order; an empty pair means no word."""
    return tuple((row["zh"], row["en"]) for row in _rows("words.csv") if row["words"] == name)


def describe(kind: Kind, nth: int) -> tuple[str, str]:
    """The words before the name of the ``nth`` listing, from 0, among those of one kind and size."""
    words, again = describing_words(kind.words), describing_words("again")
    zh, en = words[nth % len(words)]
    zh_again, en_again = again[nth // len(words)]
    return zh_again + zh, f"{en_again} {en}".strip()


def weight_zh(grams: int, *, about: bool) -> str:
    """A weight as a market sign says it: jin to a tenth, small weights in grams.

    >>> weight_zh(1361, about=True), weight_zh(1500, about=False), weight_zh(454, about=False)
    ('约2.7斤', '3斤', '454克')
    """
    if grams < 500:
        return f"{'约' if about else ''}{grams}克"
    jin = f"{grams / 500:.1f}".removesuffix(".0")
    exact = grams % 500 == 0 and not about
    return f"{'' if exact else '约'}{jin}斤"


def weight_en(grams: int) -> str:
    """A weight in grams or kilograms.

    >>> weight_en(454), weight_en(1361), weight_en(1500)
    ('454 g', '1.36 kg', '1.5 kg')
    """
    return f"{grams} g" if grams < 1000 else f"{grams / 1000:.2f}".rstrip("0").rstrip(".") + " kg"


def pack_words(kind: Kind, form: str, unit: str, grams: int, count: int) -> tuple[str, str]:
    """What stands behind the name, in Chinese and English: how much one unit is and how it is packed."""
    if form == "loose":
        return "散称", "loose"
    if form == "single":
        en = "bunch of" if unit == "bunch" else "each"
        return f"1{_ZH_COUNTERS[unit]}（{weight_zh(grams, about=True)}）", f"{en} about {weight_en(grams)}"
    if form == "pieces":
        return f"{count}个装", f"pack of {count}"
    if form == "parts":
        each = round(grams / count)
        return f"{each}克×{count}袋", f"{count} × {each} g"
    if kind.liquid:
        litres = f"{grams / 1000:.2f}".rstrip("0").rstrip(".")
        zh, en = (f"{grams}毫升", f"{grams} ml") if grams < 1000 else (f"{litres}升", f"{litres} litre")
        return f"{zh}瓶装", f"{en} bottle"
    return f"{weight_zh(grams, about=False)}{_ZH_PACKS[kind.pack]}", f"{weight_en(grams)} {kind.pack}"


def titles(kind: Kind, nth: int, pack: Sequence[str]) -> tuple[str, str]:
    """The Chinese and English titles of the ``nth`` listing of this kind with these pack words."""
    zh, en = describe(kind, nth)
    return f"{zh}{kind.name_zh} {pack[0]}", capitalised(f"{en} {kind.noun_en}, {pack[1]}".strip())
