"""Leaves, nodes, signed heads, and the public keys they were signed with. All of them are only ever added (triggers)."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment


class LogLeaf(Base):
    """Which row stands at a position of the log, counted from 0; its hash is the node of level 0 at that place."""

    __tablename__ = "log_leaf"
    __table_args__ = (
        # A row enters the log once. The row itself is named without a foreign key: one that is gone must be missed.
        UniqueConstraint("kind", "row_id"),
        CheckConstraint("position >= 0", name="position_counted"),
        CheckConstraint("length(salt) = 16", name="salt_length"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    row_id: Mapped[int] = mapped_column(BigInteger)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class LogNode(Base):
    """The hash of a whole subtree; see ``merkle``."""

    __tablename__ = "log_node"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 62 AND place >= 0", name="in_tree"),
        CheckConstraint("length(hash) = 32", name="hash_length"),
        # Whoever has a leaf finds where it stands.
        Index("ix_log_node_hash", "hash", postgresql_where=text("level = 0")),
    )

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class LogKey(Base):
    """The public half of a key that has signed a head, kept for good, so that old heads can be checked."""

    __tablename__ = "log_key"
    __table_args__ = (CheckConstraint("length(public_key) = 32", name="key_length"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    first_used_at: Mapped[Moment]


class TreeHead(Base):
    """How long the log was on a day and the root over it, signed; ``previous`` is the digest of the head before."""

    __tablename__ = "tree_head"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("length(root) = 32 AND length(previous) = 32", name="hash_length"),
        CheckConstraint("length(signature) = 64", name="signature_length"),
        Index("ix_tree_head_size", "size"),
    )

    id: Mapped[Id]
    # One head is signed for a day.
    day: Mapped[date] = mapped_column(unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[Moment]
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    key_number: Mapped[int] = mapped_column(ForeignKey("log_key.number"))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
