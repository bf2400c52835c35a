"""A cooperative looks at how a harvest is divided before it is final; each household reads its own part alone."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Lot, LotContribution, ProducerKind, Unit
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from tests import factories


class Cooperative:
    """With potatoes on sale at 4.00 yuan a kilogram, and two households to bring them, one of which signs in."""

    def __init__(self) -> None:
        with transaction():
            self.account = factories.account((RoleKind.FARMER, ""), name="合作社")
            self.producer = factories.producer(kind=ProducerKind.COOPERATIVE, owner=self.account)
            self.member_account = factories.account((RoleKind.FARMER, ""), name="社员")
            self.member = factories.producer(owner=self.member_account)
            self.other = factories.household()
            self.own = db.session.get_one(type(self.other), self.member.household_id)
            kind = factories.product("potato", "土豆", "Potato")
            self.listing = factories.listing(self.producer, kind, price_fen=400, stock=0, unit=Unit.KG, unit_grams=1000)

    def form(self, **other: str) -> dict[str, str]:
        usual = {
            "listing": self.listing.public_id,
            "harvested_on": clock.local_day(clock.now()).isoformat(),
            "quantity": "3",
            "households": f"{self.own.code} 1000\n{self.other.code} 2000",
        }
        return usual | other


@pytest.fixture
def cooperative(session: Session) -> Cooperative:
    return Cooperative()


def lots(cooperative: Cooperative) -> int:
    """How many harvests are in stock."""
    shared = select(func.count()).select_from(Lot).where(Lot.listing_id == cooperative.listing.id, Lot.on_hand > 0)
    return db.session.scalar(shared) or 0


def seal_in(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


def test_a_harvest_is_written_down_as_it_was_looked_at(cooperative: Cooperative, as_: type) -> None:
    desk = as_(cooperative.account)
    looked = desk.post("/farm/pooling", data=cooperative.form())
    assert looked.status_code == 200
    # Of 12.00 yuan 36 fen are the service's.
    assert "¥3.88" in looked.text
    assert "¥7.76" in looked.text
    assert lots(cooperative) == 0
    # Other grams than were looked at are shown first.
    changed = cooperative.form(households=f"{cooperative.own.code} 1500\n{cooperative.other.code} 1500")
    again = desk.post("/farm/pooling", data=changed | {"seen": seal_in(looked.text)})
    assert again.status_code == 200
    assert "¥5.82" in again.text
    assert lots(cooperative) == 0
    assert desk.post("/farm/pooling", data=changed | {"seen": seal_in(again.text)}).status_code == 303
    assert lots(cooperative) == 1
    grams = dict(
        db.session.execute(
            select(LotContribution.household_id, LotContribution.grams).join(Lot).where(Lot.on_hand == Decimal(3))
        ).all()
    )
    assert grams == {cooperative.own.id: 1500, cooperative.other.id: 1500}
    page = desk.get("/farm/pooling").text
    assert cooperative.own.code in page
    assert cooperative.other.code in page


@pytest.mark.parametrize("wrong", [{"quantity": "4"}, {"households": "x"}, {"households": ""}, {"quantity": "0"}])
def test_what_cannot_be_right_comes_back_as_it_was_filled_in(
    cooperative: Cooperative, as_: type, wrong: dict[str, str]
) -> None:
    answer = as_(cooperative.account).post("/farm/pooling", data=cooperative.form(**wrong))
    assert answer.status_code in (409, 422)
    assert lots(cooperative) == 0


def test_a_household_reads_its_own_part_and_nobody_elses(cooperative: Cooperative, as_: type) -> None:
    desk = as_(cooperative.account)
    seal = seal_in(desk.post("/farm/pooling", data=cooperative.form()).text)
    desk.post("/farm/pooling", data=cooperative.form(seen=seal))
    member = as_(cooperative.member_account)
    page = member.get("/farm/brought").text
    assert cooperative.producer.name_en in page
    assert cooperative.other.code not in page
    assert member.get("/farm/pooling").status_code == 404
    assert as_(cooperative.account).get("/farm/brought").status_code == 404
