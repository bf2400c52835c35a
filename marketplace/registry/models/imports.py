"""Tables of household files that were sent: what was wrong with them, and how far each has been written."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import WrappedKey
from marketplace.kernel.types import Id, Moment, PublicId


class ImportState(enum.StrEnum):
    """Where an import stands."""

    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    DROPPED = "dropped"


class FileImport(Base):
    """One table that an officer sent.

    ``sealed`` holds the good rows, household by household, with a key of this import's own; both are gone when it is done or
    dropped. ``faults`` and ``left_out`` say for a row and column what was wrong, in words that hold nothing of the cell:
    ``{"line", "column", "message", "data"}``. ``position`` counts the households that are written.
    """

    __tablename__ = "file_import"
    __table_args__ = (
        CheckConstraint("state IN ('checked', 'running', 'done', 'dropped')", name="state_known"),
        CheckConstraint("how IN ('seen', 'told', 'department')", name="how_known"),
        CheckConstraint("(sealed IS NOT NULL) = (state IN ('checked', 'running'))", name="rows_kept_while_needed"),
        CheckConstraint("(sealed IS NULL) = (record_key IS NULL)", name="rows_have_key"),
        CheckConstraint("position BETWEEN 0 AND households", name="position_within"),
        CheckConstraint("(state IN ('done', 'dropped')) = (ended_at IS NOT NULL)", name="ended_has_moment"),
        Index("ix_file_import_by_id_id", "by_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    file_name: Mapped[str] = mapped_column(String(120))
    # The SHA-256 of the file, so that a file sent again is known.
    file_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    year: Mapped[int] = mapped_column(SmallInteger)
    how: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(400))
    # The newest change of any file when the table was checked: what came after it was not before the officer's eyes.
    seen: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int]
    good_rows: Mapped[int]
    households: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    # How many households and persons are new, values changed, requests made, conflicts found.
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    record_key: Mapped[bytes | None] = mapped_column(WrappedKey)
    # Left where it is until somebody runs it: a page of all imports has no use for it.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(12), default=ImportState.CHECKED)
    ended_at: Mapped[Moment | None]
