"""Programs of a cooperative and of its members read how a shared harvest is divided."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from tests.api.programs import Program
from tests.web.test_pooling import Cooperative, lots


def test_a_harvest_is_divided_before_and_after_and_each_reads_their_own(session: Session, client: FlaskClient) -> None:
    cooperative = Cooperative()
    program, member = Program(client, cooperative.account), Program(client, cooperative.member_account)
    brought = [{"code": cooperative.own.code, "grams": 1000}, {"code": cooperative.other.code, "grams": 2000}]
    asked = {"listing": cooperative.listing.public_id, "quantity": "3", "brought": brought}
    status, split = program.call("POST", "/farm/pooling/split", asked)
    assert (status, split["goods_fen"]) == (200, 1_200)
    assert {row["code"]: row["part_fen"] for row in split["portions"]} == {
        cooperative.own.code: split["farm_fen"] // 3,
        cooperative.other.code: split["farm_fen"] - split["farm_fen"] // 3,
    }
    assert lots(cooperative) == 0
    harvest = {"harvested_on": clock.local_day(clock.now()).isoformat(), "quantity": "3", "households": brought}
    assert program.call("POST", f"/farm/listings/{cooperative.listing.public_id}/harvests", harvest)[0] == 200
    (row,) = program.call("GET", "/farm/pooling")[1]["items"]
    assert (row["grams"], row["earned_fen"], len(row["portions"])) == (3_000, 0, 2)
    status, parts = member.call("GET", "/farm/brought")
    assert status == 200, parts
    (own,) = parts["items"]
    assert (own["seller"], own["grams"], own["part_fen"]) == (cooperative.producer.public_id, 1_000, 0)
    assert member.call("GET", "/farm/pooling")[0] == 404
