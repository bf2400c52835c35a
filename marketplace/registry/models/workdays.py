"""What was announced of a year's public holidays."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Id, Moment


class WorkdayAnnouncement(Base):
    """A year's days of rest and the weekend days that are worked, as a document announces them. Rows are only ever added.

    It stands above what the program knows of that year, a province's above the nation's, and a later one above an earlier.
    """

    __tablename__ = "workday_announcement"
    __table_args__ = (
        CheckConstraint("source <> ''", name="source_named"),
        CheckConstraint("year BETWEEN 2000 AND 2999", name="year_possible"),
        Index("ix_workday_announcement_year_area_code", "year", "area_code"),
    )

    id: Mapped[Id]
    # None for the whole country.
    area_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    # Days as ISO text, rising. Weekend days are days of rest without being named.
    rest_days: Mapped[list[str]] = mapped_column(JSONB)
    work_days: Mapped[list[str]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(String(200))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[Moment]
