"""What looks odd about where goods come from, for a person to look at."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId


class Suspicion(Base):
    """An oddity that a detector has found about a seller. It blocks nothing; somebody looks, and says what it was."""

    __tablename__ = "suspicion"
    __table_args__ = (
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled_by_somebody"),
        CheckConstraint("settled_at IS NULL OR settled_words <> ''", name="settled_with_words"),
        # The same oddity is found every night and looked at once.
        Index("uq_suspicion_kind_subject", "kind", "producer_id", "subject", unique=True),
        Index("ix_suspicion_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(24))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    # What it is about, so that the same thing is known again: a lot, a product and year.
    subject: Mapped[str] = mapped_column(String(80))
    # Figures alone, never a person.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[Moment]
    settled_by: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[Moment | None]
    settled_words: Mapped[str] = mapped_column(String(400), default="")
