"""What leaves the files in bulk: exports that two persons answer for, and figures that everybody may see."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId


class ExportState(enum.StrEnum):
    """Where an export stands."""

    ASKED = "asked"
    REFUSED = "refused"
    RELEASED = "released"
    READY = "ready"
    TAKEN = "taken"
    EXPIRED = "expired"


class FileExport(Base):
    """The files of an area as a table: asked for by one person with a purpose, released by another, taken once, then gone."""

    __tablename__ = "file_export"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'refused', 'released', 'ready', 'taken', 'expired')", name="state_known"),
        CheckConstraint("purpose <> ''", name="purpose_named"),
        # Two persons: nobody releases what they asked for.
        CheckConstraint("decided_by_id <> asked_by_id", name="decided_by_another"),
        CheckConstraint("(state = 'asked') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # The table itself is there only between its making and its being taken.
        CheckConstraint("(state = 'ready') = (content IS NOT NULL)", name="content_while_ready"),
        CheckConstraint("(state = 'taken') = (taken_at IS NOT NULL)", name="taken_has_moment"),
        Index("ix_file_export_area_code", "area_code"),
        Index("ix_file_export_asked_by_id", "asked_by_id"),
        Index("ix_file_export_state_expires_at", "state", "expires_at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str] = mapped_column(String(400))
    with_id_numbers: Mapped[bool]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=ExportState.ASKED)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(400), default="")
    made_at: Mapped[Moment | None]
    expires_at: Mapped[Moment | None]
    taken_at: Mapped[Moment | None]
    # Whose files are in the table; each of these households is told when it is taken.
    household_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    content: Mapped[str | None] = mapped_column(Encrypted("file_export.content"), deferred=True)


class PublishedFigures(Base):
    """The numbers of registered persons in a county, by township, as they were published for a day. Rows are only ever added.

    ``cells`` holds, by township and column, a number or null for what is hidden. They are not made anew when the registry is
    corrected: two versions of one table would tell what each of them hides.
    """

    __tablename__ = "published_figures"
    __table_args__ = (UniqueConstraint("county_code", "day"),)

    id: Mapped[Id]
    county_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    day: Mapped[Day]
    year: Mapped[int] = mapped_column(SmallInteger)
    published_at: Mapped[Moment]
    cells: Mapped[dict[str, Any]] = mapped_column(JSONB)
