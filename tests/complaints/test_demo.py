"""The demo's complaints and inspections, over a small county."""

from sqlalchemy.orm import Session

from marketplace.complaints.models import Complaint, Inspection, InspectionFinding
from marketplace.demo.complaints import add_complaints
from marketplace.identity.models import RoleKind
from tests import factories
from tests.complaints.world import COUNTY, OTHER_TOWNSHIP, TOWNSHIP, world
from tests.factories import NOW


def test_the_demo_has_complaints_at_both_desks_and_an_inspection_under_way(acting: Session) -> None:
    there = world()
    factories.account((RoleKind.AUDITOR, COUNTY), login="auditor")
    own = factories.household()
    factories.household(f"{OTHER_TOWNSHIP}001")
    add_complaints("auditor", own, {TOWNSHIP: [there.officers[TOWNSHIP].id]}, now=NOW)
    assert [(row.desk, row.state) for row in acting.query(Complaint).order_by(Complaint.id)] == [
        ("office", "closed"),
        ("inspection", "assigned"),
        ("inspection", "received"),
    ]
    assert sorted(row.state for row in acting.query(Inspection)) == ["reported", "under_way"]
    assert acting.query(InspectionFinding).count() == 1
