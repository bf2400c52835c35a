"""A village with an asset, officers of three levels and households, for the tests of equity income."""

from dataclasses import dataclass
from datetime import date

from marketplace.equity.contracts import REFERENCE_RATE, ContractTerms, draft_contract, enter_asset, sign_contract, value_asset
from marketplace.equity.models import Asset, AssetKind, EquityContract, OnExit, Way
from marketplace.identity.models import Account, RoleKind
from marketplace.registry.models import Household
from marketplace.registry.rules import set_rule
from tests import factories
from tests.factories import NOW, TODAY

TOWNSHIP = "522636100"
TERMS = ContractTerms(
    way=Way.ENTRUSTED,
    operator="丹寨茶叶公司",
    floor_bp=500,
    agreed_bp=2_900,
    preferred_bp=0,
    on_exit=OnExit.EQUALLY,
    begins_on=date(2025, 1, 1),
    ends_on=date(2030, 1, 1),
)


@dataclass
class World:
    """Who acts and on what."""

    first: Account
    second: Account
    asset: Asset
    households: list[Household]

    def units(self, each: int = 1) -> dict[int, int]:
        """The same number of units for every household."""
        return {household.id: each for household in self.households}


def world(households: int = 3, *, registered: int | None = None, value_fen: int = 100_000_000) -> World:
    """A village with so many households, the first of them registered; all when it is not said."""
    factories.area()
    province = factories.account((RoleKind.OFFICER, "52"), name="省干部")
    set_rule(REFERENCE_RATE, "52", TODAY, 350, "一份文件", by=province, now=NOW)
    first = factories.account((RoleKind.OFFICER, TOWNSHIP), name="第一")
    second = factories.account((RoleKind.OFFICER, TOWNSHIP), name="第二")
    asset = enter_asset(AssetKind.FISCAL_FUND, "茶园资金", factories.VILLAGE, by=first, now=NOW)
    value_asset(asset, value_fen, TODAY, "评估报告 1 号", by=first, now=NOW)
    count = households if registered is None else registered
    own = [factories.household(registered_from=date(2020, 1, 1) if number < count else None) for number in range(households)]
    return World(first, second, asset, own)


def signed(world: World, terms: ContractTerms = TERMS, units: dict[int, int] | None = None) -> EquityContract:
    """A contract that runs."""
    contract = draft_contract(world.asset, terms, units or world.units(), by=world.first, now=NOW)
    assert sign_contract(contract, by=world.second, now=NOW)
    return contract
