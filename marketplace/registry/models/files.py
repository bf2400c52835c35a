"""The file of a household: its members, what is known year by year, every change of it, and what waits for a second person.

Values are JSON by the name of their field in the standard (``registry.standard``). Those that name or describe a person closely
are *sealed*: one JSON object encrypted with the household's key. ``marks`` names, for each field, the change that set it, and a
change says who noted it, how they know and when; so every value can say where it comes from.
"""

import enum
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.reading import SCOPED


class How(enum.StrEnum):
    """How somebody knows a value."""

    SEEN = "seen"
    TOLD = "told"
    DEPARTMENT = "department"


class Origin(enum.StrEnum):
    """The way by which a value came in; with ``origin_id`` the form, import or request itself."""

    PAGE = "page"
    FORM = "form"
    IMPORT = "import"
    DEPARTMENT = "department"
    REQUEST = "request"


class RequestState(enum.StrEnum):
    """Where a request to change a file stands."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ConflictState(enum.StrEnum):
    """Which of two values of one field was kept."""

    OPEN = "open"
    KEPT = "kept"
    REPLACED = "replaced"


class OfHousehold:
    """What hangs on a household and moves with it when its village gets another code."""

    household_id: Mapped[int] = mapped_column(BigInteger)
    village_code: Mapped[AreaCode]


def of_household(*more: SchemaItem) -> tuple[Any, ...]:
    """Table arguments: the household and its village go together, and the table is only read within an area."""
    same = ForeignKeyConstraint(
        ["household_id", "village_code"], ["household.id", "household.village_code"], onupdate="CASCADE"
    )
    return (same, *more, {"info": {SCOPED: True}})


class Person(OfHousehold, Base):
    """A member of a household from one day until, perhaps, another; who moves to another household is a new row there.

    ``id_number_index`` finds a number without opening any; a number stands once among those who have not left, in the whole
    registry. ``name_index`` does the same for the whole name, which many may share.
    """

    __tablename__ = "person"
    __table_args__ = of_household(
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="left_after_joining"),
        CheckConstraint("(left_on IS NULL) = (left_why IS NULL)", name="leaving_has_reason"),
        # One person is a member of one household at a time.
        Index("uq_person_id_number_index", "id_number_index", unique=True, postgresql_where=text("left_on IS NULL")),
        # A household has one head, to whom letters go.
        Index("uq_person_head", "household_id", unique=True, postgresql_where=text("left_on IS NULL AND relation = 'head'")),
        Index("ix_person_household_id", "household_id"),
        Index("ix_person_village_code_id", "village_code", "id"),
        Index("ix_person_name_index", "name_index"),
        # The members of an area's households on a day are counted from this alone.
        Index(
            "ix_person_village_code_household_id", "village_code", "household_id", postgresql_include=["joined_on", "left_on"]
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    relation: Mapped[str] = mapped_column(String(16))
    sex: Mapped[str] = mapped_column(String(8))
    born_on: Mapped[Day]
    joined_on: Mapped[Day]
    left_on: Mapped[date | None]
    left_why: Mapped[str | None] = mapped_column(String(16))
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_id_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    id_number_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    marks: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)


class FileRecord(OfHousehold, Base):
    """What is known of a household, or of one of its members, for one year."""

    __tablename__ = "file_record"
    __table_args__ = of_household(
        # A year has one record of each; without a person it is the household's own.
        Index(
            "uq_file_record_household_id_year_person_id",
            "household_id",
            "year",
            "person_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("year BETWEEN 2013 AND 2100", name="year_known"),
        CheckConstraint("person_id IS NULL OR per_head_fen IS NULL", name="income_is_the_households"),
        # The list of an area in one year, by how little its households have.
        Index(
            "ix_file_record_year_village_code",
            "year",
            "village_code",
            "per_head_fen",
            postgresql_where=text("person_id IS NULL"),
        ),
    )

    id: Mapped[Id]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    plain: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    marks: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    # Read off the values by the database itself, so that lists and sums by area can use them.
    kind: Mapped[str | None] = mapped_column(String(16), Computed("plain ->> 'kind'", persisted=True))
    main_cause: Mapped[str | None] = mapped_column(String(16), Computed("plain ->> 'main_cause'", persisted=True))
    # Counted from the income parts and the members; None while a part of it is unknown.
    per_head_fen: Mapped[Fen | None]
    persons: Mapped[int | None] = mapped_column(SmallInteger)


class FileChange(OfHousehold, Base):
    """Values that one person noted in one act. Rows are only ever added."""

    __tablename__ = "file_change"
    __table_args__ = of_household(
        CheckConstraint("how IN ('seen', 'told', 'department')", name="how_known"),
        CheckConstraint("origin IN ('page', 'form', 'import', 'department', 'request')", name="origin_known"),
        Index("ix_file_change_household_id_id", "household_id", "id"),
    )

    id: Mapped[Id]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # None for what does not change from year to year: who somebody is.
    year: Mapped[int | None] = mapped_column(SmallInteger)
    plain: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    how: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
    # What the clock of the device said where it was noted; not trusted for anything but to show it.
    noted_at: Mapped[Moment | None]
    origin: Mapped[str] = mapped_column(String(12))
    origin_id: Mapped[str] = mapped_column(String(64), default="")


class ChangeRequest(OfHousehold, Base):
    """Values that count only when a second person has agreed: those of a past year, and who somebody is."""

    __tablename__ = "change_request"
    __table_args__ = of_household(
        CheckConstraint("state IN ('open', 'approved', 'refused', 'withdrawn')", name="state_known"),
        CheckConstraint("how IN ('seen', 'told', 'department')", name="how_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # Four eyes: nobody agrees to what they asked for; who asked may only take it back.
        CheckConstraint("(state = 'withdrawn') = (decided_by_id = proposed_by_id)", name="decided_by_another"),
        Index("ix_change_request_state_village_code", "state", "village_code"),
        Index("ix_change_request_household_id", "household_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    year: Mapped[int | None] = mapped_column(SmallInteger)
    plain: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The marks of these fields when it was asked for: agreement is to the step from one value to another.
    seen: Mapped[dict[str, int]] = mapped_column(JSONB)
    how: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(400))
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=RequestState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(400), default="")


class FieldConflict(OfHousehold, Base):
    """Two values of one field, each noted by somebody who had not seen the other's; the first stays until somebody decides."""

    __tablename__ = "field_conflict"
    __table_args__ = of_household(
        CheckConstraint("state IN ('open', 'kept', 'replaced')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # One question about a pair of values, however often a device sends the second one.
        Index("uq_field_conflict_change_id_field_standing_id", "change_id", "field", "standing_id", unique=True),
        Index("ix_field_conflict_household_id_state", "household_id", "state"),
        Index("ix_field_conflict_state_village_code", "state", "village_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    field: Mapped[str] = mapped_column(String(40))
    # The change that carried the value which came too late, and the one that set the value which stands.
    change_id: Mapped[int] = mapped_column(ForeignKey("file_change.id"))
    standing_id: Mapped[int] = mapped_column(ForeignKey("file_change.id"))
    found_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=ConflictState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
