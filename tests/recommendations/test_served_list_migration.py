"""Lists served before they were kept by month are carried over, and back."""

from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.web.application import create_app
from tests.conftest import make_database

BEFORE = """
    INSERT INTO area (code, parent_code, name, valid_from) VALUES ('52', NULL, 'x', '2020-01-01');
    INSERT INTO tilt_policy (id, public_id, area_code, exposure_share, consumer_guard, household_floor, begins_on, set_by,
        created_at) VALUES (7, 'p', '52', 0.3, 0, 0, '2026-01-01', 'test', now());
    INSERT INTO served_list (public_id, at, surface, policy_id, listing_ids, relevance, propensity, benefit_bp, exposure,
        registered_exposure, multipliers)
    VALUES ('a', '2026-05-31 15:59+00', 'home', 7, '{1,2}', '{0.5,0.4}', '{1,1}', '{0,10000}', 1.63, 0.63,
            '{"exposure": 0.1, "guard": 1.0}'),
        ('b', '2026-05-31 16:00+00', 'home', NULL, '{3}', '{0.5}', '{1}', '{0}', 1, 0, '{"guard": 1.0}')
"""


def test_lists_go_to_their_months_with_what_is_known_of_each_place_and_come_back(
    database_server: embedded_postgres.Server, data_dir: Path
) -> None:
    url = make_database(database_server, "lists_by_month")
    app = create_app(Settings(database_url=url, data_dir=data_dir, secret_key="x"), testing=True)
    with app.app_context():
        upgrade(revision="0002")
        for statement in BEFORE.split(";"):
            db.session.execute(text(statement))
        db.session.commit()
        upgrade()
        rows = db.session.execute(
            text("SELECT id, tableoid::regclass::text, policy_ids, position_weights, multipliers FROM served_list ORDER BY id")
        ).all()
        assert [tuple(row[:3]) for row in rows] == [
            (1, "partitions.served_list_2026_05", [7, 7]),
            (2, "partitions.served_list_2026_06", [None]),
        ]
        assert rows[0][3] == pytest.approx([1.0, 0.63093], abs=1e-5)
        assert rows[0][4] == {"guard": 1.0, "policies": {"7": {"exposure": 0.1}}}
        assert rows[1][4] == {"guard": 1.0}
        assert db.session.scalar(text("SELECT nextval('served_list_id_seq')")) == 3
        db.session.commit()
        db.session.remove()
        downgrade(revision="0002")
        back = db.session.execute(text("SELECT id, policy_id, listing_ids, multipliers FROM served_list ORDER BY id")).all()
        assert [tuple(row) for row in back] == [
            (1, 7, [1, 2], {"guard": 1.0, "exposure": 0.1}),
            (2, None, [3], {"guard": 1.0}),
        ]
        db.session.remove()
        db.engine.dispose()
