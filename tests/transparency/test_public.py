"""The log as everybody sees it, by page and by program, and the slip as its household does."""

import hashlib
import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.signing import is_signed
from marketplace.ledger.service import post_transfer
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.payouts import approve_batch, discard_batch, draft_batch, note_sent
from marketplace.transparency.jobs import append_now, sign_head_now
from marketplace.transparency.merkle import root_from_path, root_of, roots_from_consistency
from tests import factories
from tests.conftest import ROOT
from tests.transparency.test_slips import run
from tests.web.desk_world import Desk, make_account

API = "/api/v1/log"
Headers = dict[str, str]


def paid_out(owner: Account, *, discarded: bool = False) -> tuple[Producer, PayoutLine]:
    """A farm with a payout that has left the house, or was discarded."""
    farm = factories.producer(owner=owner)
    code = producer_account(farm.public_id)
    with transaction():
        post_transfer("settlement", "order", farm.public_id, {"clearing": -2425, code: 2425}, at=factories.NOW)
        set_payee(code, PayoutWay.BANK, "杨阿妹", "丹寨银行", "6222000011112222", actor="farmer", now=factories.NOW)
    with transaction():
        batch = draft_batch(PayoutWay.BANK, 1000, actor="first", now=factories.NOW)
        if discarded:
            discard_batch(batch, actor="first", now=factories.NOW)
        else:
            approve_batch(batch, actor="second", now=factories.NOW)
            note_sent(batch, actor="first", now=factories.NOW)
    return farm, db.session.query(PayoutLine).filter_by(ledger_code=code).one()


@pytest.fixture
def heads(session: Session) -> tuple[Account, PayoutLine]:
    """A payout under the first of two heads."""
    owner = make_account(RoleKind.FARMER, factories.VILLAGE)
    _, line = paid_out(owner)
    sign_head_now(now=factories.NOW)
    with transaction():
        post_transfer("payment", "test", "later", {"buyers": -5, "clearing": 5}, at=factories.NOW)
    sign_head_now(now=factories.NOW.replace(day=factories.NOW.day + 1))
    return owner, line


Heads = tuple[Account, PayoutLine]


def test_a_program_checks_heads_leaves_and_proofs_against_one_another(client: FlaskClient, heads: Heads) -> None:
    newest, oldest = client.get(f"{API}/heads").json["items"]
    (key,) = client.get(f"{API}/keys").json["items"]
    for head in (newest, oldest):
        assert head["text"].splitlines()[1] == f"size {head['size']}"
        assert is_signed(bytes.fromhex(key["public_key"]), head["text"].encode(), bytes.fromhex(head["signature"]))
    assert newest["previous"] == hashlib.sha256(oldest["text"].encode()).hexdigest()
    leaves = [bytes.fromhex(one) for one in client.get(f"{API}/leaves").json["leaf_hashes"]]
    assert root_of(leaves).hex() == newest["root"]
    assert root_of(leaves[: oldest["size"]]).hex() == oldest["root"]
    assert client.get(f"{API}/leaves?first=1&count=1").json == {"first": 1, "leaf_hashes": [leaves[1].hex()]}
    for position, leaf in enumerate(leaves):
        proof = client.get(f"{API}/inclusion?leaf={leaf.hex()}&size={newest['size']}").json
        assert proof["position"] == position
        path = [bytes.fromhex(one) for one in proof["path"]]
        assert root_from_path(leaf, position, newest["size"], path).hex() == newest["root"]
    sizes = oldest["size"], newest["size"]
    proof = client.get(f"{API}/consistency?first={sizes[0]}&second={sizes[1]}").json["proof"]
    roots = roots_from_consistency(*sizes, bytes.fromhex(oldest["root"]), [bytes.fromhex(one) for one in proof])
    assert [root.hex() for root in roots] == [oldest["root"], newest["root"]]
    assert [head["size"] for head in client.get(f"{API}/heads?before={sizes[1]}").json["items"]] == [sizes[0]]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"inclusion?leaf={'00' * 32}&size={{size}}", 404, "leaf_unknown"),
        (f"inclusion?leaf={'00' * 32}&size=1", 422, "size_unknown"),
        ("inclusion?leaf=xyz&size={size}", 422, "input_invalid"),
        ("inclusion?size={size}", 422, "input_invalid"),
        ("consistency?first={size}&second=1", 422, "sizes_invalid"),
        ("consistency?first=0&second={size}", 422, "input_invalid"),
        ("leaves?count=1001", 422, "input_invalid"),
        ("heads?before=many", 422, "input_invalid"),
    ],
)
def test_what_cannot_be_proven_is_a_named_problem(client: FlaskClient, heads: Heads, path: str, status: int, code: str) -> None:
    size = client.get(f"{API}/heads").json["items"][0]["size"]
    answer = client.get(f"{API}/{path.format(size=size)}")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_an_empty_log_says_so(client: FlaskClient) -> None:
    assert client.get(f"{API}/heads").json == {"items": []}
    assert client.get(f"{API}/leaves").json == {"first": 0, "leaf_hashes": []}
    page = client.get("/log", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert page.text.count("Nothing has been signed yet.") == 2
    assert client.get("/log/heads/1").status_code == 404


def test_the_page_shows_every_head_and_key_and_each_head_its_signature_and_proof(client: FlaskClient, heads: Heads) -> None:
    newest, oldest = client.get(f"{API}/heads").json["items"]
    (key,) = client.get(f"{API}/keys").json["items"]
    page = client.get("/log").text
    for text in (newest["root"], oldest["root"], key["public_key"], f"/log/heads/{oldest['size']}"):
        assert text in page
    one = client.get(f"/log/heads/{oldest['size']}").text
    for text in (oldest["text"], oldest["signature"]):
        assert text in one
    proof = client.get(f"{API}/consistency?first={oldest['size']}&second={newest['size']}").json["proof"]
    assert len(proof) > 0
    assert all(hash_ in one for hash_ in proof)
    assert client.get(f"/log/heads/{newest['size'] + 1}").status_code == 404
    assert client.get(f"/log/heads/{2**70}").status_code == 404
    assert client.get(f"/log?before={newest['size']}").text.count("/log/heads/") == 1


def test_the_program_that_checks_slips_is_given_out_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/log/check_slip.py")
    assert answer.data == (ROOT / "docs" / "check_slip.py").read_bytes()
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_household_prints_a_slip_that_the_program_finds_right(client: FlaskClient, heads: Heads) -> None:
    owner, line = heads
    page = Desk(client, owner).get(f"/farm/money/payouts/{line.public_id}/slip")
    assert page.status_code == 200
    code = next(word for word in page.text.replace("<", " ").replace(">", " ").split() if word.startswith("NONGQIAO1:"))
    key = client.get(f"{API}/keys").json["items"][0]["public_key"]
    status, said = run(key, code)
    assert status == 0, said
    assert json.loads(said.splitlines()[1])[2:5] == ["payout", "payout_line", line.public_id]
    assert f"-24.25 yuan {line.ledger_code}" in said
    assert "viewBox" in page.text[page.text.index('class="slip-code"') :]
    assert "杨阿妹" not in said
    assert "2222" not in said
    assert f"/farm/money/payouts/{line.public_id}/slip" in Desk(client, owner).get("/farm/money").text


def test_the_code_comes_with_the_head(client: FlaskClient, session: Session) -> None:
    owner = make_account(RoleKind.FARMER, factories.VILLAGE)
    _, line = paid_out(owner)
    append_now()
    page = Desk(client, owner).get(f"/farm/money/payouts/{line.public_id}/slip").text
    assert "The code comes tomorrow" in page
    assert "NONGQIAO1:" not in page


def test_a_slip_is_its_households_alone(client: FlaskClient, heads: Heads) -> None:
    _, line = heads
    other = make_account(RoleKind.FARMER, factories.VILLAGE)
    _, gone = paid_out(other, discarded=True)
    assert Desk(client, other).get(f"/farm/money/payouts/{line.public_id}/slip").status_code == 404
    assert Desk(client, other).get(f"/farm/money/payouts/{gone.public_id}/slip").status_code == 404
