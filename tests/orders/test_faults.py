"""The work is cut off at every named place, by a failure and by the death of the process; then life goes on and all agrees.

After each cut only that happens which happens by itself: the provider's messages come, and the sweeper goes round. Then no
box is sold twice, none is still on hold, the provider holds exactly the money that the ledger says it does, nothing is left
half-way, and the ledger sums to zero.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask

from marketplace.kernel import embedded_postgres, steps
from marketplace.kernel.errors import Conflict
from marketplace.orders.collecting import pay_page
from tests.assistance.lives import LIVES as HELPING
from tests.assistance.lives import carry_on_helping, help_faults
from tests.backups.test_faults import PLACES as OF_COPIES
from tests.conftest import ROOT
from tests.exchange.lives import LIVES as EXCHANGING
from tests.exchange.lives import exchange_faults
from tests.exchange.lives import go_round as go_round_offices
from tests.orders.contract_lives import LIVES as CONTRACTS
from tests.orders.contract_lives import contract_faults
from tests.orders.paying_out import LIVES as PAYING_OUT
from tests.orders.paying_out import carry_on, payout_faults
from tests.orders.purchases import BACK, RETURN, Basket, buy, faults, filled_basket, place, real_now, recover
from tests.orders.victim import ALL_LIVES, DIED, NOWHERE
from tests.own_database import own_database
from tests.payments.double import Double, collecting_by_double
from tests.projects.lives import LIVES as BUILDING
from tests.projects.lives import carry_on_building, project_faults
from tests.registry.forms.lives import LIVES as COLLECTING
from tests.registry.forms.lives import form_faults, send_again
from tests.sourcing.lives import LIVES as PLANNING
from tests.sourcing.lives import carry_on_planning, plan_faults
from tests.transparency.lives import LIVES as LOGGING
from tests.transparency.lives import go_round, log_faults

# Which life comes by which place; every place in the code must be in one of them, or among those of copying the database.
PLACES = {
    "buy": [
        *("checkout.goods_taken", "checkout.order_written", "checkout.committed"),
        *("payment.attempt_written", "payment.attempt_committed", "payment.page_opened"),
        *("payment.page_written", "payment.page_committed"),
        *("event.kept", "event.kept_committed", "payment.charge_recorded", "event.acted", "event.acted_committed"),
    ],
    "come_back": ["payment.outcome_read", "payment.charge_recorded"],
    "abandon": ["expiry.page_closed", "payment.page_written", "expiry.goods_returned", "expiry.committed"],
    "buy_and_claim": ["claim.filed", "claim.refund_booked", "claim.acted", "claim.committed"],
    "buy_and_send_back": ["claim.goods_returned", "claim.refund_booked", "claim.acted", "claim.committed"],
    "buy_and_cancel": [
        *("refund.written", "refund.committed", "refund.sent", "refund.result_written", "refund.result_committed"),
    ],
    "give_up_and_transfer": ["expiry.goods_returned", "unapplied.written"],
    "check_out": ["hold.taken", "hold.committed", "hold.released"],
    "walk_away": ["hold.cleared"],
    "weigh": ["weighing.weights_written", "weighing.money_moved", "weighing.committed", "refund.sent"],
    "order_what_does_not_grow": ["harvest.written", "harvest.committed", "shortfall.written", "shortfall.committed"],
    "pay_for_what_grew": [
        *("harvest.committed", "expiry.page_closed", "shortfall.written", "shortfall.committed", "payment.page_opened"),
    ],
    "buy_and_get": ["shipment.order_left", "shipment.written", "shipment.event_kept", "shipment.orders_arrived"],
    "buy_by_hub": [
        *("shipment.order_left", "shipment.written", "shipment.dispatched", "shipment.event_kept", "shipment.resolved"),
    ],
    "get_it_back": ["shipment.resolved", "goods.looked_at"],
    "get_it_called_back": ["box.sealed", "recall.blocked", "recall.told", "recall.answered"],
    "deny": ["denial.written"],
    "have_files_written": ["import.household_written", "import.committed", "import.end_written"],
    "spend_public_money": [
        *("fund.proposed", "fund.issued", "fund.allocated", "fund.returned", "fund.payment_proposed"),
        *("fund.payment_booked", "fund.payment_reversed", "bank_day.read", "bank_day.closed", "fund.looked_through"),
    ],
    "be_accepted_by_time": ["acceptance.written", "acceptance.committed"],
    "pay_out_by_bank": [
        *("payout.batch_written", "payout.batch_committed", "payout.approval_written"),
        *("payout.sending_written", "payout.sending_committed", "payout.confirmation_written"),
    ],
    "pay_out_in_vain": ["payout.return_written"],
    "think_better_of_it": ["payout.discard_written"],
    "pay_out_by_transfer": [
        *("payout.sending_committed", "payout.transfer_sent", "payout.confirmation_written", "payout.transfer_committed"),
    ],
    "pay_out_to_nobody": ["payout.return_written", "payout.refusal_committed"],
    "keep_the_log": ["log.leaves_written", "log.nodes_written", "log.committed", "log.head_written", "log.head_committed"],
    "deliver_by_contract": [
        *("contract.goods_taken", "contract.delivery_placed", "contract.delivery_committed"),
        *("acceptance.taken_in", "acceptance.settled"),
    ],
    "refuse_by_contract": ["acceptance.refused_whole"],
    "take_more_by_contract": ["acceptance.surplus_taken"],
    "wait_in_vain": ["contract.order_given_up", "sourcing.moved", "sourcing.committed"],
    "plan_and_ask": ["plan.proposed", "plan.approved", "plan.answered"],
    "build_a_project": [
        *("project.submitted", "project.reviewed", "project.notice_hung", "project.notice_closed"),
        *("project.milestone_reached", "project.completed"),
    ],
    "help_a_county": [
        *("plan.lines_written", "plan.duties_written", "handover.duty_ended"),
        *("pledge.need_taken", "pledge.delivered", "pledge.kept"),
    ],
    "tell_other_offices": [
        *("exchange.notices_queued", "exchange.called", "exchange.call_settled", "exchange.queued"),
        *("exchange.received", "exchange.delivered", "exchange.receipt_kept"),
    ],
    "send_a_form": ["submission.kept", "submission.committed", "submission.taken_in"],
}
CUTS = [(life, place) for life, places in PLACES.items() for place in places]


class Cut(BaseException):
    """The work ends here, and nothing catches it."""


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that is committed to."""
    with own_database(database_server, data_dir, "faults") as app:
        yield app


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the provider remembers."""
    return tmp_path_factory.mktemp("double") / "double.sqlite"


@pytest.fixture(scope="module")
def double(shop: Flask, file: Path) -> Iterator[Double]:
    """One provider for all lives, so that its whole money is compared with the whole ledger each time."""
    with collecting_by_double(file) as double:
        yield double


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    steps.disarm()


def test_the_list_of_places_is_that_of_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "marketplace").rglob("*.py"))
    places = set(re.findall(r'^ +step\("([a-z_.]+)"\)', code, re.MULTILINE))
    assert places == {place for _, place in CUTS} | {place for own in OF_COPIES.values() for place in own}
    assert len(places) >= 25


@pytest.mark.parametrize("life", ALL_LIVES)
def test_a_life_without_a_cut_leaves_nothing_to_do(shop: Flask, double: Double, life: str) -> None:
    with shop.app_context():
        basket = filled_basket()
        ALL_LIVES[life](basket, double, real_now())
        assert all_faults(basket, double, life) == []


def all_faults(basket: Basket, double: Double, life: str, *, silent: bool = False) -> list[str]:
    """What is wrong after everything has happened that happens after a cut."""
    recover(double, real_now(), silent=silent)
    if life in CONTRACTS:
        return [*contract_faults(), *faults(basket, double)]
    if life in COLLECTING:
        send_again(basket, real_now())
        return [*faults(basket, double), *form_faults(basket, real_now())]
    if life in HELPING:
        carry_on_helping(basket, real_now())
        return [*faults(basket, double), *help_faults(basket)]
    if life in LOGGING:
        go_round(real_now())
        return [*faults(basket, double), *log_faults(basket)]
    if life in EXCHANGING:
        go_round_offices(real_now())
        return [*faults(basket, double), *exchange_faults(basket)]
    if life in BUILDING:
        carry_on_building(basket, real_now())
        return [*faults(basket, double), *project_faults(basket)]
    if life in PLANNING:
        carry_on_planning(basket, real_now())
        return [*faults(basket, double), *plan_faults(basket)]
    if life not in PAYING_OUT:
        return faults(basket, double)
    carry_on(basket, life, real_now())
    return [*faults(basket, double), *payout_faults(basket, double)]


# Whether the provider's messages come or are all lost; lives that know no provider are lived once.
_WITHOUT_PROVIDER = {*CONTRACTS, *COLLECTING, *HELPING, *LOGGING, *BUILDING, *PLANNING, *EXCHANGING}
HEARD = [
    pytest.param(*cut, silent, id="-".join((*cut, "silent" if silent else "told")))
    for cut in CUTS
    for silent in (False, True)
    if not silent or cut[0] not in _WITHOUT_PROVIDER
]


@pytest.mark.parametrize(("life", "place", "silent"), HEARD)
def test_a_failure_at_any_place_is_made_good(shop: Flask, double: Double, life: str, place: str, silent: bool) -> None:
    def cut() -> None:
        steps.disarm()
        raise Cut

    with shop.app_context():
        basket = filled_basket()
        steps.arm(place, cut)
        with pytest.raises(Cut):
            ALL_LIVES[life](basket, double, real_now())
    with shop.app_context():
        assert all_faults(basket, double, life, silent=silent) == []


HaveLive = Callable[[Basket, str, str], str]


@pytest.fixture(scope="module")
def have_live(shop: Flask, double: Double, file: Path) -> Iterator[HaveLive]:
    """Has a process live with a basket to a place and answers how it ended; one process forks all who are to die."""
    command = [sys.executable, "-m", "tests.orders.victim"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout, settings = process.stdin, process.stdout, shop.extensions["settings"]

    def have_live(basket: Basket, life: str, place: str) -> str:
        names = [basket.account_id, basket.account, basket.basket, basket.listing_id]
        words = [settings.database_url, settings.data_dir, double.url, file, life, place, *names]
        stdin.write(" ".join(map(str, words)) + "\n")
        stdin.flush()
        return stdout.readline()

    with shop.app_context():
        assert have_live(filled_basket(), "buy", NOWHERE) == "0\n"
    yield have_live
    process.communicate(timeout=30)


@pytest.mark.parametrize(("life", "place"), CUTS)
def test_death_at_any_place_is_made_good(shop: Flask, double: Double, have_live: HaveLive, life: str, place: str) -> None:
    with shop.app_context():
        basket = filled_basket()
    assert have_live(basket, life, place) == f"{DIED}\n"
    with shop.app_context():
        assert all_faults(basket, double, life) == []


@pytest.mark.parametrize("place", PLACES["buy"])
def test_a_buyer_who_sends_it_again_after_a_cut_pays_once(shop: Flask, double: Double, place: str) -> None:
    def cut() -> None:
        steps.disarm()
        raise Cut

    with shop.app_context():
        basket = filled_basket()
        steps.arm(place, cut)
        with pytest.raises(Cut):
            buy(basket, double, real_now())
    with shop.app_context():
        payment = place_order_again(basket, double)
        recover(double, real_now())
        assert faults(basket, double) == []
        assert double.bank.taken()[payment] == 2500


def place_order_again(basket: Basket, double: Double) -> str:
    """Send the same checkout again and pay, if the page still asks for it; answers the payment."""
    payment = place(basket, real_now())
    with suppress(Conflict):
        if pay_page(payment, RETURN, BACK, now=real_now()) is not None:
            double.pay()
    return payment
