"""Pairs of persons on file who may be one, until somebody who sees both has said so."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId
from marketplace.registry.reading import SCOPED


class PairState(enum.StrEnum):
    """What is known of a pair. ``proposed``: one officer says that they are one, and another has to agree."""

    OPEN = "open"
    PROPOSED = "proposed"
    SAME = "same"
    DIFFERENT = "different"


def _side(side: str) -> ForeignKeyConstraint:
    """A person's household and village go together and move together."""
    return ForeignKeyConstraint(
        [f"{side}_household_id", f"{side}_village_code"],
        ["household.id", "household.village_code"],
        name=f"fk_duplicate_pair_{side}_household_id_household",
        onupdate="CASCADE",
    )


class DuplicatePair(Base):
    """Two persons who look alike. ``why`` says of each thing compared how near the two are, and holds none of the values."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        _side("first"),
        _side("second"),
        CheckConstraint("first_id < second_id", name="in_order"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_is_share"),
        CheckConstraint("state IN ('open', 'proposed', 'same', 'different')", name="state_known"),
        CheckConstraint("(state IN ('proposed', 'same')) = (leaves_id IS NOT NULL)", name="one_leaves"),
        CheckConstraint("leaves_id IN (first_id, second_id)", name="leaves_is_of_pair"),
        CheckConstraint("(leaves_id IS NULL) = (proposed_by_id IS NULL)", name="proposed_has_person"),
        CheckConstraint("(state IN ('same', 'different')) = (decided_by_id IS NOT NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # Four eyes: nobody takes a person off a file alone.
        CheckConstraint("state <> 'same' OR decided_by_id <> proposed_by_id", name="decided_by_another"),
        # A pair is asked about once; what was answered stays answered.
        Index("uq_duplicate_pair_first_id_second_id", "first_id", "second_id", unique=True),
        Index("ix_duplicate_pair_second_id", "second_id"),
        Index("ix_duplicate_pair_state_first_village_code", "state", "first_village_code"),
        Index("ix_duplicate_pair_state_second_village_code", "state", "second_village_code"),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    first_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_household_id: Mapped[int] = mapped_column(BigInteger)
    first_village_code: Mapped[AreaCode]
    second_household_id: Mapped[int] = mapped_column(BigInteger)
    second_village_code: Mapped[AreaCode]
    score: Mapped[float] = mapped_column(Float)
    why: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=PairState.OPEN)
    leaves_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(400), default="")
