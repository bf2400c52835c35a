"""Lived-in files: households of the demo village with a year on file, two who disagree, what waits, and an export."""

from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.registry.exports import ask_export
from marketplace.registry.figures import counties_on_file, publish_county, quarter_start
from marketplace.registry.filing import Noting, add_member, record_values
from marketplace.registry.id_numbers import check_character
from marketplace.registry.models import Household, How, VisitOrder
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import FILE, note_reading

HOUSEHOLDS = 5
_FAMILY = "杨潘吴韦王"
_GIVEN = ("阿山", "老木", "小花", "秀英", "金水", "明亮", "阿妹", "天才", "桂兰", "昌荣")
_CAUSES = ("illness", "schooling", "lack_of_labour", "lack_of_skill", "poor_road")


def add_files(*, now: datetime) -> None:
    """Write down what officers would have of the households that the village's officer and the farmer know."""
    chance = Random(52)
    farmer, officer = find_account_by_login("farmer"), find_account_by_login("village")
    township, county = find_account_by_login("longquan"), find_account_by_login("danzhai")
    if farmer is None or officer is None or township is None or county is None:
        return
    village = officer.roles[0].scope_code
    own = db.session.scalars(select(Household).join(Producer).where(Producer.account_id == farmer.id)).all()
    near = select(Household).where(Household.village_code == village).order_by(Household.code).limit(HOUSEHOLDS)
    homes = [*own, *(household for household in db.session.scalars(near) if household not in own)]
    for at, household in enumerate(homes):
        by = officer if household.village_code == village else county
        _fill(household, at, by, chance, now - timedelta(days=90 - 7 * at))
        note_reading(household, county, FILE, now=now - timedelta(days=9 - at % 5))
    _disagree(homes[-1], officer, county, now)
    _ask(homes[-2], officer, now)
    about = {"year": local_day(now).year, "with_id_numbers": False, "by": county, "now": now - timedelta(hours=5)}
    ask_export("522636100", "冬季走访安排", Reach.of(["522636"], "demo"), **about)
    today = local_day(now)
    for code in counties_on_file():
        publish_county(code, quarter_start(today), year=today.year, now=now)


def _fill(household: Household, at: int, by: Account, chance: Random, when: datetime) -> None:
    noting = Noting(by, How.SEEN, when)
    family, born = _FAMILY[at % len(_FAMILY)], date(1958 + 6 * (at % 4), 3, 2 + at)
    joined_on = date(2014, 1, 1)
    head = {"name": family + _GIVEN[at % 10], "relation": "head", "id_number": _number(born, at, "male")}
    add_member(household, head, noting, joined_on=joined_on)
    wife = {"name": "石" + _GIVEN[(at + 3) % 10], "relation": "spouse", "sex": "female", "born_on": f"{born.year + 2}-08-11"}
    add_member(household, wife, noting, joined_on=joined_on)
    child = {"name": family + _GIVEN[(at + 5) % 10], "relation": "child", "sex": "male", "born_on": f"{2008 + at % 6}-05-20"}
    person = add_member(household, child, noting, joined_on=joined_on)
    year = local_day(when).year
    schooling = {"student": "junior", "health": "healthy", "health_insured": "yes"}
    record_values(household, schooling, noting, year=year, person=person)
    values = {
        "kind": ("general_poor", "dibao")[at % 2],
        "main_cause": _CAUSES[at % len(_CAUSES)],
        "phone": "13800000000",
        "address": f"{1 + at % 4}组{12 + at}号",
        "income_wages_fen": 900_000 + 10_000 * chance.randrange(60),
        "income_grain_fen": 150_000 + 10_000 * chance.randrange(20),
        "income_livestock_fen": 10_000 * chance.randrange(30),
        "income_transfer_fen": 120_000,
        "dwelling_grade": ("b", "c", "a")[at % 3],
        "dwelling_m2": 70 + 5 * (at % 6),
        "water_source": ("tap", "spring")[at % 2],
        "water_minutes": 5 + 5 * (at % 5),
        "has_power": "yes",
        "fuel": ("wood", "power")[at % 2],
        "road": ("gravel", "paved")[at % 2],
        "food_enough": "yes",
        "arable_mu": "2.5",
        "plan_measures": ["industry", "education"],
        "plan_text": "种两亩蓝莓，孩子读完初中。",
    }
    record_values(household, values, noting, year=year)


def _number(born: date, at: int, sex: str) -> str:
    digits = f"522636{born:%Y%m%d}{200 + 2 * at + (sex == 'male'):03d}"
    return digits + check_character(digits)


def _disagree(household: Household, officer: Account, other: Account, now: datetime) -> None:
    """Two who had not seen each other's: the county's department says well, the village river."""
    year = local_day(now).year
    record_values(household, {"water_source": "well"}, Noting(other, How.DEPARTMENT, now - timedelta(days=3)), year=year)
    record_values(household, {"water_source": "river"}, Noting(officer, How.TOLD, now - timedelta(days=2), seen=0), year=year)


def _ask(household: Household, officer: Account, now: datetime) -> None:
    """A value of last year that waits for a second person, and a visit that is due."""
    noting = Noting(officer, How.TOLD, now - timedelta(days=1), reason="去年的房屋等级填错了，照片可以证明。")
    record_values(household, {"dwelling_grade": "c"}, noting, year=local_day(now).year - 1)
    db.session.add(
        VisitOrder(
            household_id=household.id,
            village_code=household.village_code,
            cause="check",
            asked_for="demo",
            ordered_at=now - timedelta(days=2),
            due_on=local_day(now) + timedelta(days=6),
        )
    )
    db.session.flush()
