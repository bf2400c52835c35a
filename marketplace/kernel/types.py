"""Column types that make a wrong value impossible to store."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Identity, Numeric, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from marketplace.kernel import ids


class UTCDateTime(TypeDecorator[datetime]):
    """A moment. Refuses a naive one, because nobody can say later which zone was meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment on the way in."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Answer in UTC whatever the connection's zone is."""
        return None if value is None else value.astimezone(UTC)


Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
PublicId = Annotated[str, mapped_column(String(20), unique=True, default=ids.public_id)]
Moment = Annotated[datetime, mapped_column(UTCDateTime)]
Day = Annotated[date, mapped_column()]
Fen = Annotated[int, mapped_column(BigInteger)]
Grams = Annotated[int, mapped_column(BigInteger)]
# Up to 999,999,999.999 of a unit: half a jin is a quantity, a float is not.
Quantity = Annotated[Decimal, mapped_column(Numeric(12, 3))]
# The code of an area is compared byte by byte, so that a prefix search can use its index in any locale.
AreaCode = Annotated[str, mapped_column(String(12, collation="C"))]
