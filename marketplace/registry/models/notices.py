"""Notices of a village, what is said against them, and what the lists of other departments raise."""

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId
from marketplace.registry.models.cases import one_of
from marketplace.registry.models.files import OfHousehold, of_household
from marketplace.registry.reading import SCOPED


class NoticeKind(enum.StrEnum):
    """What a notice makes known. Announcements end a procedure; to the others anybody may object."""

    ENTRY_FIRST = "entry_first"
    ENTRY_SECOND = "entry_second"
    ENTRY_ANNOUNCEMENT = "entry_announcement"
    EXIT = "exit"
    EXIT_ANNOUNCEMENT = "exit_announcement"
    MONITORING = "monitoring"
    REMOVAL = "removal"


class Notice(Base):
    """A notice that hangs out in a village and stands on a page for as long, from the day after ``published_on`` on."""

    __tablename__ = "case_notice"
    __table_args__ = (
        one_of("kind", NoticeKind, "kind_known"),
        CheckConstraint("closes_on > published_on", name="closes_after_publishing"),
        CheckConstraint("gone_on >= closes_on", name="gone_after_closing"),
        Index("ix_case_notice_village_code_gone_on", "village_code", "gone_on"),
        Index("ix_case_notice_round_id", "round_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(20))
    village_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("case_round.id"))
    published_on: Mapped[Day]
    # The last day of its full length, and the last on which its page can be read.
    closes_on: Mapped[Day]
    gone_on: Mapped[Day]
    published_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    # When the procedure went on; None while it runs.
    closed_on: Mapped[date | None]
    # When an objection to the whole of it was upheld: it came down, and its page is gone, before its time.
    stopped_on: Mapped[date | None]

    def is_public(self, day: date) -> bool:
        """Whether its page can be read on a day."""
        return self.stopped_on is None and day <= self.gone_on


class NoticeLine(OfHousehold, Base):
    """A household on a notice: what the public page shows of it and nothing more."""

    __tablename__ = "case_notice_line"
    __table_args__ = of_household(
        UniqueConstraint("notice_id", "position", name="uq_case_notice_line_notice_id_position"),
        UniqueConstraint("notice_id", "case_id", name="uq_case_notice_line_notice_id_case_id"),
        Index("ix_case_notice_line_case_id", "case_id"),
    )

    id: Mapped[Id]
    notice_id: Mapped[int] = mapped_column(ForeignKey("case_notice.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("registry_case.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    # A family name and 某: what a page shows where the sheet in the village has the whole name.
    shown_as: Mapped[str] = mapped_column(String(12))
    persons: Mapped[int] = mapped_column(SmallInteger)


class ObjectionState(enum.StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class Objection(Base):
    """What somebody says against a notice, or one household on it. Words and contact are read only by whoever decides."""

    __tablename__ = "case_objection"
    __table_args__ = (
        one_of("state", ObjectionState, "state_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_moment"),
        CheckConstraint("(state = 'open') = (answer IS NULL)", name="decided_has_answer"),
        # Who wrote down what they were told does not decide on it.
        CheckConstraint(
            "told_to_id IS NULL OR decided_by_id IS NULL OR told_to_id <> decided_by_id", name="decided_by_another"
        ),
        Index("ix_case_objection_notice_id", "notice_id"),
        Index("ix_case_objection_village_code_due_on", "village_code", "due_on", postgresql_where=text("state = 'open'")),
        {"info": {SCOPED: True}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    village_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    notice_id: Mapped[int] = mapped_column(ForeignKey("case_notice.id"))
    # None when it is about the list as a whole, such as somebody who is not on it.
    case_id: Mapped[int | None] = mapped_column(ForeignKey("registry_case.id"))
    words: Mapped[str] = mapped_column(Encrypted("case_objection.words"))
    contact: Mapped[str | None] = mapped_column(Encrypted("case_objection.contact"))
    made_at: Mapped[Moment]
    # The officer who was told; None for one written on the notice's page.
    told_to_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    due_on: Mapped[date | None]
    # Counted by weekends alone, until the holidays on the way are announced.
    due_provisional: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(12), default=ObjectionState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    answer: Mapped[str | None] = mapped_column(Encrypted("case_objection.answer"))


class Department(enum.StrEnum):
    """Whose list it is, by what it is about."""

    VEHICLE = "vehicle"
    HOUSE = "house"
    BUSINESS = "business"
    PAYROLL = "payroll"


class DepartmentList(Base):
    """A list of a department that was compared with the registry. The list itself, and the numbers in it, are not kept."""

    __tablename__ = "department_list"
    __table_args__ = (
        one_of("department", Department, "department_known"),
        CheckConstraint("rows >= 0 AND matched BETWEEN 0 AND rows", name="matched_of_rows"),
        # The same list is compared once.
        UniqueConstraint("area_code", "department", "digest", name="uq_department_list_area_code_department_digest"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    department: Mapped[str] = mapped_column(String(12))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    # Keyed, so that nobody can find a number of a short list by trying.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    rows: Mapped[int]
    matched: Mapped[int]
    compared_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    compared_at: Mapped[Moment]


class AlertState(enum.StrEnum):
    """What became of an alert."""

    OPEN = "open"
    EXPLAINED = "explained"
    TO_CORRECT = "to_correct"
    EXIT_OPENED = "exit_opened"


class ComparisonAlert(OfHousehold, Base):
    """A member of a registered household stands on a department's list. It changes nothing by itself."""

    __tablename__ = "comparison_alert"
    __table_args__ = of_household(
        one_of("state", AlertState, "state_known"),
        one_of("department", Department, "department_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_moment"),
        # The same department asks about the same person once at a time.
        Index("uq_comparison_alert_open", "person_id", "department", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_comparison_alert_village_code", "village_code", postgresql_where=text("state = 'open'")),
        Index("ix_comparison_alert_household_id", "household_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    list_id: Mapped[int] = mapped_column(ForeignKey("department_list.id"))
    department: Mapped[str] = mapped_column(String(12))
    # JSON with ``what`` and ``since`` as the department wrote them.
    sealed_evidence: Mapped[bytes] = mapped_column(LargeBinary)
    raised_on: Mapped[Day]
    due_on: Mapped[date | None]
    # Counted by weekends alone, until the holidays on the way are announced.
    due_provisional: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(12), default=AlertState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    sealed_explanation: Mapped[bytes | None] = mapped_column(LargeBinary)
