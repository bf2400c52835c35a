"""What sellers are told of their questions and of prices that they wait for."""

from datetime import datetime

from marketplace.advisory.models import PolicyQuestion, PriceAlert
from marketplace.catalogue.models import Product
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.web.filters import day as day_text
from marketplace.web.filters import yuan
from marketplace.web.languages import pick
from marketplace.web.notices.sending import Notice, reader_of_account, send
from marketplace.web.outside import outside_url


def tell_answer(question: PolicyQuestion, *, now: datetime) -> bool:
    """That an officer has answered; the answer itself stands on the page, where only who asked reads it."""
    notice = Notice(
        kind="question.answered",
        event=question.public_id,
        subject=N_("Your question is answered"),
        text=N_("An officer has answered your question %(reference)s. You find it under “Ask and read”."),
        values=lambda: {"reference": question.reference},
        page_url=outside_url("producer_advice.question", public_id=question.public_id),
    )
    return send(reader_of_account(db.session.get_one(Account, question.account_id)), notice, now=now)


def tell_price(alert: PriceAlert, *, now: datetime) -> bool:
    """That a market has reached the price that somebody waits for."""
    product = db.session.get_one(Product, alert.product_id)
    day, fen = alert.reached_on, alert.reached_fen
    assert day is not None and fen is not None
    notice = Notice(
        kind="price.reached",
        event=alert.public_id,
        subject=N_("A price you wait for"),
        text=N_("%(title)s: 500 g cost %(price)s at the market on %(day)s."),
        values=lambda: {"title": pick(product.name_zh, product.name_en), "price": yuan(fen), "day": day_text(day)},
        page_url=outside_url("public_advice.series", slug=product.slug),
    )
    return send(reader_of_account(db.session.get_one(Account, alert.account_id)), notice, now=now)
