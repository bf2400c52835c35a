"""Runs with their cards, errors beside those of the baselines, what is expected, and the households to call on."""

import enum
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class ForecastKind(enum.StrEnum):
    """What is forecast."""

    PRICE = "price"
    DEMAND = "demand"
    NEEDS = "needs"
    RELAPSE = "relapse"


class ForecastRun(Base):
    """One run and its card: the newest day that it knew, what it learnt from and was tested on, and whether it has drifted.

    ``scope`` is the market whose prices they are; empty for all else. ``card`` holds ``inputs``, ``subjects``, and by horizon
    which method is ``served`` and which part of what came the interval ``covered``.
    """

    __tablename__ = "forecast_run"
    __table_args__ = (
        CheckConstraint("kind IN ('price', 'demand', 'needs', 'relapse')", name="kind_known"),
        CheckConstraint("test_from <= cut_on AND rows > 0", name="tested_before_the_cut"),
        CheckConstraint("drift >= 0", name="drift_not_negative"),
        Index("ix_forecast_run_kind_scope_id", "kind", "scope", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(8))
    scope: Mapped[str] = mapped_column(String(40), default="")
    cut_on: Mapped[Day]
    test_from: Mapped[Day]
    made_at: Mapped[Moment]
    # Rows that were learnt from.
    rows: Mapped[int] = mapped_column(Integer)
    # Whether any of it is made up, so that its figures prove the program alone.
    made_up: Mapped[bool]
    # The measure of drift and the line of the rule on the day of the run; a line of 100 is a value of 1.
    drift: Mapped[float] = mapped_column(Float)
    drift_percent: Mapped[int] = mapped_column(Integer)
    card: Mapped[dict[str, Any]] = mapped_column(JSONB)

    @property
    def drifted(self) -> bool:
        """Whether the line was crossed: the forecast is to be looked at before it is used."""
        return 100 * self.drift > self.drift_percent


class ForecastError(Base):
    """How far a method erred at a horizon, with the interval of 95 %, and by what part less than the last value did."""

    __tablename__ = "forecast_error"
    __table_args__ = (
        CheckConstraint("method IN ('model', 'last', 'season', 'rule')", name="method_known"),
        CheckConstraint("low <= high AND gain_low <= gain_high", name="intervals"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("forecast_run.id"), primary_key=True)
    # Days, weeks, quarters or months, by the kind of run.
    horizon: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    method: Mapped[str] = mapped_column(String(8), primary_key=True)
    error: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    gain: Mapped[float] = mapped_column(Float)
    gain_low: Mapped[float] = mapped_column(Float)
    gain_high: Mapped[float] = mapped_column(Float)


class ForecastValue(Base):
    """What is expected of a kind of goods or an area: a price in fen per 500 g, a weight in grams, or a number of needs."""

    __tablename__ = "forecast_value"
    __table_args__ = (CheckConstraint("low >= 0 AND low <= value AND value <= high", name="in_order"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("forecast_run.id"), primary_key=True)
    # The slug of a kind of goods, or the code of a township.
    subject: Mapped[str] = mapped_column(String(64, collation="C"), primary_key=True)
    horizon: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    # The day, or the first day of the week or quarter, that it is of.
    due_on: Mapped[Day]
    value: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    # What it was last.
    last: Mapped[float] = mapped_column(Float)


class RelapseRisk(OfHousehold, Base):
    """How likely a household is to be registered or monitored again within a year, and why: for its officers' eyes alone.

    ``reasons`` names the inputs that speak for it most, with the log of the factor by which each raises the risk.
    """

    __tablename__ = "relapse_risk"
    __table_args__ = of_household(
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability_range"),
        UniqueConstraint("run_id", "household_id"),
        Index("ix_relapse_risk_household_id", "household_id"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("forecast_run.id"))
    probability: Mapped[float] = mapped_column(Float)
    reasons: Mapped[dict[str, float]] = mapped_column(JSONB)
