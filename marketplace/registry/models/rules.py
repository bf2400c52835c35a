"""Rules that a province has set for itself."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Id, Moment


class RuleChange(Base):
    """The value of a rule in an area from a day on, and the document that says so. Rows are only ever added.

    It stands above the values that come with the program (``registry.rules``), and one of a later id above one of the same day.
    """

    __tablename__ = "rule_change"
    __table_args__ = (
        CheckConstraint("source <> ''", name="source_named"),
        Index("ix_rule_change_name_area_code_begins_on", "name", "area_code", "begins_on"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(40))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    begins_on: Mapped[Day]
    value: Mapped[Any] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(String(200))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[Moment]
