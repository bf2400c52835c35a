"""What came of copies and drills, for those who answer for the machines."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Integer, Numeric, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment


class BaseBackup(Base):
    """One copy of the whole cluster, or why there is none."""

    __tablename__ = "base_backup"
    __table_args__ = (
        # A copy lies somewhere, or something went wrong.
        CheckConstraint("(fault IS NULL) = (name IS NOT NULL AND bytes IS NOT NULL)", name="copied_or_fault"),
    )

    id: Mapped[Id]
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment]
    name: Mapped[str | None] = mapped_column(String(120))
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    fault: Mapped[str | None] = mapped_column(String(300))


class RestoreDrill(Base):
    """One restore into a second server with its comparison, or why it came to none."""

    __tablename__ = "restore_drill"
    __table_args__ = (CheckConstraint("(fault IS NULL) = (tables IS NOT NULL)", name="compared_or_fault"),)

    id: Mapped[Id]
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment]
    tables: Mapped[int | None] = mapped_column(Integer)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    restore_s: Mapped[Decimal | None] = mapped_column(Numeric(10, 1))
    # Names of tables that were not the same; none is what one hopes for.
    differing: Mapped[list[str]] = mapped_column(ARRAY(String(63)), server_default="{}")
    fault: Mapped[str | None] = mapped_column(String(300))

    @property
    def good(self) -> bool:
        """Whether every table came back as it was."""
        return self.fault is None and not self.differing
