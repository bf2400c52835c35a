"""The demo's complaints and inspections: a question that is answered, money that is looked into, one inspection under way.

Who complains and what is found are made up; the question and the money are of kinds that people do complain of.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.filing import Said, file_complaint
from marketplace.complaints.following import rate
from marketplace.complaints.handling import answer_complaint, take_complaint
from marketplace.complaints.inspections import answer_items, begin_inspection, plan_inspections, report
from marketplace.complaints.models import About, ComplaintKind, Topic, Verdict
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import Household

_COUNTY = "522636"


def add_complaints(auditor_login: str, own: Household, officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Three complaints from a household's village, and five inspections of which one is reported.

    Parameters
    ----------
    auditor_login : str
        Who hears what accuses an office of the county.
    own : Household
        A household of the demo: one complaint is its own, so that it is watched over.
    """
    auditor = db.session.query(Account).filter_by(login=auditor_login).one()
    township = own.village_code[: Level.TOWNSHIP]
    officer = db.session.get_one(Account, officers[township][0])
    asked = Said(ComplaintKind.ADVICE, About.POLICY, own.village_code, "种茶苗的补贴今年还能申请吗？要带什么材料？")
    question, code = file_complaint(asked, now=now - timedelta(days=12))
    take_complaint(question, by=officer, now=now - timedelta(days=11))
    words = "可以。带户口簿和土地承包合同到镇农业服务中心，本月底前登记。"
    answer_complaint(question, words, by=officer, now=now - timedelta(days=10))
    rate(code, 5, now=now - timedelta(days=9))
    short = Said(
        ComplaintKind.MONEY,
        About.FUND,
        own.village_code,
        "产业补助通知上写 1500 元，我家只收到 1200 元。",
        office_code=township,
        contact="村口小卖部转告",
        household=own,
    )
    money, _ = file_complaint(short, now=now - timedelta(days=3))
    take_complaint(money, by=auditor, now=now - timedelta(days=2))
    fee = Said(ComplaintKind.INVESTIGATION, About.OFFICE, own.village_code, "填表要收 5 元复印费，没有收据。", township)
    file_complaint(fee, now=now - timedelta(days=1))
    # The same demo each time it is loaded.
    rows = plan_inspections(Topic.POLICY, _COUNTY, 5, by=auditor, now=now - timedelta(days=8), lots=random.Random(1))
    plan_inspections(Topic.PROJECTS, _COUNTY, 3, by=auditor, now=now - timedelta(days=2), lots=random.Random(2))
    first, second = rows[0], rows[1]
    begin_inspection(first, by=auditor, now=now - timedelta(days=6))
    seen = dict.fromkeys(CHECKLISTS[Topic.POLICY], (Verdict.RIGHT, ""))
    seen |= {"no_fee": (Verdict.WRONG, "两户说交过 5 元复印费，没有收据。"), "visits": (Verdict.NOT_APPLICABLE, "")}
    answer_items(first, seen, by=auditor, now=now - timedelta(days=5))
    report(first, by=auditor, now=now - timedelta(days=5))
    begin_inspection(second, by=auditor, now=now - timedelta(days=1))
    answer_items(second, {"known": (Verdict.RIGHT, "")}, by=auditor, now=now - timedelta(days=1))
