"""What everybody may read of closed audits: enough looked at, lines without rates, nothing before the closing."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.audits.models import StratumKind
from marketplace.audits.openness import open_results
from marketplace.audits.service import HouseholdFindings
from marketplace.dashboard.precision import Demand
from marketplace.dashboard.three_rates import Veto
from marketplace.kernel.db import transaction
from tests.audits.county import COUNTY, closed, county, drawn


def test_a_demand_of_which_fewer_than_ten_were_looked_at_is_kept_back(acting: Session) -> None:
    closed(county())
    [found] = open_results()
    # Six registered and six that left were visited, and two payments of sixty drawn fen looked through.
    assert (found.county_code, set(found.parts), found.index) == (COUNTY, {Demand.OBJECT}, None)
    assert {veto: line.crossed for veto, line in found.lines.items()} == {
        Veto.MISSED: None,
        Veto.WRONG_EXIT: None,
        Veto.INCIDENCE: None,
        Veto.SATISFACTION: False,
    }


def test_where_enough_were_looked_at_the_figure_and_the_lines_are_open(acting: Session) -> None:
    here = county(5)
    left = here.households[StratumKind.EXITED][0]
    closed(here, {left.id: HouseholdFindings(in_place=False, satisfied=True)})
    [found] = open_results()
    assert set(found.parts) == {Demand.OBJECT, Demand.MEASURE, Demand.PERSON, Demand.RESULT}
    assert round(found.parts[Demand.RESULT].value, 6) == 0.9
    assert found.lines[Veto.WRONG_EXIT].crossed is True
    assert found.lines[Veto.MISSED].crossed is False


def test_an_audit_that_is_not_closed_is_not_open(acting: Session) -> None:
    drawn(county(1))
    assert open_results() == []


def test_page_and_programs_tell_the_same_and_no_rate(client: FlaskClient) -> None:
    with transaction():
        closed(county(5))
    [told] = client.get("/api/v1/transparency").json["audits"]
    assert set(told["parts"]) == {"object", "measure", "person", "result"}
    assert told["index"] is None
    assert all("rate" not in line for line in told["lines"])
    page = client.get("/transparency", headers={"Accept-Language": "en"}).text
    assert page.count("100 %") >= len(told["parts"])
    assert "The index is not known: of some demand too few were looked at." in page
    assert "Find families that nobody ever filed" in page
