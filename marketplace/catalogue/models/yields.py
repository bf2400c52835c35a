"""What households say that their land bears in a year, and what an officer of the village said to that."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.catalogue.yield_states import YieldState
from marketplace.kernel.db import Base
from marketplace.kernel.types import Grams, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class YieldDeclaration(OfHousehold, Base):
    """A household's word for one kind of goods and year: an area, or a harvest. The newest that counts is in force.

    The shop learns from it how much can come from a household, without opening the household's file: the officer, who may read
    that, compares.
    """

    __tablename__ = "yield_declaration"
    __table_args__ = of_household(
        CheckConstraint("num_nonnulls(area_mu100, harvest_g) = 1", name="area_or_harvest"),
        CheckConstraint("area_mu100 BETWEEN 1 AND 10000000", name="area_range"),
        CheckConstraint("harvest_g BETWEEN 1 AND 1000000000000", name="harvest_range"),
        CheckConstraint("season BETWEEN 2013 AND 2100", name="season_known"),
        CheckConstraint("state IN ('standing', 'waiting', 'confirmed', 'refused')", name="state_known"),
        # A harvest counts by an officer's word alone.
        CheckConstraint("state <> 'standing' OR area_mu100 IS NOT NULL", name="standing_is_area"),
        CheckConstraint("(state IN ('confirmed', 'refused')) = (decided_at IS NOT NULL)", name="decided_has_moment"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_at IS NULL OR decided_words <> ''", name="decided_with_words"),
        # Four eyes: nobody confirms what they declared.
        CheckConstraint("decided_by <> declared_by", name="decided_by_another"),
        Index("ix_yield_declaration_household_id_season", "household_id", "season", "product_id"),
        Index("ix_yield_declaration_state_village_code", "state", "village_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    season: Mapped[int] = mapped_column(SmallInteger)
    # Hundredths of a mu.
    area_mu100: Mapped[int | None] = mapped_column(Integer)
    harvest_g: Mapped[Grams | None]
    words: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12), default=YieldState.WAITING)
    declared_by: Mapped[str] = mapped_column(String(64))
    declared_at: Mapped[Moment]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[Moment | None]
    decided_words: Mapped[str] = mapped_column(String(400), default="")
