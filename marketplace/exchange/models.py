"""Partners, what they sent, what they subscribed to, what they are to be told, and streams of events up and down."""

import enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.exchange.states import ChangeState
from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId


class PartnerKind(enum.StrEnum):
    """What a partner is to us."""

    DEPARTMENT = "department"
    ABOVE = "above"
    BELOW = "below"


class RegistryEvent(enum.StrEnum):
    """What can be subscribed to, as the standard spells it."""

    REGISTER = "REGISTER"


class ExchangePartner(Base):
    """Another system."""

    __tablename__ = "exchange_partner"
    __table_args__ = (
        # A department sees what its officer sees; the levels above and below ask nothing.
        CheckConstraint("(kind = 'department') = (account_id IS NOT NULL)", name="department_has_account"),
        CheckConstraint("kind <> 'above' OR url <> ''", name="above_is_called"),
        CheckConstraint("length(public_key) = 32", name="key_length"),
        # A system may come again with another key, once it has been ended.
        Index("uq_exchange_partner_sender_id", "sender_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        # There is one level above.
        Index("uq_exchange_partner_above", "kind", unique=True, postgresql_where=text("kind = 'above' AND ended_at IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    sender_id: Mapped[str] = mapped_column(String(99))
    name: Mapped[str] = mapped_column(String(120))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # Where its own end of the exchange begins; empty for one that is never called.
    url: Mapped[str] = mapped_column(String(200), server_default="")
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    # The codes of the purposes for which it may ask.
    purposes: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default="{}")
    # Of a department: it sees no further than this area, however far its officer does; empty for all of the officer's.
    area_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    since: Mapped[Moment]
    # Nothing is taken in from it or out to it until it is resumed.
    suspended_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class PartnerDeed(enum.StrEnum):
    """What a proposal would do to a partner."""

    ADD = "add"
    KEY = "key"
    RESUME = "resume"


class PartnerChange(Base):
    """A proposal of the data centre's office about a partner, and what a second person said to it."""

    __tablename__ = "partner_change"
    __table_args__ = (
        CheckConstraint("deed IN ('add', 'key', 'resume')", name="deed_known"),
        CheckConstraint("decided_by_id <> proposed_by_id OR state <> 'confirmed'", name="two_persons"),
        CheckConstraint("(deed = 'add') = (partner_id IS NULL)", name="about_one_that_is_there"),
        CheckConstraint("(deed = 'resume') = (public_key IS NULL)", name="key_where_it_is_needed"),
        CheckConstraint("length(public_key) = 32", name="key_length"),
        # Two proposals about one partner would undo one another.
        Index("uq_partner_change_partner_id_proposed", "partner_id", unique=True, postgresql_where=text("state = 'proposed'")),
        # An office proposes a system once. What another office proposes, which it cannot see, keeps nobody from proposing: the
        # first of the two that is confirmed takes part.
        Index(
            "uq_partner_change_sender_id_proposed",
            "sender_id",
            text("left(area_code, 6)"),
            unique=True,
            postgresql_where=text("state = 'proposed' AND deed = 'add'"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    deed: Mapped[str] = mapped_column(String(8))
    # The area whose office decides, and that a department will see.
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("exchange_partner.id"))
    kind: Mapped[str] = mapped_column(String(12))
    sender_id: Mapped[str] = mapped_column(String(99))
    name: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(String(200), server_default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default="{}")
    state: Mapped[str] = mapped_column(String(12), default=ChangeState.PROPOSED)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class ExchangeMessage(Base):
    """A message of a department that was taken in; ``outcome`` says what became of each request in it, without any data."""

    __tablename__ = "exchange_message"
    __table_args__ = (
        # The same message may come any number of times and is one.
        UniqueConstraint("partner_id", "message_id"),
        Index("ix_exchange_message_partner_id_transaction_id", "partner_id", "transaction_id"),
        CheckConstraint("length(digest) = 32", name="digest_length"),
    )

    id: Mapped[Id]
    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"))
    message_id: Mapped[str] = mapped_column(String(99))
    action: Mapped[str] = mapped_column(String(20))
    transaction_id: Mapped[str] = mapped_column(String(99))
    correlation_id: Mapped[PublicId]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    received_at: Mapped[Moment]
    outcome: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class ExchangeSubscription(Base):
    """A department that wants to be told of an event in an area; ``seen_status_id`` is the last status that was looked at."""

    __tablename__ = "exchange_subscription"
    __table_args__ = (
        Index(
            "uq_exchange_subscription_in_force",
            "partner_id",
            "event",
            "area_code",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"))
    event: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[AreaCode]
    purpose: Mapped[str] = mapped_column(String(40))
    seen_status_id: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class ExchangeCall(Base):
    """An answer or a notice that a department is to be called with; its words go once it has arrived or was given up."""

    __tablename__ = "exchange_call"
    __table_args__ = (
        CheckConstraint("(body IS NULL) = (arrived_at IS NOT NULL OR given_up_at IS NOT NULL)", name="emptied_when_done"),
        Index("ix_exchange_call_due", "next_try_at", postgresql_where=text("body IS NOT NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"))
    action: Mapped[str] = mapped_column(String(20))
    body: Mapped[str | None] = mapped_column(Encrypted("exchange_call.body"))
    created_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[Moment]
    arrived_at: Mapped[Moment | None]
    given_up_at: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(String(200))


class UpwardEvent(Base):
    """What the level above is told, in the order of ``position``, which has no gaps; ``origin`` names the row it comes from."""

    __tablename__ = "upward_event"
    __table_args__ = (CheckConstraint("position >= 0", name="position_counted"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # What has happened once is told once.
    origin: Mapped[str] = mapped_column(String(60), unique=True)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[Moment]


class DownwardEvent(Base):
    """What a level below has told us, under its own numbering."""

    __tablename__ = "downward_event"

    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Moment]


class EventStream(Base):
    """How far a stream to or from a partner has come, and the Merkle tree over it by its peaks, largest first."""

    __tablename__ = "event_stream"
    __table_args__ = (CheckConstraint("size >= 0", name="size_counted"),)

    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    peaks: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary(32)), server_default="{}")
    # Of a stream upwards: when it is tried next, how often it failed since it last went well, and why.
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(String(200))


class DeliveryReceipt(Base):
    """What the level above has signed: so many events with this root."""

    __tablename__ = "delivery_receipt"
    __table_args__ = (CheckConstraint("length(root) = 32 AND length(signature) = 64", name="lengths"),)

    id: Mapped[Id]
    partner_id: Mapped[int] = mapped_column(ForeignKey("exchange_partner.id"))
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[Moment]
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
