"""What is odd about a submission: pure rules over figures, with dated parameters. A flag asks for a look, no more."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from marketplace.kernel.clock import MARKET_ZONE
from marketplace.kernel.errors import N_
from marketplace.registry.dated import Rule
from marketplace.registry.models import FlagKind

QUALITY, REVISIT = "form_quality", "form_revisit"
_SOURCE = N_("Working values of Nongqiao, in force until a province writes down its own (assumed)")
RULES = (
    Rule(
        QUALITY,
        "",
        date(2014, 1, 1),
        {
            # An interview takes longer than reading its questions aloud.
            "seconds_per_question": 2.0,
            # This share of all choices at the same place of their lists, over at least so many, is a straight line.
            "straight_share": 0.9,
            "straight_least": 12,
            # Pictures whose fingerprints differ in no more bits than this are taken for one.
            "photo_bits": 6,
            "clock_ahead_minutes": 10,
            # From this hour until that one people sleep.
            "night_from": 22,
            "night_until": 6,
        },
        _SOURCE,
    ),
    # Of each collector's households of a week this share, and one at the least, is seen again by somebody else in so many days.
    Rule(REVISIT, "", date(2014, 1, 1), {"share": 0.05, "days": 14}, _SOURCE),
)
_EARTH_M = 6_371_000.0


@dataclass(frozen=True)
class Place:
    """A point, and how far from it one may be."""

    latitude: float
    longitude: float
    radius_m: float


@dataclass(frozen=True)
class Made:
    """How a submission was made. What is None is not known and raises no flag."""

    received_at: datetime
    began_at: datetime | None = None
    ended_at: datetime | None = None
    answered: int = 0
    choices: Sequence[int] = ()
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    village: Place | None = None
    # The fewest bits by which one of its photos differs from one of another household's.
    nearest_photo_bits: int | None = None


@dataclass(frozen=True)
class Flag:
    """One odd thing, with what was measured and what it was held against."""

    kind: FlagKind
    figures: dict[str, Any] = field(default_factory=dict)


def flags(made: Made, parameters: dict[str, Any]) -> list[Flag]:
    """Everything that is odd about a submission."""
    checks = (_outside, _fast, _straight, _photo, _clock, _night)
    found = (check(made, parameters) for check in checks)
    return [flag for flag in found if flag is not None]


def unchecked(made: Made) -> list[str]:
    """What could not be looked at, because something that it needs is not known."""
    missing = []
    if made.village is None or made.latitude is None:
        missing.append(FlagKind.OUTSIDE.value)
    if made.began_at is None or made.ended_at is None:
        missing.append(FlagKind.FAST.value)
    if made.ended_at is None:
        missing += [FlagKind.CLOCK.value, FlagKind.NIGHT.value]
    return missing


def distance_m(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The way between two points over a round earth, in metres, by the haversine formula.

    >>> round(distance_m(26.0, 107.0, 27.0, 107.0))
    111195
    """
    one, two = math.radians(latitude), math.radians(to_latitude)
    half = math.sin((two - one) / 2) ** 2
    half += math.cos(one) * math.cos(two) * math.sin(math.radians(to_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def _outside(made: Made, parameters: dict[str, Any]) -> Flag | None:
    village = made.village
    if village is None or made.latitude is None or made.longitude is None:
        return None
    way = distance_m(made.latitude, made.longitude, village.latitude, village.longitude)
    # The device itself says how far it may be wrong.
    if way - (made.accuracy_m or 0) <= village.radius_m:
        return None
    return Flag(FlagKind.OUTSIDE, {"distance_m": round(way), "radius_m": round(village.radius_m)})


def _fast(made: Made, parameters: dict[str, Any]) -> Flag | None:
    if made.began_at is None or made.ended_at is None or not made.answered:
        return None
    seconds = (made.ended_at - made.began_at).total_seconds()
    if seconds >= made.answered * parameters["seconds_per_question"]:
        return None
    return Flag(FlagKind.FAST, {"seconds": round(seconds), "questions": made.answered})


def _straight(made: Made, parameters: dict[str, Any]) -> Flag | None:
    if len(made.choices) < parameters["straight_least"]:
        return None
    _, most = Counter(made.choices).most_common(1)[0]
    if most < parameters["straight_share"] * len(made.choices):
        return None
    return Flag(FlagKind.STRAIGHT, {"same": most, "choices": len(made.choices)})


def _photo(made: Made, parameters: dict[str, Any]) -> Flag | None:
    if made.nearest_photo_bits is None or made.nearest_photo_bits > parameters["photo_bits"]:
        return None
    return Flag(FlagKind.PHOTO, {"bits": made.nearest_photo_bits})


def _clock(made: Made, parameters: dict[str, Any]) -> Flag | None:
    if made.ended_at is None:
        return None
    ahead = made.ended_at - made.received_at
    if ahead <= timedelta(minutes=parameters["clock_ahead_minutes"]):
        return None
    return Flag(FlagKind.CLOCK, {"minutes": round(ahead.total_seconds() / 60)})


def _night(made: Made, parameters: dict[str, Any]) -> Flag | None:
    if made.ended_at is None:
        return None
    local = made.ended_at.astimezone(MARKET_ZONE)
    if parameters["night_until"] <= local.hour < parameters["night_from"]:
        return None
    return Flag(FlagKind.NIGHT, {"time": f"{local:%H:%M}"})
