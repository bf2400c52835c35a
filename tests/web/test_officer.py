from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.dashboard.queries import SalesRow
from marketplace.dashboard.service import build_all
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import Policy
from marketplace.registry.service import end_status
from marketplace.web.portals.sales_figures import Span, default_span, file_rows
from tests.web.desk_world import (
    COOP_VILLAGE,
    COUNTY,
    NORTH,
    NOW,
    OTHER_VILLAGE,
    POOR_VILLAGE,
    SOUTH,
    Desk,
    World,
    count,
    make_account,
    without_csrf,
)

MAY = f"area={COUNTY}&from=2026-05-01&to=2026-05-31"
HEADER = (
    "Code,Name,From,To,Counted by,Sales of registered households (yuan),All sales (yuan),Weight (g),Order lines,Producers,"
    "Registered when sold (yuan)"
)


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """May: 120.00 of a registered household, 27.00 of a cooperative with a third registered, 40.00 of a neighbour.

    April: 60.00 and on 1 March 12.00 of the registered household. The registered household leaves the register with 30 June.
    """
    without_csrf(app, monkeypatch)
    world = World()
    apples = world.listing()
    for quantity, days in (("1", 80), ("5", 25)):
        world.pay(world.purchase(apples, quantity, now=NOW - timedelta(days=days)), now=NOW - timedelta(days=days))
    world.pay(world.purchase(apples, "10"))
    pooled = {world.registered.id: 1000, world.other.id: 2000}
    together = world.listing(world.cooperative, price_fen=900, quantity="6", contributions_g=pooled)
    world.pay(world.purchase(together, "3", now=NOW + timedelta(minutes=1)))
    world.pay(world.purchase(world.listing(world.other_farm, price_fen=800), "5", now=NOW + timedelta(minutes=2)))
    world.purchase(apples, "7", now=NOW + timedelta(minutes=3))
    with transaction():
        end_status(world.registered, date(2026, 6, 30), world.revision)
        build_all()
    return world


@pytest.fixture
def county_desk(client: FlaskClient, world: World) -> Desk:
    return Desk(client, make_account(RoleKind.OFFICER, COUNTY))


def lines(desk: Desk, query: str) -> list[str]:
    answer = desk.get(f"/office/sales.csv?{query}")
    assert answer.status_code == 200
    figures, _counted = answer.get_data().decode("utf-8-sig").split("\r\n\r\n")
    # The last column follows the registry of today, which these sales were not made in.
    return [line.rsplit(",", 1)[0] for line in figures.splitlines()]


def test_the_page_says_what_registered_households_sold_and_compares_it(county_desk: Desk) -> None:
    page = county_desk.get(f"/office/sales?{MAY}").text
    assert (
        "Registered households in Danzhai county sold for ¥129.00, 69% of all sales, 115% more than in the period before."
        in page
    )
    assert "One area below has no sales of registered households." in page
    for figure in ("¥129.00", "69%", "9 kg", "3 order lines"):
        assert f">{figure}</p>" in page
    assert "100% in the period before; all sales are ¥187.00" in page


def test_a_span_before_the_first_sale_is_no_comparison(county_desk: Desk) -> None:
    page = county_desk.get(f"/office/sales?area={COUNTY}&from=2026-03-01&to=2026-05-31").text
    assert "Registered households in Danzhai county sold for ¥201.00, 78% of all sales." in page
    assert "No earlier period to compare with" in page
    assert "in the period before" not in page


def test_both_ways_of_counting_are_stated(county_desk: Desk) -> None:
    page = county_desk.get(f"/office/sales?{MAY}&as_of=2026-07-01").text
    assert "Counted as sold: ¥129.00. Counted by the registry as of 1 Jul 2026: ¥0.00." in page
    assert "This page shows the second." in page
    page = county_desk.get(f"/office/sales?{MAY}&as_of=2026-06-30").text
    assert "Counted as sold: ¥129.00. Counted by the registry as of 30 Jun 2026: ¥129.00." in page


def test_the_file_holds_the_same_figures_by_township(county_desk: Desk) -> None:
    assert lines(county_desk, MAY) == [
        HEADER,
        f"{NORTH},Longquan town,2026-05-01,2026-05-31,as sold,129.00,147.00,6500,2,2,129.00",
        f"{SOUTH},Xingren town,2026-05-01,2026-05-31,as sold,0.00,40.00,2500,1,1,0.00",
    ]


def test_the_file_begins_with_the_mark_of_utf_8_and_is_offered_for_saving(county_desk: Desk) -> None:
    answer = county_desk.get(f"/office/sales.csv?{MAY}")
    assert answer.get_data()[:3] == b"\xef\xbb\xbf"
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == ('attachment; filename="sales-522636-2026-05-01-2026-05-31-area.csv"')


def test_the_file_can_be_counted_by_the_registry_of_a_day(county_desk: Desk) -> None:
    assert lines(county_desk, f"{MAY}&as_of=2026-07-01")[1:] == [
        f"{NORTH},Longquan town,2026-05-01,2026-05-31,registry of 2026-07-01,0.00,147.00,6500,2,2,129.00",
        f"{SOUTH},Xingren town,2026-05-01,2026-05-31,registry of 2026-07-01,0.00,40.00,2500,1,1,0.00",
    ]


def test_figures_are_divided_by_product_month_and_day(county_desk: Desk) -> None:
    span = f"area={COUNTY}&from=2026-04-01&to=2026-05-31"
    dated = "2026-04-01,2026-05-31,as sold"
    assert lines(county_desk, f"{span}&by=product")[1:] == [f"apple,Apples,{dated},189.00,247.00,11500,4,3,189.00"]
    assert lines(county_desk, f"{span}&by=month")[1:] == [
        f"2026-04,2026-04,{dated},60.00,60.00,2500,1,1,60.00",
        f"2026-05,2026-05,{dated},129.00,187.00,9000,3,3,129.00",
    ]
    assert lines(county_desk, f"{span}&by=day")[1:] == [
        f"2026-04-25,2026-04-25,{dated},60.00,60.00,2500,1,1,60.00",
        f"2026-05-20,2026-05-20,{dated},129.00,187.00,9000,3,3,129.00",
    ]
    for by, heading in (("product", "Apples"), ("month", "Apr 2026"), ("day", "25 Apr 2026")):
        page = county_desk.get(f"/office/sales?{span}&by={by}").text
        assert heading in page
        assert "¥189.00" in page


def test_townships_lead_on_to_villages_and_a_village_shows_its_goods(county_desk: Desk) -> None:
    page = county_desk.get(f"/office/sales?{MAY}").text
    assert f"area={NORTH}" in page
    township = county_desk.get(f"/office/sales?{MAY.replace(COUNTY, NORTH)}").text
    assert "Kala village" in township
    assert f"area={POOR_VILLAGE}" in township
    village = county_desk.get(f"/office/sales?{MAY.replace(COUNTY, COOP_VILLAGE)}&by=area").text
    assert "Registered households in Shiqiao village sold for ¥9.00, 33% of all sales." in village
    assert "Red apples · " in village


def test_the_span_is_the_twelve_months_that_end_with_the_last_day_of_facts(county_desk: Desk) -> None:
    page = county_desk.get("/office/sales").text
    assert 'name="from" type="date" value="2025-05-21"' in page
    assert 'name="to" type="date" value="2026-05-20"' in page
    assert default_span(None, date(2026, 3, 1)) == Span(date(2025, 3, 2), date(2026, 3, 1))


def test_the_area_chosen_last_is_remembered(county_desk: Desk) -> None:
    assert "<h1>Sales of registered households</h1>" in county_desk.get(f"/office/sales?area={SOUTH}").text
    assert f'<option value="{SOUTH}" selected>' in county_desk.get("/office/sales").text
    assert "Xingren town" in county_desk.get("/office/policy").text


def test_an_area_remembered_by_another_officer_counts_for_nothing(client: FlaskClient, world: World) -> None:
    desk = Desk(client, make_account(RoleKind.OFFICER, SOUTH))
    with client.session_transaction() as kept:
        kept["office_area"] = NORTH
    assert "Longquan town" not in desk.get("/office/sales").text


@pytest.mark.parametrize(
    "path",
    [
        "/office/sales",
        "/office/sales.csv",
        "/office/sales/spread",
        "/office/sales/prices",
        "/office/policy",
    ],
)
@pytest.mark.parametrize("area", [NORTH, POOR_VILLAGE, COUNTY, "5226", "52", "", "11", f"{SOUTH}999999", "52%25", "%00", "x"])
def test_an_officer_of_one_township_finds_no_other_area(client: FlaskClient, world: World, path: str, area: str) -> None:
    desk = Desk(client, make_account(RoleKind.OFFICER, SOUTH))
    answer = desk.get(f"{path}?area={area}")
    if area == "":
        # An empty choice is no choice: one's own area.
        assert answer.status_code == 200
        assert "¥129.00" not in answer.text
    else:
        assert answer.status_code in (404, 422)
    assert "Longquan town" not in answer.text
    assert "129.00" not in answer.text


def test_the_breadcrumb_ends_at_the_officers_own_area(client: FlaskClient, world: World) -> None:
    desk = Desk(client, make_account(RoleKind.OFFICER, SOUTH))
    page = desk.get(f"/office/sales?area={OTHER_VILLAGE}").text
    assert "Xingren town" in page
    assert "Danzhai county" not in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from=2026-06-01&to=2026-05-01", "The first day must not lie after the last."),
        ("from=1900-01-01&to=2026-05-01", "Please choose at most ten years."),
        ("from=yesterday", "Please give a day, such as 2026-05-01."),
        ("as_of=2026-13-01", "Please give a day, such as 2026-05-01."),
        ("from=0001-01-01&to=0001-01-02", "Please choose a later day."),
        ("by=person", "Please check the address of this page."),
        ("surprise=1", "Please check the address of this page."),
        ("from=%00", "Please give a day, such as 2026-05-01."),
    ],
)
def test_a_question_that_cannot_be_answered_is_explained(county_desk: Desk, query: str, message: str) -> None:
    answer = county_desk.get(f"/office/sales?{query}")
    assert answer.status_code == 422
    assert message in answer.text
    assert county_desk.get(f"/office/sales.csv?{query}").status_code == 422


def test_days_at_the_ends_of_the_calendar_are_answered(county_desk: Desk) -> None:
    assert county_desk.get("/office/sales?to=9999-12-31&by=month").status_code == 200
    assert county_desk.get("/office/sales?from=0002-01-01&to=0005-01-01").status_code == 200
    assert county_desk.get("/office/sales?from=0002-01-01&to=0004-01-01&by=day").status_code == 200
    answer = county_desk.get("/office/sales?from=0002-01-01&to=0005-01-01&by=day")
    assert (answer.status_code, "By the day, please choose at most two years." in answer.text) == (422, True)


def test_an_area_without_sales_says_so(client: FlaskClient, session: Session) -> None:
    World()
    page = Desk(client, make_account(RoleKind.OFFICER, SOUTH)).get("/office/sales").text
    assert "Nothing was sold from Xingren town in this period." in page


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    rows = [SalesRow("k", "x", name, 100, 0, 1, 1, 1) for name in ("=1+1", "+1", "-1", "@A1", "\tx", "a=b")]
    names = [row[1] for row in file_rows("product", rows, Span(NOW.date(), NOW.date()), None)]
    assert names == ["'=1+1", "'+1", "'-1", "'@A1", "'\tx", "a=b"]


def test_the_policy_of_the_county_holds_in_its_townships(client: FlaskClient, world: World) -> None:
    for share, begins_on in ((0.2, date(2026, 1, 1)), (0.3, date(2026, 2, 1)), (0.9, date(9000, 1, 1))):
        db.session.add(
            Policy(
                area_code=COUNTY,
                exposure_share=share,
                begins_on=begins_on,
                set_by="test",
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    db.session.flush()
    page = Desk(client, make_account(RoleKind.OFFICER, SOUTH)).get("/office/policy").text
    assert "Goods from registered households are to make up 30% of what buyers are shown." in page
    assert "1 Feb 2026" in page
    assert "Xingren town has no policy of its own; the one of Danzhai county holds." in page
    assert count(Policy) == 3


def test_without_a_policy_the_page_says_so(county_desk: Desk) -> None:
    assert "No policy is in force here" in county_desk.get("/office/policy").text
