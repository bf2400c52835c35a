"""A household with everything on file, its own farm, and officers of every level around it."""

from datetime import date, datetime, timedelta
from typing import Any

from marketplace.catalogue.models import Producer, ProducerKind
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.regions.models import Area
from marketplace.registry.filing import Noting, add_member, record_values
from marketplace.registry.models import Household, How, Person, StatusCategory
from marketplace.registry.opening import open_file
from marketplace.registry.reading import Reach
from marketplace.registry.service import begin_status, open_revision
from tests import factories
from tests.registry import people

COUNTY, TOWNSHIP, VILLAGE = "522636", "522636100", factories.VILLAGE
SIBLING_VILLAGE, SIBLING_TOWNSHIP, SIBLING_COUNTY = "522636100002", "522636101", "522635"
VALUES = {
    "kind": "dibao",
    "main_cause": "illness",
    "other_causes": ["lack_of_labour"],
    "phone": "13812345678",
    "address": "二组十五号",
    "bank_account": "6222021234567890123",
    "income_wages_fen": "120050",
    "dwelling_grade": "c",
    "water_source": "spring",
    "has_power": "no",
    "arable_mu": "2.5",
    "plan_text": "养两头猪",
}
ANYWHERE = Reach.everywhere("a test")


class FileWorld:
    """One household in full, a sibling village's household, and who may look at which."""

    def __init__(self, **values: Any) -> None:
        for code in (VILLAGE, SIBLING_VILLAGE, f"{SIBLING_TOWNSHIP}001", f"{SIBLING_COUNTY}100001"):
            factories.area(code)
        db.session.get_one(Area, VILLAGE).name = "卡拉村"
        db.session.flush()
        self.now: datetime = clock.now()
        self.year = clock.local_day(self.now).year
        self.village = people.officer(VILLAGE, "杨村干")
        self.township = people.officer(TOWNSHIP, "潘镇干")
        self.county = people.officer(COUNTY, "韦县干")
        self.sibling_village = people.officer(SIBLING_VILLAGE, "吴村干")
        self.sibling_township = people.officer(SIBLING_TOWNSHIP, "王镇干")
        self.sibling_county = people.officer(SIBLING_COUNTY, "李县干")
        self.number = people.id_number(date(1970, 3, 7))
        self.household = self.home(VILLAGE, {"name": values.pop("name", "杨阿山"), "id_number": self.number}, values or VALUES)
        self.neighbour = self.home(SIBLING_VILLAGE, {"name": "吴老水", "id_number": people.id_number()}, {"fuel": "wood"})
        with transaction():
            typed = {"name": "杨小花", "relation": "child", "sex": "female", "born_on": "2012-05-01"}
            self.child: Person = add_member(self.household, typed, self.noting(), joined_on=date(2020, 1, 1))
            record_values(self.household, {"health": "long_illness"}, self.noting(), year=self.year, person=self.child)
            revision = open_revision("a test", actor="test", now=self.now)
            begin_status(self.household, StatusCategory.POOR, date(2025, 1, 1), revision)
            self.farmer = factories.account((RoleKind.FARMER, VILLAGE), name="卡拉村农家")
            self.other_farmer = factories.account((RoleKind.FARMER, VILLAGE), name="合作社")
            self.farm(self.farmer, self.household)

    def noting(self, by: Account | None = None, *, days_ago: int = 0, **more: Any) -> Noting:
        """Told to the village's officer, now unless said otherwise."""
        return Noting(by or self.village, more.pop("how", How.TOLD), self.now - timedelta(days=days_ago), **more)

    def home(self, village: str, head: dict[str, str], values: dict[str, Any]) -> Household:
        """A household opened two days ago."""
        with transaction():
            noting = self.noting(days_ago=2)
            household = open_file(village, head, ANYWHERE, noting, joined_on=date(2020, 1, 1))
            record_values(household, values, noting, year=self.year)
        return household

    def farm(self, account: Account, household: Household) -> Producer:
        """The household's own farm, with an account."""
        made = Producer(
            kind=ProducerKind.HOUSEHOLD,
            name_zh="卡拉村农家",
            name_en="Farm of Kala",
            area_code=household.village_code,
            household_id=household.id,
            account_id=account.id,
            badge_consent=True,
            created_at=self.now,
        )
        db.session.add(made)
        db.session.flush()
        return made

    @property
    def path(self) -> str:
        """The address of the household's file."""
        return f"/office/files/{self.household.public_id}"
