"""What is going on around files: looks at them, two officers who disagree, what waits for a second person, and an export."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.registry.exports import ask_export
from marketplace.registry.figures import counties_on_file, publish_county, quarter_start
from marketplace.registry.filing import Noting, record_values
from marketplace.registry.models import Household, How, VisitOrder
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import FILE, note_reading

HOUSEHOLDS = 5


def add_open_questions(*, now: datetime) -> None:
    """Leave what officers have yet to decide about the files of households of the farmer and of one village."""
    farmer, officer = find_account_by_login("farmer"), find_account_by_login("village")
    township, county = find_account_by_login("longquan"), find_account_by_login("danzhai")
    if farmer is None or officer is None or township is None or county is None:
        return
    village = officer.roles[0].scope_code
    own = db.session.scalars(select(Household).join(Producer).where(Producer.account_id == farmer.id)).all()
    near = select(Household).where(Household.village_code == village).order_by(Household.code).limit(HOUSEHOLDS)
    homes = [*own, *(household for household in db.session.scalars(near) if household not in own)]
    for at, household in enumerate(homes):
        note_reading(household, county, FILE, now=now - timedelta(days=9 - at % 5))
    _disagree(homes[-1], officer, county, now)
    _ask(homes[-2], officer, now)
    about = {"year": local_day(now).year, "with_id_numbers": False, "by": county, "now": now - timedelta(hours=5)}
    ask_export("522636100", "冬季走访安排", Reach.of(["522636"], "demo"), **about)
    today = local_day(now)
    for code in counties_on_file():
        publish_county(code, quarter_start(today), year=today.year, now=now)


def _disagree(household: Household, officer: Account, other: Account, now: datetime) -> None:
    """Two who had not seen each other's: the county's department says well, the village river."""
    year = local_day(now).year
    record_values(household, {"water_source": "well"}, Noting(other, How.DEPARTMENT, now - timedelta(days=3)), year=year)
    record_values(household, {"water_source": "river"}, Noting(officer, How.TOLD, now - timedelta(days=2), seen=0), year=year)


def _ask(household: Household, officer: Account, now: datetime) -> None:
    """A value of last year that waits for a second person, and a visit that is due."""
    noting = Noting(officer, How.TOLD, now - timedelta(days=1), reason="去年的房屋等级填错了，照片可以证明。")
    record_values(household, {"dwelling_grade": "d"}, noting, year=local_day(now).year - 1)
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
