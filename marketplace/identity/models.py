"""Accounts, roles, tokens, attempts."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId


class RoleKind(enum.StrEnum):
    """What an account may do; where it may do it is the role's area."""

    CONSUMER = "consumer"
    FARMER = "farmer"
    ENTERPRISE = "enterprise"
    OFFICER = "officer"
    OPERATOR = "operator"


class Account(Base):
    """A person who signs in with a phone number, an e-mail address or a name given by the office."""

    __tablename__ = "account"
    __table_args__ = (
        # Sign-in compares lower case, so two names that differ in case alone would be one person or two by chance.
        CheckConstraint("login = lower(login)", name="login_lower"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    login: Mapped[str] = mapped_column(String(120), unique=True)
    display_name: Mapped[str] = mapped_column(String(60))
    # Empty for an account nobody can sign in to, such as one that only carries a past purchase.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    # Part of every session; raising it signs the account out everywhere.
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]

    roles: Mapped[list["Role"]] = relationship(back_populates="account", lazy="selectin", order_by="Role.id")


class Role(Base):
    """A kind of work inside an area."""

    __tablename__ = "role"
    __table_args__ = (
        # The same role twice would have to be taken away twice.
        UniqueConstraint("account_id", "kind", "scope_code"),
        CheckConstraint("kind IN ('consumer', 'farmer', 'enterprise', 'officer', 'operator')", name="kind_known"),
        CheckConstraint("kind <> 'officer' OR scope_code <> ''", name="officer_has_area"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    scope_code: Mapped[AreaCode] = mapped_column(default="")

    account: Mapped[Account] = relationship(back_populates="roles")


class AccessToken(Base):
    """A bearer token for programs, kept as a digest. Its account gave it a name if it is to hold for long."""

    __tablename__ = "access_token"
    __table_args__ = (
        # A list without a word would allow nothing and be taken for one that allows everything.
        CheckConstraint("scopes IS NULL OR cardinality(scopes) > 0", name="scopes_not_empty"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(60), default="", server_default=text("''"))
    # What the token is good for, as ``orders:read``; empty for all that its account may do.
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(String(40)))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]

    account: Mapped[Account] = relationship()


class SignInAttempt(Base):
    """One failed attempt, kept for as long as it counts."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_login_at", "login", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[Moment]
