"""What was counted about how poor households are: four numbers beside each other, the village's own order, and each run."""

from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household
from marketplace.registry.reading import SCOPED


class VillageRanking(Base):
    """A gathering in which groups of a village put its households in order, and said how many of them they call poor."""

    __tablename__ = "village_ranking"
    __table_args__ = (
        CheckConstraint("poor_count >= 0", name="poor_count_not_negative"),
        Index("ix_village_ranking_village_code_held_on", "village_code", "held_on"),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    village_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    held_on: Mapped[Day]
    year: Mapped[int] = mapped_column(SmallInteger)
    groups: Mapped[list[str]] = mapped_column(JSONB)
    poor_count: Mapped[int] = mapped_column(SmallInteger)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[Moment]


class VillageRank(OfHousehold, Base):
    """The places that the groups of one gathering gave to a household, in the groups' order; 1 is the poorest."""

    __tablename__ = "village_rank"
    __table_args__ = of_household(UniqueConstraint("ranking_id", "household_id"))

    id: Mapped[Id]
    ranking_id: Mapped[int] = mapped_column(ForeignKey("village_ranking.id"))
    places: Mapped[list[int]] = mapped_column(JSONB)


class AssessmentRun(Base):
    """One counting over an area: what it gave for the area as a whole, and by which rules."""

    __tablename__ = "assessment_run"
    __table_args__ = (Index("ix_assessment_run_area_code_year", "area_code", "year", "id"),)

    id: Mapped[Id]
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[Moment]
    # The area's figures, the rules and their sources, how many households each number could be counted for.
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)


class HouseholdAssessment(OfHousehold, Base):
    """The four numbers of one household for one year, as the newest run over its area has counted them.

    None is what could not be counted. ``readings`` holds the percentile and the cut-off of each, ``partings`` where they
    disagree beyond the rule. No column sums them up, and nothing reads a status from them.
    """

    __tablename__ = "household_assessment"
    __table_args__ = of_household(
        UniqueConstraint("household_id", "year"),
        CheckConstraint("deprivation BETWEEN 0 AND 1", name="deprivation_is_share"),
        CheckConstraint("proxy_low_fen <= proxy_fen AND proxy_fen <= proxy_high_fen", name="proxy_within_interval"),
        Index(
            "ix_household_assessment_parted",
            "village_code",
            "year",
            postgresql_where=text("jsonb_array_length(partings) > 0"),
        ),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("assessment_run.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    per_head_fen: Mapped[Fen | None]
    deprivation: Mapped[float | None] = mapped_column(Float)
    proxy_fen: Mapped[Fen | None]
    proxy_low_fen: Mapped[Fen | None]
    proxy_high_fen: Mapped[Fen | None]
    community: Mapped[float | None] = mapped_column(Float)
    readings: Mapped[dict[str, list[float]]] = mapped_column(JSONB)
    partings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # Which indicators the household lacks: health is among them, so the list is sealed with its key.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
