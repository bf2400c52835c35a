"""The pages of plans: farmers answer on a phone, buyers and officers see the curve, and no more of sellers than they may."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.models import Plan, PlanPart, SupplyDeclaration
from marketplace.sourcing.planning import approve_plan, propose_plan, work_out
from marketplace.sourcing.states import PlanPartState, PlanState
from marketplace.sourcing.supplies import monday_of
from tests import factories
from tests.factories import NOW
from tests.sourcing.plan_world import KG, buyer, demand, farm, planned, supply
from tests.web.conftest import Browser


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask the clock; here it stands still on the day that the world was made."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def farmer_of(listing: Listing) -> Account:
    """The account that sells for a farm."""
    owner = factories.account((RoleKind.FARMER, listing.area_code))
    listing.producer.account_id = owner.id
    db.session.commit()
    return owner


def asked(number: int = 1, *, village: str = "522636100001") -> tuple[Account, Plan, list[Listing]]:
    """A plan that was approved, of so many farms of which every other one is registered."""
    who, enterprise = buyer()
    farms = [farm(registered=at % 2 == 0, village=village) for at in range(number)]
    for goods in farms:
        supply(goods, 60)
    plan = planned([demand(who, enterprise, 50 * number)], who)
    with transaction():
        approve_plan(plan.public_id, by=who, now=NOW)
    return who, plan, farms


def test_a_farmer_says_yes_on_one_page_with_amount_day_and_price(browser: Browser, session: Session) -> None:
    _, plan, (goods,) = asked()
    browser.is_now(farmer_of(goods))
    page = browser.get("/farm/parts/").text
    assert "50 kg" in page and "¥2.00 per kg" in page and "¥100.00 in all" in page
    (part,) = plan.parts
    answer = browser.post(f"/farm/parts/{part.public_id}/yes", sent_from="/farm/parts/")
    assert answer.status_code == 303
    assert db.session.get_one(PlanPart, part.id).state == PlanPartState.ACCEPTED
    assert "said yes" in browser.get("/farm/parts/").text


def test_nobody_answers_for_another_farm(browser: Browser, session: Session) -> None:
    _, plan, _ = asked()
    stranger = farm()
    browser.is_now(farmer_of(stranger))
    (part,) = plan.parts
    assert browser.post(f"/farm/parts/{part.public_id}/no", sent_from="/farm/parts/supplies/").status_code == 404
    assert db.session.get_one(PlanPart, part.id).state == PlanPartState.ASKED


def test_a_farmer_declares_changes_and_takes_back_what_there_will_be(browser: Browser, session: Session) -> None:
    goods = farm()
    browser.is_now(farmer_of(goods))
    week = monday_of(local_day(NOW)) + timedelta(days=7)
    form = {"listing": goods.public_id, "week": week.isoformat(), "weeks": "2", "kg": "40", "price": "2.10", "loss": "5"}
    assert browser.post("/farm/parts/supplies/", form, sent_from="/farm/parts/supplies/").status_code == 303
    (made,) = db.session.query(SupplyDeclaration).all()
    assert [(one.week_on, one.grams) for one in made.weeks] == [(week, 38_000), (week + timedelta(days=7), 38_000)]
    assert (made.min_price_fen_kg, made.loss_rate_bp) == (210, 500)
    path = f"/farm/parts/supplies/{made.public_id}"
    less = {"week": week.isoformat(), "kg": "20"}
    assert "Take this back" in browser.get("/farm/parts/supplies/").text
    assert browser.post(f"{path}/yield", less, sent_from="/farm/parts/supplies/").status_code == 303
    assert db.session.get_one(SupplyDeclaration, made.id).weeks[0].grams == 19_000
    assert browser.post(f"{path}/withdraw", sent_from="/farm/parts/supplies/").status_code == 303
    assert "Take this back" not in browser.get("/farm/parts/supplies/").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kg": "0"}, "Please give kilograms"),
        ({"kg": "-3"}, "Please give kilograms"),
        ({"price": "-1"}, "Please give a price of more than nothing"),
        ({"week": "2026-06-01"}, "A week must not be over"),
        ({"week": "2026-06-23"}, "each by its Monday"),
        ({"loss": "95"}, "Losses are between 0 and 90 per cent."),
        ({"least": "50"}, "After losses no week"),
    ],
)
def test_a_form_that_cannot_be_meant_comes_back_with_what_is_wrong(
    browser: Browser, session: Session, change: dict[str, str], words: str
) -> None:
    goods = farm()
    browser.is_now(farmer_of(goods))
    form = {"listing": goods.public_id, "week": "2026-06-22", "kg": "40", "price": "2.10", **change}
    answer = browser.post("/farm/parts/supplies/", form, sent_from="/farm/parts/supplies/")
    assert (answer.status_code, words in answer.text) == (422, True)
    assert db.session.query(SupplyDeclaration).count() == 0


def test_a_buyer_sees_villages_and_numbers_but_no_seller_and_no_share_of_few(browser: Browser, session: Session) -> None:
    who, plan, farms = asked(4)
    browser.is_now(who)
    page = browser.get(f"/buyer/plans/{plan.public_id}").text
    assert "Seller 1" in page and "Seller 4" in page
    assert not any(goods.producer.name_en in page for goods in farms)
    assert "Fewer than five sellers" in page and "From registered households" not in page
    assert "<polyline" not in page


def test_a_buyer_of_many_sees_the_curve_and_its_price_and_who_decided(browser: Browser, session: Session) -> None:
    who, enterprise = buyer()
    for at in range(8):
        supply(farm(registered=at % 2 == 0), 60, price_fen_kg=260 if at % 2 == 0 else 200)
    plan = planned([demand(who, enterprise, 200)], who, share=0.4)
    browser.is_now(who)
    page = browser.get(f"/buyer/plans/{plan.public_id}").text
    assert "What the tilt costs" in page and "<polyline" in page and "All points of the curve" in page
    assert browser.post(f"/buyer/plans/{plan.public_id}/approve").status_code == 303
    page = browser.get(f"/buyer/plans/{plan.public_id}").text
    assert f"Decided by {who.display_name}" in page
    assert browser.post(f"/buyer/plans/{plan.public_id}/share", {"share": "60"}).status_code == 303
    assert db.session.query(Plan).filter_by(state=PlanState.PROPOSED, share_asked=0.6).count() == 1


def test_a_buyer_makes_a_plan_of_their_own_demands_and_sees_no_others(browser: Browser, session: Session) -> None:
    _, other, _ = asked(1)
    who, enterprise = buyer()
    supply(farm(), 60)
    wanted = demand(who, enterprise, 50)
    browser.is_now(who)
    assert browser.post("/buyer/plans/", {"demand": wanted.public_id}).status_code == 303
    (plan,) = [one for one in db.session.query(Plan) if one.made_by_id == who.id and one.id != other.id]
    assert plan.reference in browser.get("/buyer/plans/").text
    for path in ("", "/approve", "/reject", "/again"):
        act: Callable[[str], object] = browser.post if path else browser.get
        assert act(f"/buyer/plans/{other.public_id}{path}").status_code == 404  # type: ignore[attr-defined]
    assert browser.post("/buyer/plans/", {"demand": other.demands[0].public_id}).status_code == 404


def test_an_officer_sees_the_plans_that_touch_their_area_and_names_the_sellers_there_alone(
    browser: Browser, session: Session
) -> None:
    _, plan, (goods,) = asked(1)
    for scope, status, named in (
        ("522636", 200, True),
        ("522636100", 200, True),
        ("522636100002", 200, False),
        ("522635", 404, False),
        ("522636101", 404, False),
    ):
        browser.is_now(factories.account((RoleKind.OFFICER, scope)))
        answer = browser.get(f"/office/plans/{plan.public_id}")
        assert (answer.status_code, goods.producer.name_en in answer.text) == (status, named), scope
        assert (plan.reference in browser.get("/office/plans/").text) == (status == 200)


def test_the_operator_plans_all_demands_together_and_reads_what_a_hub_gets(browser: Browser, session: Session) -> None:
    who, enterprise = buyer()
    other, company = buyer()
    goods = [farm() for _ in range(3)]
    for one in goods:
        supply(one, 60)
    demand(who, enterprise, 50)
    demand(other, company, 50)
    operator = factories.account((RoleKind.OPERATOR, ""))
    browser.is_now(operator)
    assert browser.post("/operator/plans/").status_code == 303
    (plan,) = db.session.query(Plan).all()
    assert (len(plan.demands), plan.planned_g) == (2, 100 * KG)
    assert "Who brings what" not in browser.get("/operator/plans/hubs").text
    assert browser.post(f"/operator/plans/{plan.public_id}/approve").status_code == 303
    assert db.session.get_one(Plan, plan.id).state == PlanState.APPROVED
    # A plan of several enterprises is nobody's of them.
    browser.is_now(who)
    assert browser.get(f"/buyer/plans/{plan.public_id}").status_code == 404


def test_what_nothing_fits_is_explained_in_both_languages(browser: Browser, session: Session) -> None:
    who, enterprise = buyer()
    supply(farm(), 60, price_fen_kg=450)
    worked = work_out([demand(who, enterprise, 50)], now=NOW)
    with transaction():
        plan = propose_plan(worked, by=who, now=NOW)
    browser.is_now(who)
    page = browser.get(f"/buyer/plans/{plan.public_id}").text
    assert "they cost more than the ceiling" in page
    assert "A ceiling that is ¥0.58 per kg higher: all that is wanted would fit (60 kg)." in page
    browser.headers = {"Accept-Language": "zh-CN"}
    assert "最高价每公斤提高" in browser.get(f"/buyer/plans/{plan.public_id}").text
