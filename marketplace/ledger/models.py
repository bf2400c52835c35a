"""Accounts, transfers, entries."""

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Id, Moment, PublicId


class LedgerAccount(Base):
    """Where money can stand, named by a code such as ``producer:7hk2…``."""

    __tablename__ = "ledger_account"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(64), unique=True)
    # Read off the code by the database itself, so that it cannot be altered and is sealed with every entry; see ``earmarks``.
    tag: Mapped[str | None] = mapped_column(
        String(40),
        Computed("CASE WHEN code LIKE 'fund:%' THEN split_part(code, ':', 2) || ':' || split_part(code, ':', 3) END", True),
    )


class Transfer(Base):
    """One movement of money, whole or not at all."""

    __tablename__ = "transfer"
    # One purpose is booked once, however often its message arrives.
    __table_args__ = (UniqueConstraint("kind", "purpose_kind", "purpose_id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(32))
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    at: Mapped[Moment] = mapped_column(index=True)
    # The database transaction that wrote this row; a trigger lets entries in only from the same one.
    written_in: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)"))

    entries: Mapped[list["Entry"]] = relationship(back_populates="transfer")


class Entry(Base):
    """What a transfer adds to (positive) or takes from (negative) one account."""

    __tablename__ = "entry"
    __table_args__ = (
        # An entry of nothing would only hide that somebody computed wrongly.
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        Index("ix_entry_account_id_id", "account_id", "id"),
    )

    id: Mapped[Id]
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    amount_fen: Mapped[Fen]

    transfer: Mapped[Transfer] = relationship(back_populates="entries")


class AccountBalance(Base):
    """The sum of an account's entries up to one of them: a cache, which ``balances.rebuild_balances`` makes again."""

    __tablename__ = "account_balance"

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True, autoincrement=False)
    balance_fen: Mapped[Fen]
    through_entry_id: Mapped[int] = mapped_column(BigInteger)


class LedgerCheck(Base):
    """One check of everything that was booked, recorded and logged; ``fault`` names the first row that is wrong."""

    __tablename__ = "ledger_check"

    id: Mapped[Id]
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment]
    transfers: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int] = mapped_column(BigInteger)
    audit_events: Mapped[int] = mapped_column(BigInteger)
    # Leaves of the public log that were compared with their rows.
    leaves: Mapped[int] = mapped_column(BigInteger)
    fault: Mapped[str | None] = mapped_column(String(300))
