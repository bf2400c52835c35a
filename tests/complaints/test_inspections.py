"""From the plan by risk to the finding that is put right; two at once, the other side, and nobody in their own matter."""

import random
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.complaints.candidates import candidates
from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.inspections import (
    answer_items,
    begin_inspection,
    call_off,
    findings_for,
    get_finding_for,
    get_inspection_for,
    inspections_for,
    move_finding,
    plan_inspections,
    report,
)
from marketplace.complaints.models import About, ComplaintKind, Drawn, Inspection, InspectionFinding, Topic, Verdict
from marketplace.complaints.states import FindingAction, FindingState, InspectionState
from marketplace.funds.models import Fund, FundEarmark
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests import factories
from tests.complaints.world import CITY, COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, TOWNSHIP, World, filed, world
from tests.factories import NOW, TODAY


def policy_plan(there: World) -> list[Inspection]:
    """Two townships with households, in the plan."""
    factories.household()
    factories.household(f"{OTHER_TOWNSHIP}001")
    return plan_inspections(Topic.POLICY, COUNTY, 2, by=there.auditors[COUNTY], now=NOW, lots=random.Random(1))


def reported(there: World) -> list[InspectionFinding]:
    """Two findings of an inspection that the first auditor has made."""
    row = policy_plan(there)[0]
    inspector = there.auditors[COUNTY]
    begin_inspection(row, by=inspector, now=NOW)
    wrong = {"no_fee": (Verdict.WRONG, "收了表格费 5 元"), "paid_in_full": (Verdict.WRONG, "少发一分钱")}
    right = dict.fromkeys(CHECKLISTS[Topic.POLICY], (Verdict.RIGHT, ""))
    answer_items(row, {**right, **wrong}, by=inspector, now=NOW)
    return report(row, by=inspector, now=NOW)


def test_the_plan_says_by_which_signs_each_came_into_it(acting: Session) -> None:
    there = world()
    factories.household()
    factories.household(f"{OTHER_TOWNSHIP}001")
    filed()
    filed(about=About.POLICY)
    rows = plan_inspections(Topic.POLICY, COUNTY, 1, by=there.auditors[COUNTY], now=NOW, lots=random.Random(1))
    # Complaints 3 x 2/3 and size 1 x 1, of 10 parts.
    assert [(row.subject, row.drawn, row.score_bp) for row in rows] == [(TOWNSHIP, Drawn.RISK, 2_999)]
    assert rows[0].features == {"complaints": 2, "gap": 0, "idle": 0, "before": 0, "size": 1}
    assert [each.subject for each in candidates(Topic.POLICY, COUNTY, TODAY)] == [OTHER_TOWNSHIP]


def test_a_fund_is_a_candidate_with_what_is_known_of_it(acting: Session) -> None:
    there = world()
    fund = Fund(
        document_number="黔财农〔2025〕8 号",
        title="产业发展资金",
        year=2025,
        budget="province",
        area_code=COUNTY,
        state="in_force",
        proposed_by_id=there.officers[COUNTY].id,
        proposed_at=NOW - timedelta(days=400),
        decided_by_id=there.officers[CITY].id,
        decided_at=NOW - timedelta(days=400),
        earmarks=[FundEarmark(purpose_code="industry", amount_fen=100)],
    )
    acting.add(fund)
    acting.flush()
    filed(kind=ComplaintKind.MONEY, about=About.FUND, subject="黔财农〔2025〕8 号")
    (found,) = candidates(Topic.FUNDS, COUNTY, local_day(NOW))
    assert (found.subject, found.signs.complaints, found.signs.size) == (fund.public_id, 1, 0)
    assert candidates(Topic.FUNDS, OTHER_COUNTY, local_day(NOW)) == []
    plan_inspections(Topic.FUNDS, COUNTY, 1, by=there.auditors[COUNTY], now=NOW)
    assert candidates(Topic.FUNDS, COUNTY, local_day(NOW)) == []


def test_only_who_audits_an_area_plans_and_reads_its_inspections(acting: Session) -> None:
    there = world()
    rows = policy_plan(there)
    assert len(rows) == 2
    for wrong in (there.officers[COUNTY], there.auditors[OTHER_COUNTY], there.stranger):
        assert inspections_for(wrong) == []
        with pytest.raises(NotFound):
            get_inspection_for(rows[0].public_id, wrong)
        with pytest.raises(NotFound):
            plan_inspections(Topic.POLICY, COUNTY, 1, by=wrong, now=NOW)
    assert set(inspections_for(there.auditors[CITY])) == set(rows)


def test_of_two_who_begin_one_inspects(acting: Session) -> None:
    there = world()
    row = policy_plan(there)[0]
    assert begin_inspection(row, by=there.auditors[COUNTY], now=NOW)
    assert not begin_inspection(row, by=there.second_auditor, now=NOW)
    assert row.inspector_id == there.auditors[COUNTY].id
    with pytest.raises(Forbidden):
        answer_items(row, {"known": (Verdict.RIGHT, "")}, by=there.second_auditor, now=NOW)
    with pytest.raises(Conflict):
        call_off(row, by=there.auditors[COUNTY], now=NOW)


def test_a_report_waits_for_every_item_and_for_words_where_something_is_wrong(acting: Session) -> None:
    there = world()
    row, inspector = policy_plan(there)[0], there.auditors[COUNTY]
    with pytest.raises(Conflict):
        answer_items(row, {"known": (Verdict.RIGHT, "")}, by=inspector, now=NOW)
    begin_inspection(row, by=inspector, now=NOW)
    with pytest.raises(Invalid):
        answer_items(row, {"known": (Verdict.WRONG, " ")}, by=inspector, now=NOW)
    with pytest.raises(Invalid):
        answer_items(row, {"progress": (Verdict.RIGHT, "")}, by=inspector, now=NOW)
    answer_items(row, {"known": (Verdict.RIGHT, "")}, by=inspector, now=NOW)
    with pytest.raises(Invalid):
        report(row, by=inspector, now=NOW)
    assert row.state == InspectionState.UNDER_WAY


def test_a_finding_is_put_right_with_proof_and_confirmed(acting: Session) -> None:
    there = world()
    office, inspector = there.officers[COUNTY], there.auditors[COUNTY]
    first, _ = reported(there)
    assert {finding.item for finding, _ in findings_for(office)} == {"no_fee", "paid_in_full"}
    assert findings_for(there.officers[OTHER_COUNTY]) == []
    with pytest.raises(Invalid):
        move_finding(first, FindingAction.RECTIFY, "退了", "", by=office, now=NOW)
    with pytest.raises(Forbidden):
        move_finding(first, FindingAction.RECTIFY, "退了", "收据 1", by=inspector, now=NOW)
    assert move_finding(first, FindingAction.RECTIFY, "退了", "收据 1", by=office, now=NOW)
    assert not move_finding(first, FindingAction.RECTIFY, "退了", "收据 1", by=office, now=NOW)
    with pytest.raises(Forbidden):
        move_finding(first, FindingAction.CONFIRM, "", by=office, now=NOW)
    assert move_finding(first, FindingAction.SEND_BACK, "收据不清楚", by=inspector, now=NOW)
    move_finding(first, FindingAction.RECTIFY, "重新退了", "收据 2", by=office, now=NOW)
    assert move_finding(first, FindingAction.CONFIRM, "", by=inspector, now=NOW)
    assert (first.state, first.proof, first.due_on) == (FindingState.CONFIRMED, "收据 2", None)


def test_an_appeal_is_decided_by_another_inspector_and_made_once(acting: Session) -> None:
    there = world()
    office, finder = there.officers[COUNTY], there.auditors[COUNTY]
    first, second = reported(there)
    move_finding(first, FindingAction.APPEAL, "是复印费", by=office, now=NOW)
    with pytest.raises(Forbidden):
        move_finding(first, FindingAction.UPHOLD, "对", by=finder, now=NOW)
    assert move_finding(first, FindingAction.UPHOLD, "有公示的收费标准", by=there.second_auditor, now=NOW)
    assert (first.state, first.due_on) == (FindingState.DROPPED, None)
    move_finding(second, FindingAction.APPEAL, "四舍五入", by=office, now=NOW)
    move_finding(second, FindingAction.REJECT, "一分也要发", by=there.auditors[CITY], now=NOW)
    with pytest.raises(Conflict, match="decided"):
        move_finding(second, FindingAction.APPEAL, "再说一次", by=office, now=NOW)
    with pytest.raises(NotFound):
        get_finding_for(second.public_id, there.officers[OTHER_COUNTY])
    (_, signs) = next((each.subject, each.signs) for each in candidates(Topic.POLICY, COUNTY, TODAY) if each.signs.before)
    assert signs.before == 1
