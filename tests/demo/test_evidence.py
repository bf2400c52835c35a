"""The demo has seasons, harvests to come and papers in every state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Demo


@pytest.fixture(scope="module")
def ask(demo: Demo) -> Iterator[Any]:
    with psycopg.connect(demo.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_two_harvests_can_be_ordered_before_they_are_in(ask: Any) -> None:
    assert ask("SELECT on_hand FROM lot WHERE expected ORDER BY on_hand") == [(60,), (200,)]
    assert ask("SELECT count(*) FROM listing WHERE opens_on IS NOT NULL") == [(2,)]


def test_certificates_wait_count_and_were_refused_and_their_papers_are_there(ask: Any, demo: Demo) -> None:
    found = dict(ask("SELECT state, count(*) FROM certificate GROUP BY state"))
    assert found == {"verified": 4, "submitted": 1, "refused": 1}
    folder = Path(demo.environ["NONGQIAO_DATA_DIR"]) / "documents"
    papers = {path.parent.name + path.stem: path.read_bytes() for path in folder.rglob("*.pdf")}
    assert papers.keys() == {name for (name,) in ask("SELECT file_name FROM certificate")}
    assert all(content.startswith(b"%PDF-") and b"Not a real certificate" in content for content in papers.values())


def test_names_that_are_protected_in_earnest_are_entered_and_one_is_borne(ask: Any) -> None:
    names = {"麻江蓝莓": "5226", "修文猕猴桃": "520123", "水城猕猴桃": "520204", "凯里生姜": "522601", "贵定盘江酥李": "522723"}
    assert dict(ask("SELECT name_zh, area_code FROM indication")) == names
    borne = "SELECT i.name_zh, c.state FROM certificate c JOIN indication i ON i.id = c.indication_id"
    assert ask(borne) == [("麻江蓝莓", "verified")]
