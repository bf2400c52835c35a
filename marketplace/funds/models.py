"""Funds, earmarks, moves, payments; relatives that officers have declared; findings; bank days."""

import enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.funds.places import PATTERN
from marketplace.funds.states import BankDayState, FindingState, FundState, PaymentState
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household

_EARMARK = ("fund_earmark.fund_id", "fund_earmark.purpose_code")


class Budget(enum.StrEnum):
    """Whose budget a fund comes from."""

    CENTRE = "centre"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class MoveKind(enum.StrEnum):
    """What a move is."""

    ISSUE = "issue"
    ALLOCATE = "allocate"
    RETURN = "return"
    PAY = "pay"
    REVERSE = "reverse"


class PayeeKind(enum.StrEnum):
    """Who gets a payment."""

    HOUSEHOLD = "household"
    ORGANISATION = "organisation"


class Relation(enum.StrEnum):
    """What a person is to an officer."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    OTHER = "other"


class Fund(Base):
    """One document's money: who gave it, for which year, and the office to which it was given."""

    __tablename__ = "fund"
    __table_args__ = (
        # One document is entered once in an area.
        UniqueConstraint("area_code", "document_number"),
        CheckConstraint("state IN ('proposed', 'in_force', 'refused')", name="state_known"),
        CheckConstraint("budget IN ('centre', 'province', 'city', 'county')", name="budget_known"),
        CheckConstraint("year BETWEEN 2013 AND 2100", name="year_known"),
        CheckConstraint("(state = 'proposed') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # Four eyes: one person alone brings no money into being.
        CheckConstraint("decided_by_id <> proposed_by_id OR state = 'refused'", name="decided_by_another"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    document_number: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120))
    year: Mapped[int] = mapped_column(SmallInteger)
    budget: Mapped[str] = mapped_column(String(12))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    state: Mapped[str] = mapped_column(String(12), default=FundState.PROPOSED)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]

    earmarks: Mapped[list["FundEarmark"]] = relationship(order_by="FundEarmark.purpose_code", lazy="selectin")


class FundEarmark(Base):
    """How much of a fund is for one purpose. Whoever moves money of it locks this row."""

    __tablename__ = "fund_earmark"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount_positive"),)

    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), primary_key=True)
    purpose_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    amount_fen: Mapped[Fen]


class FundPayment(Base):
    """Money of one earmark to one payee. What identifies the payee's account is sealed; people see four figures.

    ``purpose_kind`` and ``purpose_id`` name what it is paid for as whoever stands above knows it, such as a project.
    """

    __tablename__ = "fund_payment"
    __table_args__ = (
        # Money is paid for what it was given for, or not at all.
        ForeignKeyConstraint(["fund_id", "purpose_code"], _EARMARK),
        # What a move that pays must agree with.
        UniqueConstraint("id", "fund_id", "purpose_code", "place", "amount_fen", name="uq_fund_payment_booked_as"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(f"place ~ '{PATTERN}'", name="place_known"),
        CheckConstraint("payee_kind IN ('household', 'organisation')", name="payee_known"),
        CheckConstraint("(payee_kind = 'organisation') = (organisation_code <> '')", name="organisation_has_code"),
        CheckConstraint("(invoice_number = '') = (invoice_fen IS NULL)", name="invoice_is_whole"),
        # An organisation is paid against a document, and so is a household: none is paid on a word.
        CheckConstraint("document_number <> ''", name="document_named"),
        CheckConstraint("state IN ('proposed', 'paid', 'refused', 'reversed')", name="state_known"),
        CheckConstraint("(state = 'proposed') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        # Four eyes: who orders a payment does not approve it.
        CheckConstraint("decided_by_id <> proposed_by_id OR state = 'refused'", name="decided_by_another"),
        CheckConstraint("length(account_index) = 32", name="index_length"),
        Index("ix_fund_payment_fund_id_purpose_code", "fund_id", "purpose_code"),
        Index("ix_fund_payment_place_id", "place", "id"),
        Index("ix_fund_payment_account_index", "account_index"),
        Index("ix_fund_payment_purpose", "purpose_kind", "purpose_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    fund_id: Mapped[int] = mapped_column(BigInteger)
    purpose_code: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(27, collation="C"))
    amount_fen: Mapped[Fen]
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    payee_kind: Mapped[str] = mapped_column(String(12))
    payee_name: Mapped[str] = mapped_column(Encrypted("fund_payment.payee_name"))
    bank: Mapped[str] = mapped_column(String(60))
    account_number: Mapped[str] = mapped_column(Encrypted("fund_payment.account_number"))
    last_four: Mapped[str] = mapped_column(String(4))
    account_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    organisation_code: Mapped[str] = mapped_column(String(18), default="")
    # A keyed digest of the number of the person who answers for the organisation, as for members of households.
    representative_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    document_number: Mapped[str] = mapped_column(String(60))
    invoice_number: Mapped[str] = mapped_column(String(40), default="")
    invoice_fen: Mapped[Fen | None]
    state: Mapped[str] = mapped_column(String(12), default=PaymentState.PROPOSED)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    reversed_why: Mapped[str] = mapped_column(String(200), default="")


class HouseholdPayment(OfHousehold, Base):
    """Which household a payment went to, and which member received it."""

    __tablename__ = "household_payment"
    __table_args__ = of_household(
        Index("ix_household_payment_household_id", "household_id"),
        Index("ix_household_payment_village_code", "village_code"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("fund_payment.id"), primary_key=True, autoincrement=False)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class FundMove(Base):
    """One movement of a fund's money from a place to another, booked by one transfer. Rows are only ever added.

    A trigger compares it with its transfer's entries: same fund, purpose, places and amount.
    """

    __tablename__ = "fund_move"
    __table_args__ = (
        ForeignKeyConstraint(["fund_id", "purpose_code"], _EARMARK),
        # A payment is booked as it was ordered: out of its place, for its purpose, in its amount.
        ForeignKeyConstraint(
            ["payment_id", "fund_id", "purpose_code", "source", "amount_fen"],
            [f"fund_payment.{name}" for name in ("id", "fund_id", "purpose_code", "place", "amount_fen")],
            name="fk_fund_move_booked_as_fund_payment",
        ),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("kind IN ('issue', 'allocate', 'return', 'pay', 'reverse')", name="kind_known"),
        CheckConstraint("(kind = 'issue') = (source = 'source')", name="issue_comes_from_source"),
        CheckConstraint(
            "(kind = 'pay') = (target = 'paid') AND (kind = 'pay') = (payment_id IS NOT NULL)", name="pays_a_payment"
        ),
        CheckConstraint(
            "(kind = 'reverse') = (source = 'paid') AND (kind = 'reverse') = (reverses_id IS NOT NULL)",
            name="reverses_a_payment",
        ),
        CheckConstraint(f"source IN ('source', 'paid') OR source ~ '{PATTERN}'", name="source_known"),
        CheckConstraint(f"target IN ('source', 'paid') OR target ~ '{PATTERN}'", name="target_known"),
        CheckConstraint("source <> target", name="goes_somewhere"),
        # A payment is booked once and taken back once.
        UniqueConstraint("payment_id"),
        UniqueConstraint("reverses_id"),
        Index("ix_fund_move_fund_id_purpose_code", "fund_id", "purpose_code"),
        Index("ix_fund_move_source_at", "source", "at"),
        Index("ix_fund_move_target_at", "target", "at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    fund_id: Mapped[int] = mapped_column(BigInteger)
    purpose_code: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(27, collation="C"))
    target: Mapped[str] = mapped_column(String(27, collation="C"))
    amount_fen: Mapped[Fen]
    document_number: Mapped[str] = mapped_column(String(60))
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("fund_move.id"))
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"), unique=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]


class DeclaredRelative(Base):
    """A relative an officer has declared, by a keyed digest of the card's number alone: it can be compared and not read."""

    __tablename__ = "declared_relative"
    __table_args__ = (
        UniqueConstraint("officer_id", "number_index"),
        CheckConstraint("relation IN ('spouse', 'parent', 'child', 'sibling', 'other')", name="relation_known"),
        CheckConstraint("length(number_index) = 32", name="index_length"),
    )

    id: Mapped[Id]
    officer_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    relation: Mapped[str] = mapped_column(String(12))
    number_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    declared_at: Mapped[Moment]


class FundFinding(Base):
    """Something a detector has seen, for a person to look at. ``key`` names what was seen, so it is raised once."""

    __tablename__ = "fund_finding"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint("state IN ('open', 'explained', 'handed_on')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name="decided_has_person"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decided_has_moment"),
        CheckConstraint("(state = 'open') = (words = '')", name="decided_has_words"),
        Index("ix_fund_finding_state_area_code", "state", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(64))
    area_code: Mapped[AreaCode]
    amount_fen: Mapped[Fen]
    # Payments by their references, places, days, amounts and the rule's value; no name and no number of anybody.
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=FindingState.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]
    words: Mapped[str] = mapped_column(String(400), default="")


class BankDay(Base):
    """What a bank says moved on one day on the account of an area's office, or, without an area, of the market."""

    __tablename__ = "bank_day"
    __table_args__ = (
        UniqueConstraint("area_code", "day"),
        CheckConstraint("state IN ('open', 'settled', 'closed')", name="state_known"),
        CheckConstraint("(state = 'open') = (settled_by_id IS NULL)", name="settled_has_person"),
        CheckConstraint("(state = 'closed') = (closed_by_id IS NOT NULL)", name="closed_has_person"),
        # Two persons close a day.
        CheckConstraint("closed_by_id <> settled_by_id", name="closed_by_another"),
        CheckConstraint("length(digest) = 32", name="digest_length"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    area_code: Mapped[AreaCode]
    day: Mapped[Day]
    # SHA-256 of the file, so that the bank's paper can be found again.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(12), default=BankDayState.OPEN)
    read_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    read_at: Mapped[Moment]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_at: Mapped[Moment | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[Moment | None]

    items: Mapped[list["BankItem"]] = relationship(back_populates="day", order_by="BankItem.number")


class BankItem(Base):
    """One movement of a bank day: seen by both, by the bank alone, or by the books alone. Positive came in.

    One that only one side knows needs a person's words before the day can be settled.
    """

    __tablename__ = "bank_item"
    __table_args__ = (
        UniqueConstraint("bank_day_id", "number"),
        CheckConstraint("side IN ('both', 'bank', 'books')", name="side_known"),
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        CheckConstraint("(words = '') = (explained_by_id IS NULL)", name="words_have_person"),
    )

    id: Mapped[Id]
    bank_day_id: Mapped[int] = mapped_column(ForeignKey("bank_day.id"))
    number: Mapped[int]
    side: Mapped[str] = mapped_column(String(8))
    amount_fen: Mapped[Fen]
    reference: Mapped[str] = mapped_column(String(64), default="")
    last_four: Mapped[str] = mapped_column(String(4), default="")
    # What the books call it: a reference of a payment or the document of an allocation.
    booked_as: Mapped[str] = mapped_column(String(64), default="")
    words: Mapped[str] = mapped_column(String(400), default="")
    explained_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    explained_at: Mapped[Moment | None]

    day: Mapped[BankDay] = relationship(back_populates="items")
