"""What closed rounds say: by hand for small samples, unmoved by what offices enter, silent where nobody looked."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.audits.models import StratumKind
from marketplace.audits.queries import households_of
from marketplace.audits.results import ranks_of, result_of, sample_of
from marketplace.audits.service import HouseholdFindings, assign_auditor, close_round, draw_sample, open_round, propose_closing
from marketplace.dashboard.precision import Demand, Stratum, measure
from marketplace.dashboard.three_rates import Population, Veto
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.registry import precision_rules
from marketplace.registry.filing import Noting, record_values
from marketplace.registry.models import How, Visit
from marketplace.registry.rules import set_rule
from marketplace.registry.service import end_status, open_revision
from tests import factories
from tests.audits.county import COUNTY, GOOD, NOBODY, closed, county, drawn, looked_at, project
from tests.factories import NOW, TODAY

R, E, U = StratumKind.REGISTERED, StratumKind.EXITED, StratumKind.UNREGISTERED


def test_a_county_where_all_is_well_has_all_it_was_audited_for_and_no_index(acting: Session) -> None:
    closed(county())
    found = result_of(COUNTY)
    assert found.precision is not None
    assert {demand: part.value for demand, part in found.precision.parts.items()} == {
        demand: 1.0 for demand in Demand if demand is not Demand.PROJECT
    }
    # A third of all on file are registered as poor: far above the line, whatever else is well.
    assert (found.precision.index, list(found.vetoes)) == (None, [Veto.INCIDENCE])
    assert found.sample is not None
    assert (found.sample.population, found.sample.households) == (Population(6, 6, 6, 18), 18)


def test_with_projects_audited_too_the_index_is_known(acting: Session) -> None:
    here = county()
    project()
    closed(here)
    found = result_of(COUNTY)
    assert found.precision is not None
    assert found.precision.index is not None
    assert (found.precision.index.value, found.precision.parts[Demand.PROJECT].units) == (1.0, 60)


def test_a_project_that_serves_others_than_it_was_for_leaves_nothing_of_the_index(acting: Session) -> None:
    here = county()
    project()
    closed(here, serves=False)
    found = result_of(COUNTY)
    assert found.precision is not None
    assert found.precision.index is not None
    assert (found.precision.parts[Demand.PROJECT].value, found.precision.index.value) == (0.0, 0.0)


def test_the_sub_indices_and_rates_are_those_counted_by_hand(acting: Session) -> None:
    here = county()
    bad = {
        here.households[R][0].id: HouseholdFindings(in_place=False, fits_cause=False, visited=False, satisfied=False),
        here.households[R][1].id: replace(GOOD[R], visited=False),
        here.households[E][0].id: HouseholdFindings(in_place=False, satisfied=True),
        here.households[U][0].id: HouseholdFindings(in_place=False),
        here.households[U][5].id: NOBODY,
    }
    closed(here, bad)
    found = result_of(COUNTY)
    assert found.precision is not None
    assert found.rates is not None
    assert found.sample is not None
    parts = {demand: round(part.value, 6) for demand, part in found.precision.parts.items()}
    # Five of six belong there, one that left and one of three unregistered should be in: 10 / (10 + 1 + 2).
    assert parts == {
        Demand.OBJECT: round(10 / 13, 6),
        Demand.FUND: 1.0,
        Demand.MEASURE: round(5 / 6, 6),
        Demand.PERSON: round(4 / 6, 6),
        Demand.RESULT: round(5 / 6, 6),
    }
    assert (found.rates.missed, found.rates.wrong_exit) == (1 / 5, 1 / 6)
    assert found.rates.incidence == pytest.approx((6 + 6 / 5 + 1) / 18)
    assert found.rates.satisfaction == 11 / 12
    assert list(found.vetoes) == [Veto.MISSED, Veto.WRONG_EXIT, Veto.INCIDENCE]
    assert (found.sample.unreached, found.lines[Veto.MISSED].value if found.lines else None) == (1, 200)


def test_a_line_of_the_province_holds_from_its_day(acting: Session) -> None:
    here = county()
    province = factories.account((RoleKind.OFFICER, "52"))
    set_rule(precision_rules.SATISFACTION_BP, "52", TODAY, 9_500, "黔开发〔2026〕1号", by=province, now=NOW)
    set_rule(precision_rules.MISSED_BP, "52", TODAY + timedelta(days=1), 9_999, "黔开发〔2026〕2号", by=province, now=NOW)
    closed(here, {here.households[E][0].id: HouseholdFindings(in_place=True, satisfied=False)})
    found = result_of(COUNTY)
    assert found.lines is not None
    assert [found.lines[veto].value for veto in (Veto.SATISFACTION, Veto.MISSED)] == [9_500, 200]
    assert Veto.SATISFACTION in found.vetoes


def test_only_closed_rounds_count(acting: Session) -> None:
    drawn(county())
    assert result_of(COUNTY).rounds == []
    assert result_of(COUNTY).precision is None


def test_an_official_who_edits_what_offices_enter_gains_nothing(acting: Session) -> None:
    here = county()
    left = here.households[R][0]
    row = closed(here, {left.id: HouseholdFindings(in_place=False, fits_cause=False, visited=False, satisfied=False)})
    before = result_of(COUNTY)
    # The county files helping visits that nobody made, fits causes to the help, and strikes off whom the auditors faulted.
    for household in (*here.households[R], *here.households[U]):
        record_values(household, {"main_cause": "illness"}, Noting(by=here.own, how=How.SEEN, at=NOW), year=TODAY.year)
        db.session.add(Visit(household_id=household.id, village_code=household.village_code, by_id=here.own.id, at=NOW))
    end_status(left, TODAY, open_revision("test", actor=here.own.public_id, now=NOW))
    for _ in range(20):
        factories.household(registered_from=TODAY)
    db.session.flush()
    after = result_of(COUNTY)
    assert (after.precision, after.rates, after.vetoes) == (before.precision, before.rates, before.vetoes)
    # With projects audited elsewhere the index is known, and equal too.
    sample, projects = sample_of([row]), {Demand.PROJECT: [Stratum(100, [1.0, 0.5, 1.0])]}
    assert before.sample is not None
    index = measure(sample.registered, sample.others, {**sample.audits, **projects}).index
    assert index is not None
    assert index == measure(before.sample.registered, before.sample.others, {**before.sample.audits, **projects}).index


def test_where_nobody_of_a_kind_is_on_file_that_demand_is_not_known(acting: Session) -> None:
    here = county(payments=0)
    row = drawn(here)
    assert all(unit.found_by_id is None for unit in households_of([row]))
    sample = sample_of([row])
    assert (sample.registered, sample.others, sample.audits, sample.payments) == ([], [], {}, 0)
    assert measure(sample.registered, sample.others, sample.audits).parts == {}


def test_counties_are_ranked_once_there_are_two_and_by_what_both_have(acting: Session) -> None:
    here = county()
    closed(here)
    assert ranks_of("52") == ([], {})
    factories.area("522601100001")
    worse = open_round("522601", by=here.first, now=NOW)
    own = [factories.household("522601100001", registered_from=date(2020, 1, 1)) for _ in range(3)]
    assert draw_sample(worse, by=here.first, now=NOW)
    assign_auditor(worse, here.auditor, "522601", by=here.first, now=NOW)
    looked_at(here, worse, {own[0].id: replace(GOOD[R], visited=False)})
    assert propose_closing(worse, by=here.first, now=NOW)
    assert close_round(worse, by=here.second, now=NOW)
    # The other county has neither exits nor payments nor anybody unregistered on file: help and visits are what both have.
    assert ranks_of("52") == ([Demand.MEASURE, Demand.PERSON], {"522601": (2, 2), COUNTY: (1, 1)})
    assert [each.county_code for each in result_of("5226").rounds] == ["522601", COUNTY]
