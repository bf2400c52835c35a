"""What sending parcels costs, to the fen, with the reason of each part. Pure, no database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.delivery.models import Temperature
from marketplace.kernel.money import split_fen

GRAMS_PER_KG = 1000


@dataclass(frozen=True)
class Parcel:
    """What one sender sends at one temperature: its weight in grams and what its goods cost in fen."""

    sender: str
    temperature: Temperature
    grams: int
    goods_fen: int


@dataclass(frozen=True)
class Rate:
    """The first kilogram and each further started one, in fen; nothing from ``free_from_fen`` worth of goods on.

    Raises
    ------
    ValueError
        When a further kilogram costs more than the first: two parcels would then be cheaper than one.
    """

    first_kg_fen: int
    each_kg_fen: int
    free_from_fen: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.each_kg_fen <= self.first_kg_fen:
            raise ValueError("a further kilogram costs no more than the first, and neither less than nothing")


@dataclass(frozen=True)
class Zone:
    """A place that a method goes to, the empty code being the whole country, with the days it takes and its rates."""

    area_code: str
    days_from: int
    days_to: int
    rates: Mapping[Temperature, Rate]


@dataclass(frozen=True)
class Terms:
    """A method's zones on one day; ``consolidated`` when the parcels of all senders travel as one."""

    zones: Sequence[Zone]
    consolidated: bool = False


@dataclass(frozen=True)
class Part:
    """One weighing and what it costs, with the grams of each sender: more than one when they were weighed together.

    ``free_from_fen`` is the amount that made it free, None when it is not.
    """

    grams_by_sender: Mapping[str, int]
    temperature: Temperature
    kilograms: int
    first_kg_fen: int
    each_kg_fen: int
    free_from_fen: int | None
    fen: int

    @property
    def grams(self) -> int:
        """What the scales show."""
        return sum(self.grams_by_sender.values())


@dataclass(frozen=True)
class Quote:
    """The price of a delivery: its parts, what each sender's goods bear of it, and the days it takes."""

    parts: tuple[Part, ...]
    by_sender: Mapping[str, int]
    days_from: int
    days_to: int

    @property
    def total_fen(self) -> int:
        """The whole price."""
        return sum(self.by_sender.values())


def nearest_zone(zones: Sequence[Zone], destination: str) -> Zone | None:
    """The zone that holds a place and has the longest code.

    >>> wide, near = Zone("", 3, 5, {}), Zone("52", 1, 2, {})
    >>> nearest_zone([wide, near], "522636") is near, nearest_zone([wide, near], "110101") is wide
    (True, True)
    """
    holding = [zone for zone in zones if destination.startswith(zone.area_code)]
    return max(holding, key=lambda zone: len(zone.area_code), default=None)


def quote(parcels: Sequence[Parcel], destination: str, terms: Terms) -> Quote | None:
    """The price of sending parcels to a place; None when not all of them can go there.

    A weighing costs ``first + each * (ceil(grams / 1000) - 1)``. Separately, each sender's goods of a temperature are
    weighed, and all of its goods compared with the amount for free delivery, by themselves; consolidated, those of all senders
    are, and the freight is divided by grams (largest remainder), so that no purchase pays more for travelling together.

    Parameters
    ----------
    parcels : sequence of Parcel
        With positive grams; several of one sender and temperature are one weighing.
    destination : str
        The code of the buyer's area.
    terms : Terms

    Examples
    --------
    >>> terms = Terms([Zone("", 2, 4, {Temperature.AMBIENT: Rate(600, 150)})])
    >>> two = [Parcel("a", Temperature.AMBIENT, 1200, 900), Parcel("b", Temperature.AMBIENT, 700, 900)]
    >>> quote(two, "110101", terms).by_sender
    {'a': 750, 'b': 600}
    >>> quote(two, "110101", Terms(terms.zones, consolidated=True)).by_sender
    {'a': 474, 'b': 276}
    """
    zone = nearest_zone(terms.zones, destination)
    if zone is None or not parcels or any(parcel.temperature not in zone.rates for parcel in parcels):
        return None
    goods_fen: dict[str, int] = defaultdict(int)
    for parcel in parcels:
        goods_fen[parcel.sender] += parcel.goods_fen
    by_sender = dict.fromkeys(goods_fen, 0)
    parts = []
    for temperature in Temperature:
        grams: dict[str, int] = defaultdict(int)
        for parcel in parcels:
            if parcel.temperature is temperature:
                grams[parcel.sender] += parcel.grams
        if not grams:
            continue
        loads = [dict(grams)] if terms.consolidated else [{sender: weight} for sender, weight in grams.items()]
        for load in loads:
            worth = sum(goods_fen.values()) if terms.consolidated else sum(goods_fen[sender] for sender in load)
            part = _weigh(load, temperature, worth, zone.rates[temperature])
            parts.append(part)
            for sender, fen in split_fen(part.fen, load).items():
                by_sender[sender] += fen
    return Quote(tuple(parts), by_sender, zone.days_from, zone.days_to)


def _weigh(load: Mapping[str, int], temperature: Temperature, goods_fen: int, rate: Rate) -> Part:
    kilograms = -(-sum(load.values()) // GRAMS_PER_KG)
    free = rate.free_from_fen is not None and goods_fen >= rate.free_from_fen
    return Part(
        grams_by_sender=load,
        temperature=temperature,
        kilograms=kilograms,
        first_kg_fen=rate.first_kg_fen,
        each_kg_fen=rate.each_kg_fen,
        free_from_fen=rate.free_from_fen if free else None,
        fen=0 if free else rate.first_kg_fen + rate.each_kg_fen * (kilograms - 1),
    )
