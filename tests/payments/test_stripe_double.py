"""The double answers as Stripe's own published document says, and our gateway asks only for what that document knows."""

import gzip
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from marketplace.demo.stripe_double.bank import shown
from marketplace.demo.stripe_double.calls import read_form
from marketplace.demo.stripe_double.messages import Postman, signature
from marketplace.payments.gateway import (
    EventNotGenuine,
    PageRequest,
    PageState,
    PayoutRequest,
    PayPage,
    ProviderRefused,
    ProviderUnavailable,
    RefundRequest,
    RefundState,
)
from marketplace.payments.stripe_gateway import StripeGateway
from tests.payments.double import KEY, SECRET, Double, collecting_by_double
from tests.payments.slice_of_stripe import KEPT


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The slice of Stripe's document."""
    kept: dict[str, Any] = json.loads(gzip.decompress(KEPT.read_bytes()))
    return kept


@pytest.fixture
def double() -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


def request(attempt: str = "a1", **changed: Any) -> PageRequest:
    """A page to open, for 40 yuan."""
    given: dict[str, Any] = {
        "attempt": attempt,
        "payment": "p1",
        "title": "农桥 Nongqiao P260615-AAAAAA",
        "amount_fen": 4000,
        "expires_at": datetime.fromtimestamp(int(time.time()), UTC) + timedelta(minutes=32),
        "return_url": "http://localhost/paid",
        "back_url": "http://localhost/back",
    }
    return PageRequest(**{**given, **changed})


def fits(document: dict[str, Any], name: str, thing: dict[str, Any]) -> None:
    """Fail when a thing is not what the document says of its kind."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema_rs.validate(schema, shown(thing))


def paid(double: Double, method: str = "card") -> PayPage:
    """A page on which 40 yuan were paid."""
    page = double.gateway.open_page(request())
    double.pay(page.provider_id, method)
    return double.gateway.find_page(page.provider_id)


def test_every_thing_in_every_state_fits_the_document(double: Double, document: dict[str, Any]) -> None:
    bank, gateway = double.bank, double.gateway
    paid(double)
    slow, declined = gateway_page(double, "slow"), gateway_page(double, "declined")
    with bank.store.work():
        bank.pay(slow, "alipay", slowly=True)
        bank.decide(slow, accept=False)
        bank.decline(declined)
    gateway.close_page(gateway_page(double, "closed"))
    for number, row in enumerate(bank.store.all("payment_intent")):
        if row["status"] == "succeeded":
            gateway.refund(RefundRequest(f"r{number}", row["id"], 1))
    gateway.pay_out(PayoutRequest("out", "acct_1", 500))
    kinds = {"checkout.session", "payment_intent", "refund", "transfer", "event"}
    things = {kind: bank.store.all(kind) for kind in kinds}
    assert {kind: len(rows) > 0 for kind, rows in things.items()} == dict.fromkeys(kinds, True)
    assert {row["status"] for row in things["checkout.session"]} == {"complete", "open", "expired"}
    for kind, rows in things.items():
        for row in rows:
            fits(document, kind, row)
    for event in things["event"]:
        fits(document, event["data"]["object"]["object"], event["data"]["object"])


def gateway_page(double: Double, attempt: str) -> str:
    """A page of its own; answers the provider's name for it."""
    return double.gateway.open_page(request(attempt)).provider_id


def test_what_we_ask_for_is_known_to_the_document(
    double: Double, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, str] = {}
    seen = double.gateway._http.request

    def note(method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        if post_data:
            asked[urllib.parse.urlsplit(url).path] = post_data
        return seen(method, url, headers, post_data, **more)

    monkeypatch.setattr(double.gateway._http, "request", note)
    page = paid(double)
    assert page.charge_id is not None
    double.gateway.refund(RefundRequest("r1", page.charge_id, 100))
    double.gateway.pay_out(PayoutRequest("out", "acct_1", 500))
    assert asked.keys() == document["calls"].keys()
    for path, form in asked.items():
        known(document["calls"][path], read_form(form), path)


def known(schema: dict[str, Any], given: Any, where: str) -> None:
    """Fail for a parameter that the document does not have, or for a choice that it does not offer."""
    if "anyOf" in schema:
        schema = next(
            one for one in schema["anyOf"] if one.get("type") == {dict: "object", list: "array"}.get(type(given), "string")
        )
    if "enum" in schema:
        assert given in schema["enum"], where
    if isinstance(given, dict) and "properties" in schema:
        for name, value in given.items():
            assert name in schema["properties"], f"{where}[{name}]"
            known(schema["properties"][name], value, f"{where}[{name}]")
    if isinstance(given, list):
        for part in given:
            known(schema["items"], part, f"{where}[]")


def test_the_same_key_gets_the_same_page_and_another_request_under_it_is_refused(double: Double) -> None:
    asked = request()
    first = double.gateway.open_page(asked)
    assert double.gateway.open_page(asked).provider_id == first.provider_id
    assert len(double.sessions()) == 1
    with pytest.raises(ProviderUnavailable):
        double.gateway.open_page(replace(asked, amount_fen=1))
    assert len(double.sessions()) == 1


def test_a_refused_request_leaves_its_key_free_and_its_answer_fits_the_document(
    double: Double, document: dict[str, Any]
) -> None:
    too_soon = request().expires_at - timedelta(minutes=20)
    with pytest.raises(ProviderRefused):
        double.gateway.open_page(request(expires_at=too_soon))
    assert double.gateway.open_page(request()).state is PageState.OPEN
    status, body = call(double, "/v1/checkout/sessions/cs_unknown")
    assert status == 404
    fits(document, "error", body)
    assert body["error"]["code"] == "resource_missing"
    assert call(double, "/v1/checkout/sessions/cs_unknown", key="sk_test_wrong")[0] == 401


def call(double: Double, path: str, key: str = KEY) -> tuple[int, dict[str, Any]]:
    """Ask the double directly."""
    asked = urllib.request.Request(double.url + path, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status), json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_paid_page_tells_what_was_taken_and_cannot_be_closed(double: Double) -> None:
    page = paid(double)
    assert (page.state, page.paid_fen, page.url) == (PageState.PAID, 4000, None)
    assert page.charge_id is not None
    assert page.charge_id.startswith("pi_")
    assert double.gateway.close_page(page.provider_id) == page


def test_a_closed_page_cannot_be_paid_on(double: Double) -> None:
    page = double.gateway.open_page(request())
    assert double.gateway.close_page(page.provider_id).state is PageState.EXPIRED
    assert not double.pay(page.provider_id)
    assert double.bank.taken() == {}


def test_no_more_is_given_back_than_was_taken_and_one_key_gives_back_once(double: Double) -> None:
    charge = paid(double).charge_id
    assert charge is not None
    for _ in range(2):
        assert double.gateway.refund(RefundRequest("r1", charge, 2500)).state is RefundState.SUCCEEDED
    with pytest.raises(ProviderRefused):
        double.gateway.refund(RefundRequest("r2", charge, 1501))
    assert double.bank.taken() == {"p1": 1500}


def test_a_refund_is_found_by_the_providers_name_and_by_ours(double: Double) -> None:
    charge = paid(double).charge_id
    assert charge is not None
    double.gateway.refund(RefundRequest("r1", charge, 100))
    wanted = RefundRequest("r2", charge, 100)
    assert double.gateway.adopt_refund(wanted) is None
    made = double.gateway.refund(wanted)
    assert double.gateway.adopt_refund(wanted) == double.gateway.find_refund(made.provider_id) == made
    with double.bank.store.work():
        double.bank.fail_refund(made.provider_id)
    assert double.gateway.find_refund(made.provider_id).state is RefundState.FAILED
    with pytest.raises(ProviderRefused):
        double.gateway.find_refund("re_unknown")


def test_one_payout_is_made_once_for_its_name(double: Double) -> None:
    first = double.gateway.pay_out(PayoutRequest("out", "acct_1", 500))
    assert double.gateway.pay_out(PayoutRequest("out", "acct_1", 500)) == first
    assert [row["amount"] for row in double.bank.store.all("transfer")] == [500]


def test_a_message_is_genuine_only_with_its_own_signature_and_not_for_long(double: Double) -> None:
    paid(double)
    body, good = double.new_messages()[0]
    double.gateway.verify_event(body, good)
    old = signature(body, SECRET, int(time.time()) - 600)
    for wrong in (old, signature(body, "whsec_other", int(time.time())), "", "nonsense"):
        with pytest.raises(EventNotGenuine):
            double.gateway.verify_event(body, wrong)
    with pytest.raises(EventNotGenuine):
        double.gateway.verify_event(body + b" ", good)


def test_the_double_forgets_nothing_when_it_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "double.sqlite"
    asked = request()
    with collecting_by_double(file) as before:
        page = before.gateway.open_page(asked)
    with collecting_by_double(file) as after:
        again = after.gateway.find_page(page.provider_id)
        assert (again.state, again.url) == (PageState.OPEN, f"{after.url}/pay/{page.provider_id}")
        assert after.gateway.open_page(asked).provider_id == page.provider_id


def test_a_message_that_is_not_taken_comes_again_and_one_that_is_comes_as_often_as_it_should(double: Double) -> None:
    paid(double)
    postman = Postman(double.bank.store, "http://127.0.0.1:9/", SECRET, time.time)
    postman.round()
    (_number, _body, remaining, failures), *_ = double.bank.store.due(time.time() + 3600)
    assert (remaining, failures) == (2, 1)
    # Whatever answers 2xx has taken it; the double's own health page answers a POST as well.
    for hours in (1, 2):
        assert len(double.bank.store.due(time.time() + hours * 3600)) == 2
        at = time.time() + hours * 3600
        Postman(double.bank.store, f"{double.url}/health", SECRET, partial(float, at)).round()
    assert double.bank.store.due(time.time() + 9 * 3600) == []


def test_the_pay_page_can_be_clicked_through_in_both_languages(double: Double) -> None:
    page = double.gateway.open_page(request())
    assert page.url is not None
    for language, words in (("zh-CN", "付款 ¥40.00"), ("en", "Pay ¥40.00")):
        asked = urllib.request.Request(page.url, headers={"Accept-Language": language})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            text = answer.read().decode()
        assert words in text
        assert "农桥 Nongqiao P260615-AAAAAA" in text


def test_a_gateway_without_an_answer_says_so_and_one_with_a_wrong_key_as_well(double: Double) -> None:
    for key, url in ((KEY, "http://127.0.0.1:9"), ("sk_test_wrong", double.url)):
        gateway = StripeGateway(key, SECRET, url)
        with pytest.raises(ProviderUnavailable):
            gateway.open_page(request())
        gateway.close()
