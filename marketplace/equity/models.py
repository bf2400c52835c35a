"""Assets, contracts, shares, dividends and claims."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.equity.states import ClaimState, ContractState, HandoverState, RunState
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId
from marketplace.registry.models.files import OfHousehold, of_household


class AssetKind(enum.StrEnum):
    """What is put to work."""

    FARMLAND = "farmland"
    FOREST = "forest"
    OWN_PROPERTY = "own_property"
    COLLECTIVE = "collective"
    FISCAL_FUND = "fiscal_fund"


class Way(enum.StrEnum):
    """How it is put to work: as shares of a company, in trust of an operator, through a cooperative."""

    SHARE = "share"
    ENTRUSTED = "entrusted"
    COOPERATIVE = "cooperative"


class OnExit(enum.StrEnum):
    """Where a leaving household's units go: to a household newly registered, or to those that stay, in equal parts."""

    NEW_HOUSEHOLD = "new_household"
    EQUALLY = "equally"


class MoveKind(enum.StrEnum):
    """Why units changed hands."""

    ISSUE = "issue"
    EXIT = "exit"


class Asset(Base):
    """What a village puts to work, and what it is worth by the newest valuation."""

    __tablename__ = "equity_asset"
    __table_args__ = (
        CheckConstraint("kind IN ('farmland', 'forest', 'own_property', 'collective', 'fiscal_fund')", name="kind_known"),
        Index("ix_equity_asset_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]


class Valuation(Base):
    """What somebody found an asset to be worth on a day; a later one replaces none."""

    __tablename__ = "equity_valuation"
    __table_args__ = (CheckConstraint("value_fen > 0", name="value_positive"),)

    id: Mapped[Id]
    asset_id: Mapped[int] = mapped_column(ForeignKey("equity_asset.id"), index=True)
    value_fen: Mapped[Fen]
    valued_on: Mapped[Day]
    # Who valued it, and the number of the report or document.
    source: Mapped[str] = mapped_column(String(120))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]


class EquityContract(Base):
    """An asset given to an operator for a time, for whole units of shares."""

    __tablename__ = "equity_contract"
    __table_args__ = (
        CheckConstraint("way IN ('share', 'entrusted', 'cooperative')", name="way_known"),
        CheckConstraint("on_exit IN ('new_household', 'equally')", name="on_exit_known"),
        CheckConstraint("principal_fen > 0 AND units > 0", name="something_to_share"),
        CheckConstraint("floor_bp >= 0 AND agreed_bp BETWEEN 0 AND 10000 AND preferred_bp BETWEEN 0 AND 10000", name="ratios"),
        CheckConstraint("ends_on > begins_on", name="term_forward"),
        # Two persons, never one.
        CheckConstraint("signed_by_id <> drafted_by_id", name="two_persons"),
        CheckConstraint("(signed_by_id IS NULL) = (state IN ('drafted', 'discarded'))", name="signed_has_signer"),
        # One asset works for one operator at a time.
        Index("uq_equity_contract_running", "asset_id", unique=True, postgresql_where=text("state IN ('drafted', 'signed')")),
        Index("ix_equity_contract_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("equity_asset.id"))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    way: Mapped[str] = mapped_column(String(12))
    operator: Mapped[str] = mapped_column(String(80))
    principal_fen: Mapped[Fen]
    units: Mapped[int] = mapped_column(Integer)
    floor_bp: Mapped[int] = mapped_column(Integer)
    # The rate that the floor was held against on the day of drafting, with its source.
    reference_bp: Mapped[int] = mapped_column(Integer)
    reference_source: Mapped[str] = mapped_column(String(200))
    agreed_bp: Mapped[int] = mapped_column(SmallInteger)
    preferred_bp: Mapped[int] = mapped_column(SmallInteger, default=0)
    on_exit: Mapped[str] = mapped_column(String(16))
    begins_on: Mapped[Day]
    ends_on: Mapped[Day]
    state: Mapped[str] = mapped_column(String(12), default=ContractState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    signed_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class ShareHolding(OfHousehold, Base):
    """How many units of a contract a household holds now: the sum of its moves, which alone write it (a trigger)."""

    __tablename__ = "share_holding"
    __table_args__ = of_household(
        UniqueConstraint("contract_id", "household_id"),
        CheckConstraint("units >= 0", name="units_not_negative"),
        Index("ix_share_holding_household_id", "household_id"),
    )

    id: Mapped[Id]
    contract_id: Mapped[int] = mapped_column(ForeignKey("equity_contract.id"))
    units: Mapped[int] = mapped_column(Integer)


class ShareMove(OfHousehold, Base):
    """Units that a household gained or lost; never altered. Those of one statement sum to zero but for the first."""

    __tablename__ = "share_move"
    __table_args__ = of_household(
        CheckConstraint("units <> 0", name="units_not_zero"),
        CheckConstraint("kind IN ('issue', 'exit')", name="kind_known"),
        Index("ix_share_move_contract_id", "contract_id"),
        Index("ix_share_move_household_id", "household_id"),
    )

    id: Mapped[Id]
    contract_id: Mapped[int] = mapped_column(ForeignKey("equity_contract.id"))
    kind: Mapped[str] = mapped_column(String(12))
    units: Mapped[int] = mapped_column(Integer)
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("share_handover.id"))
    at: Mapped[Moment]


class ShareHandover(OfHousehold, Base):
    """Where the units of a household that left the registry are to go: one person proposes, another decides."""

    __tablename__ = "share_handover"
    __table_args__ = of_household(
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        # A household's units go one way.
        Index(
            "uq_share_handover_open", "contract_id", "household_id", unique=True, postgresql_where=text("state = 'proposed'")
        ),
        Index("ix_share_handover_household_id", "household_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    contract_id: Mapped[int] = mapped_column(ForeignKey("equity_contract.id"))
    # The household that is to have them; none when they go to all that stay.
    heir_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    state: Mapped[str] = mapped_column(String(12), default=HandoverState.PROPOSED)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[Moment | None]


class DividendRun(Base):
    """A contract's dividends of one year."""

    __tablename__ = "dividend_run"
    __table_args__ = (
        CheckConstraint("approved_by_id <> drafted_by_id", name="two_persons"),
        CheckConstraint("(approved_by_id IS NOT NULL) = (state = 'approved')", name="approved_has_approver"),
        # A year is paid once.
        Index("uq_dividend_run_year", "contract_id", "year", unique=True, postgresql_where=text("state <> 'discarded'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    contract_id: Mapped[int] = mapped_column(ForeignKey("equity_contract.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    revenue_fen: Mapped[Fen]
    cost_fen: Mapped[Fen]
    # The document of the operator's result: an audit, a statement of accounts.
    source: Mapped[str] = mapped_column(String(120))
    floor_fen: Mapped[Fen]
    bonus_fen: Mapped[Fen]
    # What was really paid of the bonus, and what the guarantee advanced of the floor; known when it is approved.
    bonus_paid_fen: Mapped[Fen] = mapped_column(default=0)
    advanced_fen: Mapped[Fen] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(12), default=RunState.DRAFTED)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[Moment]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[Moment | None]


class Dividend(OfHousehold, Base):
    """What a household got of a run, with the units and the standing that it rests on."""

    __tablename__ = "dividend"
    __table_args__ = of_household(
        UniqueConstraint("run_id", "household_id"),
        CheckConstraint("units > 0 AND amount_fen >= 0", name="not_negative"),
        Index("ix_dividend_household_id", "household_id"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("dividend_run.id"))
    units: Mapped[int] = mapped_column(Integer)
    registered: Mapped[bool]
    amount_fen: Mapped[Fen]


class EquityClaim(Base):
    """What an operator owes the guarantee, because a floor was paid that it had not paid in."""

    __tablename__ = "equity_claim"
    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen", name="paid_within_amount"),
        CheckConstraint("(state = 'settled') = (paid_fen = amount_fen)", name="settled_is_paid"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    run_id: Mapped[int] = mapped_column(ForeignKey("dividend_run.id"), unique=True)
    amount_fen: Mapped[Fen]
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    due_on: Mapped[Day | None]
    state: Mapped[str] = mapped_column(String(12), default=ClaimState.OPEN)
    since: Mapped[Moment]
    settled_at: Mapped[Moment | None]


class EquityPayment(Base):
    """Money that came in for a contract or for a county's guarantee, with the bank's own number so that it counts once."""

    __tablename__ = "equity_payment"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(contract_id IS NULL) <> (guarantee_area IS NULL)", name="one_purpose"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("equity_contract.id"), index=True)
    guarantee_area: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    amount_fen: Mapped[Fen]
    bank_reference: Mapped[str] = mapped_column(String(60), unique=True)
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Moment]
