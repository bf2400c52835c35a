"""From a package size as the source writes it to the unit a listing is sold in. Pure.

The source writes what stood on the case: '3 LB' is a bag on the shelf, but '40 LB' of bananas or '24 CT' of lettuce is
the crate the shop cut open, so goods whose size exceeds what a household carries home are sold loose.
"""

import re
from dataclasses import dataclass

from marketplace.demo.goods_names import Kind

GRAMS_PER_POUND = 453.59237
GRAMS_PER_OUNCE = GRAMS_PER_POUND / 16
ML_PER_FLUID_OUNCE = 29.5735
# A dry pint has no weight of its own; berries and small tomatoes come to about 12 ounces.
GRAMS_PER_DRY_PINT = 340
_FLUID_OUNCES = {"PT": 16, "QT": 32, "GA": 128, "GAL": 128}
_DRY_PINTS = {"PT": 1, "QT": 2, "GA": 8, "GAL": 8}
# More pieces than this are a crate, and heavy goods are never sold in counted packs.
_MOST_PIECES = 6
_HEAVY_PIECE_G = 700
_MOST_PARTS = 12
_LOOSE_GRAMS = {"jin": 500, "kg": 1000}
PACK_UNITS = {"bag": "bag", "box": "box", "bottle": "piece", "jar": "piece", "piece": "piece"}

_NUMBER = r"(\d+ \d/\d|\d/\d(?![\d.])|\d*\.?\d+)"
_WEIGHT = re.compile(rf"^{_NUMBER}(?:-(\d+))?[ -]?(LB|OZ|ML)")
_PARTS = re.compile(r"^(\d+) ?(?:CT|PK)?(?:[ /]|-(?!\d+ LB))([\d.]+) (LB|OZ)$")
_PARTS_LAST = re.compile(r"^([\d.]+) OZ/(\d+) PK$")
_COUNT = re.compile(r"(\d+)(?:[-/](\d+))?[ -]?(?:CT|PK)$")
_MEASURE = re.compile(r"^(1/2|1)? ?(PT|QT|GAL|GA)$")
# Marks of the buyer before the size: a case of 18, a brand's initials, a grade.
_MARKS = re.compile(r"^(?:\(\d+\) |RR|BD |ALL )")


@dataclass(frozen=True, slots=True)
class Size:
    """A package size: grams of the whole (millilitres when liquid), or pieces, or nothing known."""

    grams: int | None = None
    parts: int = 1
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class SellingUnit:
    """How a listing is sold; ``form`` says how to word it: loose, single, pieces, parts or pack."""

    unit: str
    grams: int
    form: str
    count: int = 1


def _number(text: str) -> float:
    """'1 1/2' or '3/4' or '2.5' as a number."""
    whole, _, fraction = text.rpartition(" ")
    if "/" not in fraction:
        return float(text)
    above, below = fraction.split("/")
    return (float(whole) if whole else 0.0) + int(above) / int(below)


def _grams(amount: float, unit: str, liquid: bool) -> float:
    """The grams of an amount; a liquid weighs a gram per millilitre, near enough for juice and dressing."""
    if unit == "ML":
        return amount
    if unit == "LB":
        return amount * GRAMS_PER_POUND
    return amount * (ML_PER_FLUID_OUNCE if liquid else GRAMS_PER_OUNCE)


def _parts(count: int, amount: float, unit: str, liquid: bool) -> Size:
    """'3/3.5 OZ' is three of 3.5 ounces, '10 CT/35 OZ' names the whole, '36-3 OZ' and '12/2 LB' are cases of packs."""
    if count > _MOST_PARTS or unit == "LB":
        return Size(round(_grams(amount, unit, liquid)))
    whole = amount if count > 2 and amount > 9 else count * amount
    return Size(round(_grams(whole, unit, liquid)), parts=count)


def parse_size(text: str | None, *, liquid: bool = False) -> Size:
    """Read a package size; what cannot be read is unknown.

    >>> parse_size("3-LB BAG"), parse_size("3/3.5 OZ")
    (Size(grams=1361, parts=1, pieces=None), Size(grams=298, parts=3, pieces=None))
    >>> parse_size("3/4 OZ").grams, parse_size("80/88 CT").pieces, parse_size("CTN").grams
    (21, 84, None)
    """
    size = re.sub(r"\. ", ".", " ".join((text or "").split()))
    size = _MARKS.sub("", size).strip()
    if found := _MEASURE.match(size):
        share = 0.5 if found[1] == "1/2" else 1.0
        whole = _FLUID_OUNCES[found[2]] * ML_PER_FLUID_OUNCE if liquid else _DRY_PINTS[found[2]] * GRAMS_PER_DRY_PINT
        return Size(round(share * whole))
    if found := _PARTS_LAST.match(size):
        return _parts(int(found[2]), float(found[1]), "OZ", liquid)
    is_fraction = re.match(r"^(?:\d+ )?[123]/[234] ", size) and "3/3 " not in size
    if not is_fraction and (found := _PARTS.match(size)):
        return _parts(int(found[1]), float(found[2]), found[3], liquid)
    if found := _WEIGHT.match(size):
        low = _number(found[1])
        return Size(round(_grams((low + float(found[2] or low)) / 2, found[3], liquid)))
    if found := _COUNT.search(size):
        return Size(pieces=round((int(found[1]) + int(found[2] or found[1])) / 2))
    return Size()


def is_packed(kind: Kind, size: Size) -> bool:
    """Whether the size is that of a pack a household carries home."""
    return size.grams is not None and size.grams <= kind.largest_pack_g


def selling_unit(kind: Kind, size: Size) -> SellingUnit:
    """The unit a product of this kind and size is sold in."""
    if size.grams is not None and is_packed(kind, size):
        grams = max(size.grams, 5)
        if size.parts > 1:
            return SellingUnit("box", grams, "parts", size.parts)
        return SellingUnit(PACK_UNITS[kind.pack], grams, "single" if kind.pack == "piece" else "pack")
    if size.pieces is not None and 1 < size.pieces <= _MOST_PIECES and kind.grams < _HEAVY_PIECE_G:
        return SellingUnit("bag", size.pieces * kind.grams, "pieces", size.pieces)
    if kind.loose in _LOOSE_GRAMS:
        return SellingUnit(kind.loose, _LOOSE_GRAMS[kind.loose], "loose")
    return SellingUnit(kind.loose, kind.grams, "single" if kind.loose in ("piece", "bunch") else "pack")
