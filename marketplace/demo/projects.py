"""The demo's projects: one or more in every state, from a draft to one whose pump broke a year after it was done.

Every step is taken by the services that officers use, on the day on which it would have been. Names, sums and firms are
made up.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from marketplace.equity.queries import registered_within
from marketplace.funds.models import Budget, Fund
from marketplace.funds.payments import BankAccount, PaymentOrder, ToOrganisation, pay_from
from marketplace.funds.service import allocate, approve_fund, propose_fund
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.projects.declaring import (
    Part,
    Source,
    draft_project,
    save_beneficiaries,
    save_draft,
    save_milestones,
    save_sources,
    submit_project,
    withdraw_project,
)
from marketplace.projects.models import Project, SourceKind
from marketplace.projects.noticing import approve_project, object_to
from marketplace.projects.queries import place_of
from marketplace.projects.reviewing import name_cross_township, pass_project, refuse_project, return_project
from marketplace.projects.states import LEVELS, ProjectState
from marketplace.projects.tracking import (
    Taken,
    add_photo,
    check_asset,
    complete_project,
    reach_milestone,
    start_project,
    stop_project,
)
from marketplace.regions.models import Level
from marketplace.regions.names import called
from marketplace.regions.queries import area_names

COUNTY = "522636"
S = ProjectState
# On which day after the declaration each step is taken.
_REVIEWED = {S.TOWNSHIP: 6, S.COUNTY: 12, S.CITY: 18, S.PROVINCE: 24}
_APPROVED, _STARTED, _COMPLETED = 36, 43, 105
_FIRM_CODE = "9152000000000000{number:02d}"


@dataclass(frozen=True)
class Plan:
    """A project of the demo: what it is, how long ago it was declared, and how far it has come."""

    what: str
    category: str
    yuan: int
    reaches: ProjectState
    ago: int
    nature: str = "new"
    # How many of the three milestones are reached, and what per cent of the money is paid.
    done: int = 0
    paid: int = 0
    by_township: bool = False
    objection: str = ""
    # Whether it worked after a year, where somebody has looked.
    works: bool | None = None


PLANS = (
    Plan("蓝莓冷库", "industry", 860_000, S.DRAFT, 2),
    Plan("通组路硬化", "roads", 420_000, S.TOWNSHIP, 4),
    Plan("农产品分拣中心", "industry", 1_560_000, S.TOWNSHIP, 5, by_township=True),
    Plan("人饮管网改造", "water", 310_000, S.COUNTY, 9, nature="repair"),
    Plan("茶叶加工厂扩建", "industry", 3_200_000, S.CITY, 15, nature="repair"),
    Plan("中药材烘干房", "industry", 5_400_000, S.PROVINCE, 21),
    Plan("灌溉水渠", "water", 180_000, S.NOTICE, 30, objection="这条渠前年已经修过一段，请核实长度。"),
    Plan("太阳能路灯", "power", 96_000, S.NOTICE, 38),
    Plan("便民桥", "roads", 680_000, S.APPROVED, 41),
    Plan("黑毛猪养殖场", "industry", 1_200_000, S.UNDER_WAY, 120, done=2, paid=60),
    Plan("蔬菜大棚", "industry", 900_000, S.UNDER_WAY, 200, done=1, paid=70),
    Plan("危房改造", "housing", 240_000, S.UNDER_WAY, 75, nature="repair"),
    Plan("村卫生室", "services", 350_000, S.COMPLETED, 480, done=3, paid=100),
    Plan("提灌站", "water", 270_000, S.COMPLETED, 860, done=3, paid=100, works=False),
    Plan("苗绣车间", "training", 150_000, S.RETURNED, 14),
    Plan("村口牌坊", "environment", 200_000, S.REFUSED, 20),
    Plan("垃圾收集点", "environment", 60_000, S.WITHDRAWN, 50),
    Plan("冷水鱼塘", "industry", 480_000, S.STOPPED, 150, done=1, paid=20),
)


def add_projects(officers: Mapping[str, Sequence[int]], folder: Path, *, now: datetime) -> None:
    """Have villages of the county declare what they want to build, and let each come as far as its plan says.

    Parameters
    ----------
    officers : mapping of area code to ids of accounts
    folder : pathlib.Path
        Where pictures of offices are kept.
    """
    villages = sorted(code for code in officers if code.startswith(COUNTY) and len(code) == Level.VILLAGE)
    tales = _Tales(officers, folder, now)
    for at, plan in enumerate(PLANS):
        tales.tell(plan, villages[at * len(villages) // len(PLANS)])


class _Tales:
    """The offices, the county's money for projects, and what day it is."""

    def __init__(self, officers: Mapping[str, Sequence[int]], folder: Path, now: datetime) -> None:
        self.officers, self.folder, self.now = officers, folder, now
        self.money: Fund | None = None
        self.papers = 0

    def person(self, code: str, nth: int = 0) -> Account:
        return db.session.get_one(Account, self.officers[code][nth])

    def tell(self, plan: Plan, village: str) -> None:
        """One project, up to the state that it reaches."""
        unit = village[: Level.TOWNSHIP] if plan.by_township else village
        begun = self.now - timedelta(days=plan.ago)
        project = self._declare(plan, unit, begun)
        if plan.reaches == S.DRAFT:
            return
        submit_project(project, by=self.person(unit), now=begun + timedelta(days=1))
        if plan.by_township:
            self._name_another(project, begun + timedelta(days=2))
        if not self._judge(plan, project, begun):
            return
        if plan.objection:
            object_to(project, plan.objection, "", now=begun + timedelta(days=26))
        if plan.reaches != S.NOTICE:
            self._build(plan, project, begun)

    def _declare(self, plan: Plan, unit: str, at: datetime) -> Project:
        by, name = self.person(unit), called(area_names([unit])[unit])
        project = draft_project(unit, f"{name}{plan.what}", by=by, now=at)
        first = local_day(at) + timedelta(days=_STARTED)
        changes = {"category": plan.category, "nature": plan.nature, "asset": plan.what, "place_words": f"{name}一组"}
        if plan.reaches != S.DRAFT:
            households = registered_within(unit, local_day(at))[: 12 + plan.ago % 9]
            changes |= {
                "responsible": f"{name}村民委员会",
                "task": f"建设{plan.what}，包括施工、安装和验收，由村里推选的三人小组每周监督。",
                "target": f"{len(households)}户脱贫人口受益，建成一年后户均增收八百元以上。",
                "mechanism": "优先雇用本村劳力，工资按月发放；建成后归村集体，收益六成分给受益户。",
            }
            save_draft(project, {**changes, "begins_on": first, "ends_on": first + timedelta(days=120)}, by=by, now=at)
            save_sources(project, self._sources(plan), by=by, now=at)
            parts = [Part("基础完成", 30, first + timedelta(days=30)), Part("主体完成", 40, first + timedelta(days=80))]
            save_milestones(project, [*parts, Part("验收", 30, first + timedelta(days=120))], by=by, now=at)
            save_beneficiaries(project, [row.id for row in households], by=by, now=at)
        else:
            save_draft(project, changes, by=by, now=at)
        return project

    def _sources(self, plan: Plan) -> list[Source]:
        own = plan.yuan // 10
        return [
            Source(SourceKind.FISCAL, self._paper("丹财农", plan.ago), 100 * (plan.yuan - own)),
            Source(SourceKind.OWN, "村民代表大会决议", 100 * own),
        ]

    def _paper(self, of: str, ago: int) -> str:
        self.papers += 1
        return f"{of}〔{self.now.year - ago // 365}〕{600 + self.papers}号"

    def _name_another(self, project: Project, at: datetime) -> None:
        others = (code for code in sorted(self.officers) if len(code) == Level.TOWNSHIP and code.startswith(COUNTY))
        code = next(code for code in others if code != project.unit_code)
        name_cross_township(project, code, by=self.person(COUNTY), now=at)

    def _judge(self, plan: Plan, project: Project, begun: datetime) -> bool:
        """Let the levels say their word; whether all four have passed it."""
        for state, level in LEVELS.items():
            at, by = begun + timedelta(days=_REVIEWED[state]), self.person(project.place_code[:level])
            if plan.reaches == state:
                return False
            if state == S.COUNTY and plan.reaches == S.REFUSED:
                refuse_project(project, state, "牌坊不是群众急需，不在支持范围内。", by=by, now=at)
                return False
            if state == S.COUNTY and plan.reaches in (S.RETURNED, S.WITHDRAWN):
                return_project(project, state, "设备清单和报价没有附上，请补充后再报。", by=by, now=at)
                if plan.reaches == S.WITHDRAWN:
                    withdraw_project(project, by=self.person(project.unit_code), now=at + timedelta(days=3))
                return False
            scores = {"need": 19 + plan.ago % 6, "benefit": 20, "feasible": 15 + plan.ago % 5, "cost": 11, "upkeep": 10}
            pass_project(project, state, scores if level >= (project.decides or 0) else None, by=by, now=at)
        return True

    def _build(self, plan: Plan, project: Project, begun: datetime) -> None:
        unit, county = self.person(project.unit_code), self.person(COUNTY)
        decider = self.person(project.place_code[: project.decides])
        approve_project(project, by=decider, now=begun + timedelta(days=_APPROVED))
        if plan.reaches == S.APPROVED:
            return
        start_project(project, by=unit, now=begun + timedelta(days=_STARTED))
        if plan.paid:
            self._pay(project, project.approved_fen * plan.paid // 100, begun + timedelta(days=_STARTED + 5))
        for at, milestone in enumerate(project.milestones[: plan.done], 1):
            reached = begun + timedelta(days=_STARTED + 15 * at)
            taken = Taken(self._picture(at), local_day(reached), project.place_words or "", 26.2 + at / 100, 107.79)
            add_photo(project, milestone, taken, by=unit, now=reached)
            reach_milestone(project, milestone, by=unit, now=reached)
        done = begun + timedelta(days=_COMPLETED)
        if plan.reaches == S.STOPPED:
            stop_project(project, "水源改道，鱼塘无法蓄水，剩余资金退回。", by=county, now=done)
        if plan.reaches == S.COMPLETED:
            complete_project(project, by=county, now=done)
            if plan.works is not None:
                note = "" if plan.works else "水泵电机烧坏，已通知村里维修。"
                check_asset(project, 1, plan.works, note, by=county, now=done + timedelta(days=370))

    def _pay(self, project: Project, fen: int, at: datetime) -> None:
        """Pay a firm out of the project's own place, where all that was approved stands."""
        first, second = self.person(COUNTY), self.person(COUNTY, 1)
        fund, place = self._fund(), place_of(project)
        allocate(fund, "roads", COUNTY, place, project.approved_fen, self._paper("丹财农", 0), by=first, now=at)
        self.papers += 1
        payee, account = ToOrganisation(_FIRM_CODE.format(number=40 + self.papers % 50)), self._account()
        order = PaymentOrder("roads", place, fen, "subject", project.asset or "", self._paper("合同", 0), payee, account)
        pay_from(fund, order, by=first, approved_by=second, now=at)

    def _account(self) -> BankAccount:
        # No bank's numbers begin with six noughts.
        return BankAccount(f"农桥演示建设公司{self.papers}", "农桥演示银行丹寨支行", f"000000{self.papers:010d}55")

    def _fund(self) -> Fund:
        if self.money is None:
            first, second = self.person(COUNTY), self.person(COUNTY, 1)
            wanted = sum(90 * plan.yuan for plan in PLANS if plan.paid)
            at = self.now - timedelta(days=900)
            title, paper = "县级衔接推进乡村振兴项目资金", self._paper("丹财预", 900)
            fund = propose_fund(COUNTY, Budget.COUNTY, paper, title, at.year, {"roads": wanted}, by=first, now=at)
            approve_fund(fund, by=second, now=at)
            self.money = fund
        return self.money

    def _picture(self, stage: int) -> str:
        """A building site, drawn and not taken; it grows from stage to stage."""
        image = Image.new("RGB", (640, 480), "#cfe0e8")
        draw = ImageDraw.Draw(image)
        draw.polygon([(0, 300), (180, 150), (360, 300)], fill="#7f9c7a")
        draw.polygon([(240, 300), (470, 110), (640, 300)], fill="#6c8a69")
        draw.rectangle((0, 300, 640, 480), fill="#b79b74")
        draw.rectangle((200, 400 - 70 * stage, 460, 420), fill="#d9d2c4", outline="#8c8373", width=4)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        return store_picture(read_picture(buffer.getvalue()), self.folder)
