"""Reading assets, contracts, shares and dividends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from marketplace.equity.dividends import Terms
from marketplace.equity.models import (
    Asset,
    Dividend,
    DividendRun,
    EquityClaim,
    EquityContract,
    ShareHandover,
    ShareHolding,
    Valuation,
)
from marketplace.equity.risk import Exposure
from marketplace.equity.states import ClaimState, ContractState, HandoverState, RunState
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.queries import balance_fen, balances_under
from marketplace.regions.queries import within, within_any
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.queries import registered_households, supported_on
from marketplace.registry.reading import Reach, unbounded

_OWN = "what one household holds"
_OF_CONTRACT = "the shares of a contract that was read within somebody's reach"
_DRAFTS_FIRST = (
    func.array_position(["drafted", "signed", "ended", "discarded"], EquityContract.state),
    EquityContract.id.desc(),
)


def operator_account(contract: EquityContract) -> str:
    """The ledger account of what an operator has paid in and nobody has got yet."""
    return f"equity:{contract.public_id}"


def guarantee_account(area_code: str) -> str:
    """The ledger account of the guarantee of the county that an area lies in."""
    return f"guarantee:{area_code[:6]}"


def household_account(public_id: str) -> str:
    """The ledger account of what a household gets that is no sale of its goods."""
    return f"household:{public_id}"


@dataclass(frozen=True)
class Held:
    """What a household holds of a running contract, and what that has brought so far."""

    contract: EquityContract
    asset: Asset
    units: int
    dividends: Sequence[tuple[DividendRun, Dividend]]

    @property
    def received_fen(self) -> int:
        """All dividends of it so far."""
        return sum(dividend.amount_fen for _, dividend in self.dividends)


def newest_value_fen(asset_id: int) -> int | None:
    """What an asset is worth by its newest valuation; of one day, by the one entered last."""
    query = select(Valuation.value_fen).filter_by(asset_id=asset_id)
    return db.session.scalar(query.order_by(Valuation.valued_on.desc(), Valuation.id.desc()).limit(1))


def valuations_of(asset_id: int) -> Sequence[Valuation]:
    """Every valuation of an asset, the newest first."""
    query = select(Valuation).filter_by(asset_id=asset_id).order_by(Valuation.valued_on.desc(), Valuation.id.desc())
    return db.session.scalars(query).all()


def assets_within(reach: Reach) -> list[tuple[Asset, int | None]]:
    """The assets of one's areas with their newest values."""
    newest = (
        select(Valuation.asset_id, Valuation.value_fen)
        .ext(distinct_on(Valuation.asset_id))
        .order_by(Valuation.asset_id, Valuation.valued_on.desc(), Valuation.id.desc())
        .subquery()
    )
    query = select(Asset, newest.c.value_fen).outerjoin(newest, newest.c.asset_id == Asset.id)
    query = query.where(within_any(Asset.area_code, reach.areas)).order_by(Asset.area_code, Asset.id)
    return [(asset, value_fen) for asset, value_fen in db.session.execute(query)]


def get_asset_within(public_id: str, reach: Reach) -> Asset:
    """An asset of one's areas, or ``NotFound``."""
    found = db.session.scalars(
        select(Asset).where(Asset.public_id == public_id, within_any(Asset.area_code, reach.areas))
    ).first()
    if found is None:
        raise NotFound("asset_unknown", N_("There is no such asset."))
    return found


def contracts_within(reach: Reach) -> list[tuple[EquityContract, Asset]]:
    """The contracts of one's areas: drafts first, then those that run, then those that are over."""
    query = select(EquityContract, Asset).join(Asset, Asset.id == EquityContract.asset_id)
    query = query.where(within_any(EquityContract.area_code, reach.areas)).order_by(*_DRAFTS_FIRST)
    return [(contract, asset) for contract, asset in db.session.execute(query)]


def contracts_over(asset: Asset) -> Sequence[EquityContract]:
    """The contracts over an asset, in the same order."""
    return db.session.scalars(select(EquityContract).filter_by(asset_id=asset.id).order_by(*_DRAFTS_FIRST)).all()


def get_contract_within(public_id: str, reach: Reach) -> EquityContract:
    """A contract of one's areas, or ``NotFound``."""
    query = select(EquityContract).where(
        EquityContract.public_id == public_id, within_any(EquityContract.area_code, reach.areas)
    )
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("contract_unknown", N_("There is no such contract."))
    return found


def holdings_of(contract: EquityContract) -> dict[int, int]:
    """Who holds how many units of a contract, by household id; whoever holds none is absent."""
    query = select(ShareHolding.household_id, ShareHolding.units).where(
        ShareHolding.contract_id == contract.id, ShareHolding.units > 0
    )
    return dict(db.session.execute(unbounded(query.order_by(ShareHolding.household_id), _OF_CONTRACT)).all())


def registered_within(area_code: str, day: date) -> list[Household]:
    """The households of an area that are registered on a day, by code."""
    query = select(Household).join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
    query = query.where(within(Household.village_code, area_code), supported_on(day)).order_by(Household.code)
    return list(db.session.scalars(query))


def dividends_of(run: DividendRun) -> list[tuple[Household, Dividend]]:
    """What each household got of a run, by code."""
    query = select(Household, Dividend).join(Dividend, Dividend.household_id == Household.id)
    query = query.where(Dividend.run_id == run.id).order_by(Household.code)
    return [(household, dividend) for household, dividend in db.session.execute(unbounded(query, _OF_CONTRACT))]


def exposures(contracts: Iterable[EquityContract]) -> list[Exposure]:
    """Those contracts that run as risk sees them, each with the result of its newest year, if there is one."""
    running = [contract for contract in contracts if contract.state == ContractState.SIGNED]
    newest = (
        select(DividendRun)
        .where(DividendRun.contract_id.in_([contract.id for contract in running]), DividendRun.state != RunState.DISCARDED)
        .ext(distinct_on(DividendRun.contract_id))
        .order_by(DividendRun.contract_id, DividendRun.year.desc(), DividendRun.id.desc())
    )
    years = {run.contract_id: (run.revenue_fen, run.cost_fen) for run in db.session.scalars(newest)}
    paid_in = dict(balances_under(*map(operator_account, running)))
    return [
        Exposure(each.operator, terms_of(each), *years.get(each.id, (0, 0)), paid_in.get(operator_account(each), 0))
        for each in running
    ]


def terms_of(contract: EquityContract) -> Terms:
    """What a contract says of money."""
    return Terms(contract.principal_fen, contract.floor_bp, contract.agreed_bp, contract.preferred_bp)


def runs_of(contract: EquityContract) -> Sequence[DividendRun]:
    """The dividend runs of a contract, the newest year first."""
    query = select(DividendRun).filter_by(contract_id=contract.id).order_by(DividendRun.year.desc(), DividendRun.id.desc())
    return db.session.scalars(query).all()


def get_run(contract: EquityContract, public_id: str) -> DividendRun:
    """A run of a contract, or ``NotFound``."""
    found = db.session.scalars(select(DividendRun).filter_by(contract_id=contract.id, public_id=public_id)).first()
    if found is None:
        raise NotFound("run_unknown", N_("There are no such dividends."))
    return found


def claims_of(contract: EquityContract) -> Sequence[EquityClaim]:
    """What the operator of a contract owes the guarantee or has paid back, the oldest first."""
    query = select(EquityClaim).join(DividendRun, DividendRun.id == EquityClaim.run_id)
    return db.session.scalars(query.where(DividendRun.contract_id == contract.id).order_by(EquityClaim.id)).all()


def open_claims(contract: EquityContract) -> list[EquityClaim]:
    """Those that are not settled."""
    return [claim for claim in claims_of(contract) if claim.state == ClaimState.OPEN]


def paid_in_fen(contract: EquityContract) -> int:
    """What the operator has paid in and nobody has got yet."""
    return balance_fen(operator_account(contract))


def leaving(contract: EquityContract, today: date) -> dict[int, int]:
    """Households that were registered when the contract began and are no longer, with the units that they still hold."""
    held = holdings_of(contract)
    gone = registered_households(held, contract.begins_on) - registered_households(held, today)
    return {household_id: units for household_id, units in held.items() if household_id in gone}


def open_handovers(contract: EquityContract) -> Sequence[ShareHandover]:
    """Proposals that wait for a second officer."""
    query = select(ShareHandover).filter_by(contract_id=contract.id, state=HandoverState.PROPOSED).order_by(ShareHandover.id)
    return db.session.scalars(unbounded(query, _OF_CONTRACT)).all()


def get_handover(contract: EquityContract, public_id: str) -> ShareHandover:
    """A proposal of a contract, or ``NotFound``."""
    query = select(ShareHandover).filter_by(contract_id=contract.id, public_id=public_id)
    found = db.session.scalars(unbounded(query, _OF_CONTRACT)).first()
    if found is None:
        raise NotFound("handover_unknown", N_("There is no such proposal."))
    return found


def held_by(household: Household) -> list[Held]:
    """What a household holds of contracts that run, and what it has got of any; for itself and officers over it."""
    query = (
        select(ShareHolding.units, EquityContract, Asset)
        .join(EquityContract, EquityContract.id == ShareHolding.contract_id)
        .join(Asset, Asset.id == EquityContract.asset_id)
        .where(
            ShareHolding.household_id == household.id,
            EquityContract.state.in_([ContractState.SIGNED, ContractState.ENDED]),
        )
        .order_by(EquityContract.begins_on.desc(), EquityContract.id.desc())
    )
    rows = db.session.execute(unbounded(query, _OWN)).all()
    paid = db.session.execute(
        unbounded(
            select(DividendRun, Dividend)
            .join(Dividend, Dividend.run_id == DividendRun.id)
            .where(Dividend.household_id == household.id, DividendRun.state == RunState.APPROVED)
            .order_by(DividendRun.year.desc()),
            _OWN,
        )
    ).all()
    return [
        Held(contract, asset, units, [(run, dividend) for run, dividend in paid if run.contract_id == contract.id])
        for units, contract, asset in rows
    ]
