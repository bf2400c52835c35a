import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.ledger.models import Entry, Transfer
from marketplace.ledger.queries import balance_fen
from marketplace.ledger.service import post_transfer
from marketplace.orders.models import ShareKind
from marketplace.orders.shares import producer_account, set_term
from marketplace.orders.states import OrderState
from marketplace.payments.states import PaymentState
from marketplace.regions.queries import area_names
from marketplace.transparency.jobs import check_now
from marketplace.web.places import place_name
from tests.factories import NOW, TODAY
from tests.web.desk_world import Desk, World, count, make_account


@pytest.fixture
def desk(client: FlaskClient, world: World) -> Desk:
    return Desk(client, make_account(RoleKind.OPERATOR))


def jobs() -> list[tuple[str, dict[str, str]]]:
    rows = db.session.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id"))
    return [(row[0], row[1]) for row in rows]


def test_awaiting_payments_stand_oldest_first_with_reference_and_amount(desk: Desk, world: World) -> None:
    listing = world.listing()
    first, second = world.purchase(listing, "4"), world.purchase(listing, "1", cash=True)
    page = desk.get("/operator/payments").text
    assert "2 payments, together ¥60.00, have not been confirmed." in page
    references = [world.payment(group).reference for group in (first, second)]
    assert -1 < page.index(references[0]) < page.index(references[1])
    assert "¥48.00" in page
    assert "Bank transfer" in page
    assert "Cash on delivery" in page


def test_confirming_books_the_money_and_has_the_day_built_again(desk: Desk, world: World, session: Session) -> None:
    group = world.purchase(world.listing(), "4")
    payment = world.payment(group)
    answer = desk.post(f"/operator/payments/{payment.public_id}/confirm")
    assert (answer.status_code, answer.location) == (303, "/operator/payments")
    session.refresh(payment)
    assert payment.state == PaymentState.PAID
    assert (balance_fen("buyers"), balance_fen("clearing")) == (-4800, 4800)
    assert jobs() == [("dashboard.build_day", {"day": clock.local_day(clock.now()).isoformat()})]
    assert f"Payment {payment.reference} is booked." in desk.get("/operator/payments").text


def test_confirming_twice_books_once_and_says_so(desk: Desk, world: World) -> None:
    payment = world.payment(world.purchase(world.listing(), "4"))
    for _ in range(2):
        assert desk.post(f"/operator/payments/{payment.public_id}/confirm").status_code == 303
    assert "had already been confirmed. Nothing was booked again." in desk.get("/operator/payments").text
    assert (balance_fen("buyers"), balance_fen("clearing")) == (-4800, 4800)
    assert (count(Transfer), count(Entry), len(jobs())) == (1, 2, 1)
    verbs = db.session.scalars(select(AuditEvent.verb).where(AuditEvent.verb == "payment.confirmed")).all()
    assert verbs == ["payment.confirmed"]


def test_cancelling_gives_the_goods_back(desk: Desk, world: World, session: Session) -> None:
    listing = world.listing(quantity="10")
    group = world.purchase(listing, "4")
    payment = world.payment(group)
    assert desk.post(f"/operator/payments/{payment.public_id}/cancel").status_code == 303
    session.refresh(payment)
    session.refresh(listing)
    assert (payment.state, listing.available) == (PaymentState.CANCELLED, 10)
    assert world.order(group).state == OrderState.CANCELLED
    assert desk.post(f"/operator/payments/{payment.public_id}/cancel").status_code == 303
    session.refresh(listing)
    assert listing.available == 10
    assert (count(Transfer), jobs()) == (0, [])


def test_a_cancelled_payment_cannot_be_confirmed_and_a_confirmed_one_not_cancelled(
    desk: Desk, world: World, session: Session
) -> None:
    listing = world.listing()
    cancelled, paid = world.payment(world.purchase(listing, "1")), world.payment(world.purchase(listing, "2"))
    desk.post(f"/operator/payments/{cancelled.public_id}/cancel")
    desk.post(f"/operator/payments/{paid.public_id}/confirm")
    before = (count(Transfer), len(jobs()), session.scalars(select(Listing.available)).one())
    answer = desk.post(f"/operator/payments/{cancelled.public_id}/confirm")
    # Its money, if it has come, is booked among the refunds.
    assert (answer.status_code, answer.location) == (303, f"/operator/money/payments?reference={cancelled.reference}")
    assert desk.post(f"/operator/payments/{paid.public_id}/cancel").status_code == 409
    assert (count(Transfer), len(jobs()), session.scalars(select(Listing.available)).one()) == before
    session.refresh(cancelled)
    session.refresh(paid)
    assert (cancelled.state, paid.state) == (PaymentState.CANCELLED, PaymentState.PAID)


def test_an_unknown_payment_is_absent(desk: Desk) -> None:
    assert desk.post("/operator/payments/nothing/confirm").status_code == 404
    assert desk.post("/operator/payments/nothing/cancel").status_code == 404
    assert (count(Transfer), jobs()) == (0, [])


def test_nothing_to_confirm_is_a_page_with_one_thing_to_do(desk: Desk) -> None:
    page = desk.get("/operator/payments").text
    assert "Every payment is confirmed" in page
    assert "/operator/ledger" in page


def test_the_ledger_says_that_it_sums_to_zero_and_where_the_money_stands(desk: Desk, world: World) -> None:
    group = world.purchase(world.listing(), "10")
    world.pay(group)
    world.deliver(group)
    page = desk.get("/operator/ledger").text
    assert "All balances sum to zero" in page
    assert "The books have not been checked yet" in page
    for amount in ("-¥120.00", "¥116.40", "¥3.60", "¥0.00"):
        assert f">{amount}<" in page
    assert world.farm.name_en in page


def test_whoever_has_a_share_of_every_order_is_called_by_what_it_is_for_and_where(desk: Desk, world: World) -> None:
    payee, county = "agent:of-the-county", world.farm.area_code[:6]
    with transaction():
        set_term(ShareKind.VILLAGE_AGENT, county, 200, payee, TODAY, "agreed", actor="test", now=NOW)
        post_transfer("settlement", "order", "any", {"clearing": -240, payee: 240}, at=NOW)
    page = desk.get("/operator/ledger").text
    place = place_name(area_names([county])[county])
    assert f"Help in the village · {place}" in page
    assert f">{payee}<" not in page
    assert "¥2.40" in page


def test_a_broken_audit_trail_is_named_after_a_check(desk: Desk, world: World, session: Session) -> None:
    world.listing()
    check_now()
    assert "audit events are as they were written" in desk.get("/operator/ledger").text
    second = session.scalars(select(AuditEvent.id).order_by(AuditEvent.id).offset(1)).first()
    with transaction():
        session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit_event SET actor = 'nobody' WHERE id = :id"), {"id": second})
    check_now()
    assert (
        f"found a fault: audit event {second}: it does not follow from the one before it" in desk.get("/operator/ledger").text
    )


def test_the_books_can_be_checked_at_once(desk: Desk) -> None:
    assert desk.post("/operator/ledger/check").status_code == 303
    assert [name for name, _ in jobs()] == ["ledger.check"]


def test_a_statement_has_a_balance_behind_every_entry(desk: Desk, world: World) -> None:
    for quantity in ("10", "4"):
        group = world.purchase(world.listing(), quantity)
        world.pay(group)
        world.deliver(group)
    code = producer_account(world.farm.public_id)
    page = desk.get(f"/operator/ledger/accounts/{code}?from=2020-01-01").text
    assert page.index("¥116.40") < page.index("¥46.56") < page.index("¥162.96", page.index("¥46.56"))
    answer = desk.get(f"/operator/ledger/accounts/{code}.csv?from=2020-01-01")
    rows = answer.text.strip().split("\r\n")
    assert [row.split(",")[-2:] for row in rows[1:]] == [["116.40", "116.40"], ["46.56", "162.96"]]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="statement-producer-')


def test_a_statement_of_no_account_is_absent_and_of_days_the_wrong_way_round_is_refused(desk: Desk, world: World) -> None:
    assert desk.get("/operator/ledger/accounts/nobody").status_code == 404
    world.pay(world.purchase(world.listing(), "1"))
    answer = desk.get("/operator/ledger/accounts/clearing?from=2026-05-02&to=2026-05-01")
    assert answer.status_code == 422
    assert "The first day must not lie after the last." in answer.text


def test_more_than_is_due_is_booked_and_the_rest_is_to_be_sent_back(desk: Desk, world: World, session: Session) -> None:
    payment = world.payment(world.purchase(world.listing(), "2"))
    path, page = f"/operator/payments/{payment.public_id}/confirm", "/operator/payments"
    answer = desk.post(path, {"received": "much"})
    assert (answer.status_code, "Please" in answer.text) == (422, True)
    answer = desk.post(path, {"received": "23.99"})
    assert (answer.status_code, "That is less than is due." in answer.text, payment.state) == (422, True, "awaiting")
    assert desk.post(path, {"received": "30"}).status_code == 303
    assert "¥6.00 is to be sent back" in desk.get(page).text
    assert "¥6.00" in desk.get("/operator/money/payments").text
    assert (payment.state, payment.amount_fen, [row.amount_fen for row in payment.refunds]) == ("paid", 2400, [600])
