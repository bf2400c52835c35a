"""The demo's benefits, a counting that is still under way, costs that a household has shown, and decisions.

The kinds of benefits are those of the measures for social assistance; numbers without a document are assumed and say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.costs import enter_cost
from marketplace.assistance.safety_net.counting import continue_run, count_again, start_run
from marketplace.assistance.safety_net.deciding import decline, grant
from marketplace.assistance.safety_net.jobs import enqueue_counting
from marketplace.assistance.safety_net.models import BenefitRule, CostKind
from marketplace.assistance.safety_net.queries import entitlements_within
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.demo.households.livelihood import line_yuan
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import Household, RuleChange
from marketplace.registry.reading import Reach

_PROVINCE, _COUNTY = "52", "522636"
_AT_ONCE = 400
_DECIDED = 24
_ORDER_649 = "社会救助暂行办法（国务院令第649号）"
_ASSUMED = "演示假定 · Assumed for this demo"


@dataclass(frozen=True)
class Written:
    """A benefit as the demo's province has written it."""

    code: str
    kind: BenefitKind
    name: str
    condition: str
    amount: str
    source: str


BENEFITS = (
    Written(
        "dibao_topup",
        BenefitKind.DIBAO,
        "最低生活保障补差",
        "income_fen < dibao_line_fen * persons and not special_hardship",
        "dibao_line_fen * persons - income_fen",
        f"{_ORDER_649}第十二条：按人均收入低于标准的差额发给",
    ),
    Written(
        "special_hardship",
        BenefitKind.DIBAO,
        "特困人员基本生活",
        "special_hardship",
        "percent(dibao_line_fen * persons, 130)",
        "国发〔2016〕14号；1.3 倍为演示假定 · the ratio is assumed for this demo",
    ),
    Written(
        "medical_aid",
        BenefitKind.MEDICAL,
        "医疗救助",
        "registered and medical_fen > yuan(1000)",
        "min(percent(medical_fen - yuan(1000), 70), yuan(30000))",
        _ASSUMED,
    ),
    Written(
        "grave_illness",
        BenefitKind.MEDICAL,
        "重病家庭补助",
        "gravely_ill >= 1 and income_fen < percent(poverty_line_fen * persons, 150)",
        "yuan(2000) * gravely_ill",
        _ASSUMED,
    ),
    Written(
        "schooling",
        BenefitKind.EDUCATION,
        "教育资助",
        "registered and preschoolers + pupils_compulsory + pupils_senior + students_college >= 1",
        "yuan(500) * preschoolers + yuan(625) * pupils_compulsory + yuan(2000) * pupils_senior + yuan(3000) * students_college",
        _ASSUMED,
    ),
    Written(
        "disaster_relief",
        BenefitKind.DISASTER,
        "受灾人员救助",
        "disaster_fen >= yuan(500)",
        "min(percent(disaster_fen, 30), yuan(10000)) + (yuan(5000) if unsafe_house else fen(0))",
        _ASSUMED,
    ),
    Written(
        "old_age",
        BenefitKind.PENSION,
        "高龄津贴",
        "registered and elders_80 >= 1",
        "yuan(600) * elders_80",
        _ASSUMED,
    ),
    Written(
        "expenditure",
        BenefitKind.EXPENDITURE,
        "支出型困难家庭救助",
        "income_fen >= dibao_line_fen * persons and income_fen - necessary_fen < dibao_line_fen * persons"
        " and income_fen < percent(dibao_line_fen * persons, 200)",
        "min(dibao_line_fen * persons - (income_fen - necessary_fen), percent(necessary_fen, 50))",
        _ASSUMED,
    ),
)


def add_safety_net(own: Household, officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Write the benefits down, count the first households and ``own``, and leave the rest of the county to the worker."""
    today, setter = local_day(now), officers[_PROVINCE][0]
    begins_on = date(today.year, 1, 1)
    common = {"area_code": _PROVINCE, "begins_on": begins_on, "set_by_id": setter, "set_at": now}
    db.session.add(
        RuleChange(
            name="dibao_line_fen",
            value=round(line_yuan(today.year)) * 100,
            source="演示假定：低保标准与扶贫标准两线合一 · Assumed for this demo: equal to the poverty line",
            **common,
        )
    )
    db.session.add_all(
        [
            BenefitRule(
                code=each.code,
                kind=each.kind,
                name=each.name,
                condition=each.condition,
                amount=each.amount,
                source=each.source,
                **common,
            )
            for each in BENEFITS
        ]
    )
    db.session.flush()
    run = start_run(_COUNTY, now=now, actor="demo")
    continue_run(run.id, now=now, at_once=_AT_ONCE)
    township = db.session.get_one(Account, officers[own.village_code[: Level.TOWNSHIP]][0])
    enter_cost(own, CostKind.MEDICAL, 862_350, "县医院住院结算单（演示）", today.year, by=township, now=now)
    count_again(own, now=now)
    _decide(officers, own, township, now)
    enqueue_counting(_COUNTY, "demo")


def _decide(officers: Mapping[str, Sequence[int]], own: Household, township: Account, now: datetime) -> None:
    """Officers of townships have decided about some: most are granted, a few declined with words; one's own is granted."""
    rows, _ = entitlements_within(Reach.everywhere("the demo"), [EntitlementState.OPEN], limit=_DECIDED * 4)
    for number, (row, household, _rule) in enumerate(rows):
        if household.id == own.id or number % 4:
            continue
        by = db.session.get_one(Account, officers[household.village_code[: Level.TOWNSHIP]][0])
        if number % 16 == 12:
            decline(row, "入户核实：外出务工收入未登记，请先更正档案。", by=by, now=now)
        else:
            grant(row, "", by=by, now=now)
    mine, _ = entitlements_within(Reach.of([own.village_code], "the demo"), [EntitlementState.OPEN], limit=1_000)
    for row, household, rule in mine:
        if household.id == own.id and rule.kind == BenefitKind.EDUCATION:
            grant(row, "", by=township, now=now)
