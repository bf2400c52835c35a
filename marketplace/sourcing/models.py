"""Purchase targets."""

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Moment


class PurchaseTarget(Base):
    """The part of a calendar year's purchases that an enterprise reserves for goods of registered households."""

    __tablename__ = "purchase_target"
    __table_args__ = (CheckConstraint("share_bp BETWEEN 0 AND 10000", name="share_range"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    share_bp: Mapped[int] = mapped_column(SmallInteger)
    changed_at: Mapped[Moment]
