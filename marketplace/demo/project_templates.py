"""The demo's templates: the province's own, confirmed and to begin soon, and a county's that waits for its second person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.projects.entering import NewVersion, decide_version, enter_version
from marketplace.projects.standard import ITEMS, SHIPPED, Barred, Category, Item
from marketplace.projects.states import TemplateAction

PROVINCE, COUNTY = "52", "522636"
_BEGINS_IN = timedelta(days=20)
_KEEPER = Item("x52_1", "建成后由谁管护，管护经费从哪里来")
_ROAD = Item("x522636_1", "雨季施工如何保证安全")
# A project is kept up longer where points are given for it.
_POINTS = {"need": 25, "benefit": 25, "feasible": 15, "cost": 15, "upkeep": 20}


def add_project_templates(officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Have the province and a county write down what they ask, a few days ago."""
    begins_on = local_day(now) + _BEGINS_IN

    def person(code: str, nth: int) -> Account:
        return db.session.get_one(Account, officers[code][nth])

    eleven = tuple(Item(key, "") for key in ITEMS)
    whole = NewVersion(
        begins_on=begins_on,
        source="演示：省农业农村厅项目申报模板（第二版）",
        items=(*eleven, _KEEPER),
        categories=(*SHIPPED.categories, Category("category_1", "乡村旅游", "cultureSportsAndRecreation")),
        barred=(*SHIPPED.barred, Barred("barred_1", "牌坊、雕塑和景观大门", ("牌坊", "雕塑", "景观大门"))),
        rubric=tuple(replace(each, most=_POINTS[each.key]) for each in SHIPPED.rubric),
    )
    row = enter_version(PROVINCE, whole, by=person(PROVINCE, 0), now=now - timedelta(days=6))
    decide_version(row, TemplateAction.CONFIRM, by=person(PROVINCE, 1), now=now - timedelta(days=4))
    more = NewVersion(begins_on, "演示：县乡村振兴局申报补充要求", (*eleven, _KEEPER, _ROAD))
    enter_version(COUNTY, more, by=person(COUNTY, 0), now=now - timedelta(days=1))
