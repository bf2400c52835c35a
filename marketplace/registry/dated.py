"""A rule with its day, its place and its source. The values that come with the program are written in these."""

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A value from a day on, in an area (empty for the nation)."""

    name: str
    area_code: str
    begins_on: date
    value: Any
    source: str
