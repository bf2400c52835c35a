"""Assets, contracts and shares in words, for the pages of offices and households."""

from typing import Any

from flask_babel import gettext as _

from marketplace.equity.models import AssetKind, DividendRun, EquityContract, OnExit, Way
from marketplace.equity.states import ClaimState, ContractState, RunState
from marketplace.kernel.errors import N_

KINDS = {
    AssetKind.FARMLAND: N_("Farmland"),
    AssetKind.FOREST: N_("Forest"),
    AssetKind.OWN_PROPERTY: N_("Own property"),
    AssetKind.COLLECTIVE: N_("Collective property"),
    AssetKind.FISCAL_FUND: N_("Money of a fiscal fund"),
}
WAYS = {
    Way.SHARE: N_("Shares of a company"),
    Way.ENTRUSTED: N_("Entrusted to an operator"),
    Way.COOPERATIVE: N_("Through a cooperative"),
}
ON_EXIT = {
    OnExit.EQUALLY: N_("To all households that stay, in equal parts"),
    OnExit.NEW_HOUSEHOLD: N_("To a household newly registered"),
}
CONTRACT_STATES = {
    ContractState.DRAFTED: (N_("Waits for a second officer"), "wait"),
    ContractState.SIGNED: (N_("Runs"), "good"),
    ContractState.ENDED: (N_("Over"), "neutral"),
    ContractState.DISCARDED: (N_("Dropped"), "neutral"),
}
RUN_STATES = {
    RunState.DRAFTED: (N_("Waits for a second officer"), "wait"),
    RunState.APPROVED: (N_("Booked"), "good"),
    RunState.DISCARDED: (N_("Dropped"), "neutral"),
}
CLAIM_STATES = {ClaimState.OPEN: (N_("The operator owes it"), "bad"), ClaimState.SETTLED: (N_("Paid back"), "good")}


def rate(bp: int) -> str:
    """Ten-thousandths as per cent, as they stand in a contract.

    >>> rate(2_900), rate(350)
    ('29 %', '3.5 %')
    """
    return f"{bp / 100:g} %"


def chip(words: tuple[str, str]) -> tuple[str, str]:
    """A state's words in the reader's language, with their tone."""
    return str(_(words[0])), words[1]


def contract_words(contract: EquityContract) -> dict[str, Any]:
    """A contract as pages show it."""
    return {
        "public_id": contract.public_id,
        "reference": contract.reference,
        "operator": contract.operator,
        "way": str(_(WAYS[Way(contract.way)])),
        "principal_fen": contract.principal_fen,
        "floor": rate(contract.floor_bp),
        "agreed": rate(contract.agreed_bp),
        "preferred": rate(contract.preferred_bp) if contract.preferred_bp else None,
        "reference_rate": rate(contract.reference_bp),
        "reference_source": contract.reference_source,
        "on_exit": str(_(ON_EXIT[OnExit(contract.on_exit)])),
        "units": contract.units,
        "begins_on": contract.begins_on,
        "ends_on": contract.ends_on,
        "state": chip(CONTRACT_STATES[ContractState(contract.state)]),
        "drafted": contract.state == ContractState.DRAFTED,
        "signed": contract.state == ContractState.SIGNED,
        "pays": contract.state in (ContractState.SIGNED, ContractState.ENDED),
    }


def run_words(run: DividendRun) -> dict[str, Any]:
    """A year's dividends as pages show them."""
    return {
        "public_id": run.public_id,
        "year": run.year,
        "profit_fen": run.revenue_fen - run.cost_fen,
        "revenue_fen": run.revenue_fen,
        "cost_fen": run.cost_fen,
        "source": run.source,
        "floor_fen": run.floor_fen,
        "bonus_fen": run.bonus_fen,
        "total_fen": run.floor_fen + run.bonus_fen,
        "paid_fen": run.floor_fen + run.bonus_paid_fen,
        "missing_fen": run.bonus_fen - run.bonus_paid_fen,
        "advanced_fen": run.advanced_fen,
        "state": chip(RUN_STATES[RunState(run.state)]),
        "drafted": run.state == RunState.DRAFTED,
        "approved": run.state == RunState.APPROVED,
    }
