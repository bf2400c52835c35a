"""The demo's equity income: a tea garden that paid last year, a fund whose operator was late, a forest still being drafted.

The reference rate is assumed and says so; operators, values and results are made up.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from marketplace.equity.contracts import REFERENCE_RATE, ContractTerms, draft_contract, enter_asset, sign_contract, value_asset
from marketplace.equity.models import Asset, AssetKind, EquityContract, OnExit, Way
from marketplace.equity.queries import registered_within
from marketplace.equity.runs import approve_run, book_guarantee, book_payment, draft_run
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import Household, RuleChange

_PROVINCE, _COUNTY = "52", "522636"


def add_equity(county_login: str, own: Household, officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Put three assets to work in a household's village; that household shares in the first two.

    Parameters
    ----------
    county_login : str
        The officer of the county who signs what one of the township drafts.
    own : Household
        A household of the demo that somebody can sign in as.
    """
    first = db.session.get_one(Account, officers[own.village_code[: Level.TOWNSHIP]][0])
    second = db.session.query(Account).filter_by(login=county_login).one()
    today = local_day(now)
    begins_on = date(today.year - 2, 1, 1)
    db.session.add(
        RuleChange(
            name=REFERENCE_RATE,
            area_code=_PROVINCE,
            begins_on=begins_on,
            value=350,
            source="演示假定：年利率 3.5 % · Assumed for this demo: 3.5 % a year",
            set_by_id=officers[_PROVINCE][0],
            set_at=now,
        )
    )
    db.session.flush()
    holders = registered_within(own.village_code, begins_on)[:40]
    units = {own.id: 10} | {household.id: 10 for household in holders}
    terms = ContractTerms(
        Way.ENTRUSTED, "丹寨县龙泉茶业有限公司", 500, 2_900, 1_000, OnExit.EQUALLY, begins_on, begins_on + timedelta(days=3_652)
    )
    tea = _at_work(AssetKind.FISCAL_FUND, "茶园产业发展资金", 100_000_000, own, terms, units, first, second, now)
    book_payment(tea, 7_900_000, "演示-茶园-1", by=first, now=now)
    run = draft_run(tea, today.year - 1, 24_000_000, 14_000_000, "会计师事务所审计报告（演示）", by=first, now=now)
    approve_run(run, by=second, now=now)
    late = ContractTerms(
        Way.COOPERATIVE, "卡拉蔬菜合作社", 400, 3_000, 0, OnExit.NEW_HOUSEHOLD, begins_on, begins_on + timedelta(days=1_826)
    )
    fund = _at_work(AssetKind.COLLECTIVE, "大棚设施", 40_000_000, own, late, dict(list(units.items())[:25]), first, second, now)
    book_guarantee(_COUNTY, 3_000_000, "演示-担保-1", by=second, now=now)
    book_payment(fund, 600_000, "演示-大棚-1", by=first, now=now)
    run = draft_run(fund, today.year - 1, 9_000_000, 9_400_000, "合作社年度决算（演示）", by=first, now=now)
    approve_run(run, by=second, now=now)
    draft_run(tea, today.year, 26_000_000, 15_500_000, "会计师事务所审计报告（演示）", by=first, now=now)
    forest = _asset(AssetKind.FOREST, "杉木林", 18_000_000, own, first, now)
    entrusted = ContractTerms(Way.SHARE, "黔东南林业公司", 350, 4_000, 0, OnExit.EQUALLY, today, today + timedelta(days=3_652))
    draft_contract(forest, entrusted, units, by=first, now=now)


def _at_work(
    kind: AssetKind,
    name: str,
    value_fen: int,
    own: Household,
    terms: ContractTerms,
    units: Mapping[int, int],
    first: Account,
    second: Account,
    now: datetime,
) -> EquityContract:
    contract = draft_contract(_asset(kind, name, value_fen, own, first, now), terms, units, by=first, now=now)
    sign_contract(contract, by=second, now=now)
    return contract


def _asset(kind: AssetKind, name: str, value_fen: int, own: Household, by: Account, now: datetime) -> Asset:
    asset = enter_asset(kind, name, own.village_code, by=by, now=now)
    value_asset(asset, value_fen, local_day(now), "评估报告（演示）", by=by, now=now)
    return asset
