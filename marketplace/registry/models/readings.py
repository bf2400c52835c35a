"""Who has looked: readings of a file, and searches."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment
from marketplace.registry.models.files import OfHousehold, of_household


class FileReading(OfHousehold, Base):
    """Somebody has read a file, or a part of it. The household is shown every row of its own."""

    __tablename__ = "file_reading"
    __table_args__ = of_household(
        Index("ix_file_reading_household_id_at", "household_id", "at"), Index("ix_file_reading_by_id_at", "by_id", "at")
    )

    id: Mapped[Id]
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    # What was shown and why, each a word that the pages know: file, member, history, export, form.
    part: Mapped[str] = mapped_column(String(24))


class FileSearch(Base):
    """One search for a household or person: what kind of word was typed, which is not kept, and how much it found."""

    __tablename__ = "file_search"
    __table_args__ = (
        CheckConstraint("found >= 0", name="found_not_negative"),
        Index("ix_file_search_by_id_at", "by_id", "at"),
    )

    id: Mapped[Id]
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    kind: Mapped[str] = mapped_column(String(12))
    found: Mapped[int]
