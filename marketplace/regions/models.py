"""The area table."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day


class Level(enum.IntEnum):
    """The five levels; the value is the length of a code."""

    PROVINCE = 2
    CITY = 4
    COUNTY = 6
    TOWNSHIP = 9
    VILLAGE = 12


class Area(Base):
    """One area with the days between which its code was in force."""

    __tablename__ = "area"
    __table_args__ = (
        # A code says its own level and parent; a row that contradicts its code cannot be placed in the tree.
        CheckConstraint("length(code) IN (2, 4, 6, 9, 12)", name="code_length"),
        CheckConstraint("code ~ '^[0-9]+$'", name="code_digits"),
        CheckConstraint("parent_code IS NULL OR starts_with(code, parent_code)", name="parent_is_prefix"),
        CheckConstraint("(parent_code IS NULL) = (length(code) = 2)", name="only_provinces_stand_alone"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_span"),
        Index("ix_area_parent_code", "parent_code"),
    )

    code: Mapped[AreaCode] = mapped_column(primary_key=True)
    parent_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code", deferrable=True, initially="DEFERRED"))
    name: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[Day]
    valid_to: Mapped[Day | None]
    replaced_by: Mapped[AreaCode | None]

    @property
    def level(self) -> Level:
        """The level, read off the code."""
        return Level(len(self.code))
