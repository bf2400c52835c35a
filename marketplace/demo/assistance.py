"""The demo's responsibility and needs: helpers of a village, one who has left office, needs on their way.

Everything is made up; the quotas and terms are those of the rules in force.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.assistance.duty.bringing import bring_funds
from marketplace.assistance.duty.duties import give_duty
from marketplace.assistance.duty.models import Place, Rank
from marketplace.assistance.duty.officers import enter_officer, leave_office
from marketplace.assistance.duty.queries import without_helper
from marketplace.assistance.needs.helping import approve_helper, enter_helper, pledge
from marketplace.assistance.needs.models import HelperKind, Method, NeedKind
from marketplace.assistance.needs.raising import raise_need, verify_need
from marketplace.assistance.needs.rounds import draft_round
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import Household
from marketplace.registry.visits import record_visit

_COUNTY = "522636"
_NEEDS = (
    (NeedKind.SKILL, "家里有五亩果树，去年没修剪，果子小", "想学果树修剪", None),
    (NeedKind.MATERIALS, "春耕缺稻种和化肥", "春耕缺稻种和化肥", 60_000),
    (NeedKind.SCHOOLING, "孩子考上高中，住宿费有困难", "孩子上高中，住宿费有困难", 120_000),
    (NeedKind.SALES, "土鸡两百只，没有销路", "两百只土鸡找销路", None),
)


def add_assistance(
    county_login: str, helper_login: str, own: Household, officers: Mapping[str, Sequence[int]], *, now: datetime
) -> None:
    """Give households of a village helpers and let some of them say what they lack.

    Parameters
    ----------
    county_login, helper_login : str
        The officer of the county, and the account that acts for a helper unit.
    own : Household
        A household of the demo that somebody can sign in as.
    """
    county = _account(county_login)
    before = now - timedelta(days=30)
    township = own.village_code[: Level.TOWNSHIP]
    first = db.session.get_one(Account, officers[township][0])
    village = db.session.get_one(Account, officers[own.village_code][0])
    places = ((county, Rank.SECTION_HEAD, township[: Level.COUNTY]), (first, Rank.SECTION_DEPUTY, township))
    helpers = [enter_officer(account, rank, area, by=county, now=before) for account, rank, area in places]
    near = enter_officer(village, Rank.OTHER, own.village_code, by=county, now=before)
    waiting = [each for each in without_helper(own.village_code, local_day(before)) if each != own.id]
    chosen = [own, *(db.session.get_one(Household, number) for number in waiting[:9])]
    for helper, households in ((near, chosen[:4]), (helpers[1], chosen[4:8]), (helpers[0], chosen[8:])):
        for household in households:
            give_duty(helper, household, Place.FIRST, by=county, now=before)
    leave_office(helpers[1], by=county, now=now - timedelta(days=2))
    acting = _account(helper_login)
    can = [NeedKind.SALES, NeedKind.MATERIALS]
    unit = enter_helper(HelperKind.ENTERPRISE, acting.display_name, _COUNTY, can, 3, by=acting, now=before)
    approve_helper(unit, by=county, now=before)
    for household, (kind, words, card, worth_fen) in zip(chosen, _NEEDS, strict=False):
        need = raise_need(kind, words, by=first, now=before, household=household, worth_fen=worth_fen)
        if kind != NeedKind.SCHOOLING:
            verify_need(need, card, by=county, now=before + timedelta(days=2))
        if kind == NeedKind.SALES:
            pledge(need, unit, by=acting, now=now - timedelta(days=1))
    # What a second officer finds on the desk: a proposal for the open needs, and money brought.
    draft_round(township, Method.STABLE, by=first, now=now - timedelta(days=1))
    for household, days in ((own, 12), (own, 3), (chosen[1], 5)):
        record_visit(household, village, now - timedelta(days=days), now=now - timedelta(days=days), note="问了收入和庄稼")
    bring_funds(near, own, 80_000, "县农业农村局", "补助通知 2026-17", by=village, now=now - timedelta(days=2))


def _account(login: str) -> Account:
    return db.session.scalars(select(Account).filter_by(login=login)).one()
