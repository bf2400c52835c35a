"""What buyer, farmer and operator see and press after the sale, as browsers without JavaScript do."""

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.principals import principal_of
from marketplace.identity.contacts import Contact, set_contact
from marketplace.identity.mandates import Terms, give_mandate
from marketplace.identity.models import Account, HolderRole, RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.orders.claim_states import ANSWER_TIMES, RETURN_TIMES, SILENCE_AGREES_UP_TO_FEN
from marketplace.orders.models import Claim, ClaimRule, OrderMessage, Review, ReviewPicture
from tests import factories
from tests.aftersale import sale as sale_module
from tests.aftersale.sale import Sale, jpeg
from tests.web.conftest import Browser


class Shop:
    """A purchase that came an hour ago, and a browser for each of its people."""

    def __init__(self, client: FlaskClient) -> None:
        self.sale = Sale()
        self.stranger = factories.account(name="路人")
        self.other_farmer = factories.account((RoleKind.FARMER, factories.VILLAGE), name="邻居")
        factories.producer(owner=self.other_farmer)
        db.session.commit()
        self.group, self.order = self.sale.group.public_id, self.sale.order_id
        self.browser = Browser(client)

    def be(self, account: Account | None) -> Browser:
        """The browser of somebody."""
        self.browser.is_now(account)
        return self.browser

    @property
    def problem(self) -> str:
        return f"/orders/{self.group}/{self.order}/problem"

    def file(self, **form: Any) -> Any:
        """Send the third step."""
        browser = self.be(self.sale.buyer_account)
        given = {"line": "1", "kind": "rotten", "share": "5000", "words": "烂了一半", **form}
        given.setdefault("pictures", (io.BytesIO(jpeg()), "photo.jpg"))
        return browser.post(self.problem, given, sent_from=f"/orders/{self.group}", content_type="multipart/form-data")

    def claim(self) -> str:
        """File a claim and answer its public id."""
        answer = self.file()
        assert answer.status_code == 303, answer.text
        return str(answer.location).rsplit("/", 1)[1]


@pytest.fixture
def shop(client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch) -> Shop:
    # The pages take the present moment; the goods came an hour before it.
    monkeypatch.setattr(sale_module, "NOW", clock.now() - timedelta(hours=1))
    return Shop(client)


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_three_steps_lead_to_a_claim(shop: Shop) -> None:
    browser = shop.be(shop.sale.buyer_account)
    assert shop.problem in browser.get(f"/orders/{shop.group}").text
    first = browser.get(shop.problem).text
    assert "Step 1 of 3" in first
    assert 'value="rotten"' in first
    assert 'value="not_arrived"' not in first
    second = browser.get(f"{shop.problem}?line=1&kind=rotten").text
    assert "Step 2 of 3" in second
    assert "At most ¥25.00 can be given back." in second
    third = browser.get(f"{shop.problem}?line=1&kind=rotten&share=5000").text
    assert "Step 3 of 3" in third
    claim_id = shop.claim()
    page = browser.get(f"/claims/{claim_id}").text
    assert "It is rotten or damaged" in page
    assert "¥12.50 (Half of it)" in page
    assert "Without an answer the buyer gets the money." in page
    assert f"/claims/{claim_id}" in browser.get(f"/orders/{shop.group}").text


def test_another_amount_is_carried_through_the_steps(shop: Shop) -> None:
    browser = shop.be(shop.sale.buyer_account)
    assert "Please say how much you would like back." in browser.get(f"{shop.problem}?line=1&kind=rotten&share=0&amount=").text
    third = browser.get(f"{shop.problem}?line=1&kind=rotten&share=0&amount=3.5").text
    assert 'name="amount" value="3.50"' in third
    assert shop.file(share="", amount="3.50").status_code == 303
    assert db.session.scalars(select(Claim.asked_fen)).one() == 350


def test_a_claim_without_its_photo_is_asked_for_it_and_loses_nothing(shop: Shop) -> None:
    answer = shop.file(pictures=(io.BytesIO(b""), ""))
    assert answer.status_code == 422
    assert "Please add at least one photo" in answer.text
    assert "烂了一半" in answer.text
    assert count(Claim) == 0


def test_too_many_words_are_shown_again(shop: Shop) -> None:
    words = "烂" * 1001
    answer = shop.file(words=words)
    assert (answer.status_code, count(Claim)) == (422, 0)
    assert "Step 3 of 3" in answer.text
    assert words in answer.text


def test_a_photo_that_is_none_is_refused(shop: Shop) -> None:
    answer = shop.file(pictures=(io.BytesIO(b"GIF89a nothing"), "x.jpg"))
    assert (answer.status_code, count(Claim)) == (422, 0)


def test_a_claim_sent_twice_is_one_and_leads_to_it(shop: Shop) -> None:
    claim_id = shop.claim()
    again = shop.file()
    assert (again.status_code, again.location, count(Claim)) == (303, f"/claims/{claim_id}", 1)


def test_pictures_are_for_buyer_seller_and_operator_alone(shop: Shop, app: Flask) -> None:
    claim_id = shop.claim()
    picture = db.session.scalars(select(Claim)).one().pictures[0]
    address, name = f"/claims/{claim_id}/pictures/{picture.public_id}/320", picture.name
    for account in (shop.sale.buyer_account, shop.sale.farmer, shop.sale.first_operator):
        with shop.be(account).get(address) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "image/webp")
            assert answer.headers["Cache-Control"] == "private, max-age=3600"
    for account in (shop.stranger, shop.other_farmer):
        assert shop.be(account).get(address).status_code == 404
    assert shop.be(None).get(address).status_code == 302
    # Nor is it in the folder that public pictures come from.
    folder: Path = app.extensions["settings"].data_dir
    assert list((folder / "pictures").rglob(f"*{name[2:]}*")) == []
    assert shop.be(shop.sale.buyer_account).get(address.replace("/320", "/321")).status_code == 404


def test_pages_of_a_claim_are_for_its_own_people_alone(shop: Shop) -> None:
    claim_id = shop.claim()
    for account in (shop.stranger, shop.other_farmer, shop.sale.farmer):
        assert shop.be(account).get(f"/claims/{claim_id}").status_code == 404
        assert shop.be(account).get(shop.problem).status_code == 404
    assert shop.be(shop.other_farmer).get(f"/farm/after/claims/{claim_id}").status_code == 404
    assert shop.be(shop.other_farmer).get(f"/farm/after/orders/{shop.order}").status_code == 404
    for act in ("take", "withdraw", "dispute", "appeal", "sent"):
        form = {"words": "x"} if act in ("dispute", "appeal") else {}
        form = {"carrier": "x", "tracking_number": "y"} if act == "sent" else form
        assert shop.be(shop.stranger).post(f"/claims/{claim_id}/{act}", form).status_code == 404
    assert db.session.scalars(select(Claim.state)).one() == "filed"


def test_a_farmer_agrees_with_one_button(shop: Shop) -> None:
    claim_id = shop.claim()
    browser = shop.be(shop.sale.farmer)
    assert "1 claim to answer" in browser.get("/farm/after/").text
    page = f"/farm/after/claims/{claim_id}"
    text = browser.get(page).text
    assert "I agree" in text
    assert "¥12.50 goes back to the buyer" in text
    assert browser.post(f"{page}/accept", sent_from=page).status_code == 303
    assert "No claim to answer" in browser.get("/farm/after/").text
    assert "¥12.50 goes back to you." in shop.be(shop.sale.buyer_account).get(f"/claims/{claim_id}").text


def test_an_offer_with_a_slip_of_the_hand_is_shown_again(shop: Shop) -> None:
    claim_id = shop.claim()
    browser, page = shop.be(shop.sale.farmer), f"/farm/after/claims/{claim_id}"
    answer = browser.post(f"{page}/offer", {"amount": "99", "words": "太多"}, sent_from=page)
    assert answer.status_code == 422
    assert "Please offer less than was asked for" in answer.text
    assert browser.post(f"{page}/offer", {"amount": "5"}, sent_from=page).status_code == 422
    assert browser.post(f"{page}/offer", {"amount": "5", "words": "只坏一点"}, sent_from=page).status_code == 303
    buyer = shop.be(shop.sale.buyer_account)
    assert "Take ¥5.00" in buyer.get(f"/claims/{claim_id}").text
    buyer.post(f"/claims/{claim_id}/take", sent_from=f"/claims/{claim_id}")
    assert db.session.scalars(select(Claim.settled_fen)).one() == 500


def test_a_dispute_goes_through_two_operators(shop: Shop) -> None:
    claim_id = shop.claim()
    farm = f"/farm/after/claims/{claim_id}"
    shop.be(shop.sale.farmer).post(f"{farm}/refuse", {"words": "发货时是好的"}, sent_from=farm)
    own = f"/claims/{claim_id}"
    assert shop.be(shop.sale.buyer_account).post(f"{own}/dispute", {"words": ""}, sent_from=own).status_code == 422
    shop.browser.post(f"{own}/dispute", {"words": "请看照片"}, sent_from=own)
    first = shop.be(shop.sale.first_operator)
    queue = first.get("/operator/claims/").text
    assert "1 dispute waits for a decision." in queue
    assert "119 hours left" in queue
    page = f"/operator/claims/{claim_id}"
    assert "发货时是好的" in first.get(page).text
    too_much = first.post(f"{page}/rule", {"amount": "99", "reason": "全退"}, sent_from=page)
    assert too_much.status_code == 422
    ruled = first.post(f"{page}/rule", {"amount": "10", "goodwill": "4", "reason": "一半"}, sent_from=page)
    assert ruled.status_code == 303
    shop.be(shop.sale.farmer).post(f"{farm}/appeal", {"words": "太多"}, sent_from=farm)
    assert "An appeal is decided by a colleague." in shop.be(shop.sale.first_operator).get(page).text
    second = shop.be(shop.sale.second_operator)
    assert second.post(f"{page}/rule", {"amount": "8", "reason": "维持"}, sent_from=page).status_code == 303
    claim = db.session.scalars(select(Claim)).one()
    assert (claim.state, claim.settled_fen) == ("settled", 800)
    assert "¥8.00 goes back to you." in shop.be(shop.sale.buyer_account).get(own).text


def test_the_operator_reads_messages_only_in_a_dispute_and_leaves_a_trace(shop: Shop) -> None:
    claim_id = shop.claim()
    talk = f"/orders/{shop.group}/{shop.order}/messages"
    shop.be(shop.sale.buyer_account).post(talk, {"words": "箱子是湿的"}, sent_from=f"/orders/{shop.group}")
    page = f"/operator/claims/{claim_id}"
    reads = select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == "dispute.file_read")
    assert "箱子是湿的" not in shop.be(shop.sale.first_operator).get(page).text
    assert db.session.scalar(reads) == 0
    shop.be(shop.sale.farmer).post(f"/farm/after/claims/{claim_id}/refuse", {"words": "没有"}, sent_from="/farm/after/")
    shop.be(shop.sale.buyer_account).post(f"/claims/{claim_id}/dispute", {"words": "有"}, sent_from=f"/claims/{claim_id}")
    assert "箱子是湿的" in shop.be(shop.sale.first_operator).get(page).text
    assert db.session.scalar(reads) == 1


def test_goods_go_back_by_the_buttons(shop: Shop) -> None:
    rule = ClaimRule(
        category_id=shop.sale.apples.category_id, begins_on=factories.TODAY, hours_after_arrival=168, returnable=True
    )
    rule.begins_on = clock.local_day(clock.now()) - timedelta(days=1)
    db.session.add(rule)
    db.session.commit()
    claim_id = shop.claim()
    own, farm = f"/claims/{claim_id}", f"/farm/after/claims/{claim_id}"
    shop.be(shop.sale.farmer).post(f"{farm}/ask-back", {"words": "请寄回"}, sent_from=farm)
    assert "Pack 1 box and send it" in shop.be(shop.sale.buyer_account).get(own).text
    assert shop.browser.post(f"{own}/sent", {"carrier": "顺丰"}, sent_from=own).status_code == 422
    shop.browser.post(f"{own}/sent", {"carrier": "顺丰", "tracking_number": "SF1"}, sent_from=own)
    shop.be(shop.sale.farmer).post(f"{farm}/arrived", sent_from=farm)
    assert "It can be sold again" in shop.browser.get(farm).text
    shop.browser.post(f"{farm}/checked", {"sellable": "true"}, sent_from=farm)
    assert (db.session.scalars(select(Claim.settled_fen)).one(), sale_module.stock(shop.sale.apples)) == (1250, 9)


def test_messages_are_masked_counted_and_read(shop: Shop) -> None:
    talk = f"/orders/{shop.group}/{shop.order}/messages"
    browser = shop.be(shop.sale.buyer_account)
    browser.post(talk, {"words": "打我 13800138000，2 盒烂了"}, sent_from=f"/orders/{shop.group}")
    assert db.session.scalars(select(OrderMessage.words)).one() == "打我 ***，2 盒烂了"
    farmer = shop.be(shop.sale.farmer)
    assert "1 new message" in farmer.get("/farm/after/").text
    page = f"/farm/after/orders/{shop.order}"
    assert "打我 ***，2 盒烂了" in farmer.get(page).text
    assert "All read" in farmer.get("/farm/after/").text
    farmer.post(f"/farm/after/orders/{shop.order}/messages", {"words": "马上看"}, sent_from=page)
    buyer = shop.be(shop.sale.buyer_account)
    assert "1 new message from the seller" in buyer.get(f"/orders/{shop.group}").text
    assert "2 messages with the seller" in buyer.get(f"/orders/{shop.group}").text


def test_who_writes_too_much_waits(shop: Shop) -> None:
    talk = f"/orders/{shop.group}/{shop.order}/messages"
    browser = shop.be(shop.sale.buyer_account)
    for number in range(21):
        browser.post(talk, {"words": f"第 {number} 句"}, sent_from=f"/orders/{shop.group}")
    assert count(OrderMessage) == 20
    assert "You have written a lot just now." in browser.get(f"/orders/{shop.group}").text


def test_a_notice_says_that_there_is_something_and_not_what(shop: Shop, app: Flask) -> None:
    shop.sale.farmer.login = "farmer@example.org"
    shop.sale.buyer_account.login = "13800138000"
    db.session.commit()
    claim_id = shop.claim()
    message = db.session.scalars(select(OutgoingMessage)).one()
    assert (message.channel, message.recipient, message.language) == ("email", "farmer@example.org", "zh_Hans")
    assert message.subject == "售后有新进展"
    assert message.body_text.startswith(f"订单{shop.sale.group.reference}的售后有新进展。\n")
    assert f"/farm/after/claims/{claim_id}\n" in message.body_text
    assert "烂" not in message.body_text
    shop.be(shop.sale.farmer).post(f"/farm/after/claims/{claim_id}/accept", sent_from="/farm/after/")
    # The money tells its buyer; a second message would say the same.
    to_buyer = db.session.scalars(select(OutgoingMessage).filter_by(recipient="13800138000")).one()
    assert (to_buyer.channel, to_buyer.template) == ("sms", "notice.order.refunded")
    other_id = shop.claim()
    refusal = {"words": "看着很好"}
    shop.be(shop.sale.farmer).post(f"/farm/after/claims/{other_id}/refuse", refusal, sent_from="/farm/after/")
    refused = db.session.scalars(
        select(OutgoingMessage).filter_by(template="notice.after_sale.claim", recipient="13800138000")
    ).one()
    assert (refused.channel, f"/claims/{other_id}" in refused.body_text) == ("sms", True)


def test_a_notice_goes_where_its_reader_wants_to_be_told_and_to_who_answers_for_the_farm(shop: Shop, app: Flask) -> None:
    sale = shop.sale
    with transaction():
        sale.farmer.login, sale.buyer_account.login = "13800138000", "13900139000"
        officer = factories.account((RoleKind.OFFICER, factories.VILLAGE), login="13700137000")
        principal = principal_of(sale.producer)
        now = clock.now()
        terms = Terms(frozenset({Scope.ANSWER}), now + timedelta(days=200))
        give_mandate(principal, sale.farmer, officer, HolderRole.OFFICER, terms, now=now)
        set_contact("account", sale.farmer.public_id, Contact("email", email="farm@example.org"), actor="test", now=now)
        set_contact("account", sale.buyer_account.public_id, Contact("none"), actor="test", now=now)
    claim_id = shop.claim()
    shop.be(sale.farmer).post(f"/farm/after/claims/{claim_id}/accept", sent_from="/farm/after/")
    told = db.session.execute(select(OutgoingMessage.channel, OutgoingMessage.recipient).order_by(OutgoingMessage.id)).all()
    # The buyer wants to be told nothing, and nobody's name to sign in with is written to instead of what they chose.
    assert [tuple(row) for row in told] == [("email", "farm@example.org"), ("sms", "13700137000")]


def test_nobody_sends_files_before_signing_in(shop: Shop, app: Flask) -> None:
    large = {"pictures": (io.BytesIO(bytes(400 * 1024)), "large.jpg")}
    answer = app.test_client().post(shop.problem, data=large, content_type="multipart/form-data")
    assert answer.status_code == 413


def review_path(shop: Shop, line: int = 1) -> str:
    return f"/orders/{shop.group}/{shop.order}/reviews/{line}"


def write(shop: Shop, stars: str = "5", words: str = "很甜", line: int = 1, **more: Any) -> Any:
    browser = shop.be(shop.sale.buyer_account)
    path = review_path(shop, line)
    return browser.post(path, {"stars": stars, "words": words, **more}, sent_from=path, content_type="multipart/form-data")


def test_a_review_stands_on_the_page_of_the_goods_under_one_letter(shop: Shop) -> None:
    product = f"/p/{shop.sale.apples.public_id}"
    before = shop.be(None).get(product).text
    assert "Nobody has said anything yet." in before
    assert "aggregateRating" not in before
    assert write(shop, "4", "很甜，加微信 nongjia2026", pictures=(io.BytesIO(jpeg("red")), "a.jpg")).status_code == 303
    text = shop.be(None).get(product).text
    assert "W***" in text
    assert "王小满" not in text
    assert "很甜，加微信 ***" in text
    assert "mean of 1 review" in text
    structured = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert structured["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": "4.0", "reviewCount": 1}
    picture = re.search(r"/reviews/[a-z0-9/]+/pictures/[a-z0-9]+/320", text)
    assert picture is not None
    with shop.browser.get(picture[0]) as answer:
        assert answer.mimetype == "image/webp"
    assert "很甜" in shop.browser.get(f"{product}/reviews").text


def test_other_photos_take_the_place_of_those_a_review_had(shop: Shop) -> None:
    assert write(shop, pictures=(io.BytesIO(jpeg("red")), "a.jpg")).status_code == 303
    before = db.session.scalars(select(ReviewPicture.name)).one()
    assert write(shop, pictures=(io.BytesIO(jpeg("green")), "b.jpg")).status_code == 303
    assert db.session.scalars(select(ReviewPicture.name)).one() != before
    # A change of the words alone keeps the photos.
    assert write(shop, words="还是很甜").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(ReviewPicture)) == 1


def test_a_line_has_one_review_which_can_be_changed_for_a_fortnight(shop: Shop) -> None:
    write(shop, "5", "很甜")
    write(shop, "2", "第二箱酸")
    review = db.session.scalars(select(Review)).one()
    assert (review.stars, review.words, review.changed_at is not None) == (2, "第二箱酸", True)
    review.written_at = clock.now() - timedelta(days=14, seconds=-5)
    db.session.commit()
    assert write(shop, "3", "还行").status_code == 303
    review.written_at = clock.now() - timedelta(days=14, seconds=1)
    db.session.commit()
    assert write(shop, "1", "晚了").status_code == 409
    assert db.session.scalars(select(Review.words)).one() == "还行"


def test_what_has_not_come_cannot_be_reviewed(client: FlaskClient, session: Session) -> None:
    sale = Sale(received=False)
    browser = Browser(client)
    browser.is_now(sale.buyer_account)
    path = f"/orders/{sale.group.public_id}/{sale.order_id}/reviews/1"
    answer = browser.post(path, {"stars": "5"}, sent_from=path)
    assert (answer.status_code, count(Review)) == (409, 0)


def test_nobody_reviews_what_another_bought_and_stars_are_one_to_five(shop: Shop) -> None:
    path = review_path(shop)
    assert shop.be(shop.stranger).get(path).status_code == 404
    assert shop.browser.post(path, {"stars": "5"}).status_code == 404
    for stars in ("0", "6", "x", ""):
        assert write(shop, stars).status_code == 422
    assert write(shop, line=3).status_code == 404
    assert count(Review) == 0


def test_the_seller_replies_once(shop: Shop) -> None:
    write(shop, "3", "有点酸")
    review = db.session.scalars(select(Review)).one().public_id
    reply = f"/farm/after/reviews/{review}/reply"
    assert shop.be(shop.other_farmer).post(reply, {"words": "不是我的"}, sent_from="/farm/after/reviews").status_code == 404
    farmer = shop.be(shop.sale.farmer)
    farmer.post(reply, {"words": "下次给您挑熟的，电话 13800138000"}, sent_from="/farm/after/reviews")
    farmer.post(reply, {"words": "再说一句"}, sent_from="/farm/after/reviews")
    assert db.session.scalars(select(Review.reply)).one() == "下次给您挑熟的，电话 ***"
    assert "下次给您挑熟的，电话 ***" in shop.be(None).get(f"/p/{shop.sale.apples.public_id}").text


def test_a_reported_review_is_hidden_with_a_reason_that_its_author_reads(shop: Shop) -> None:
    write(shop, "1", "骗子")
    write(shop, "5", "好", line=2)
    review = db.session.scalars(select(Review).where(Review.stars == 1)).one().public_id
    product = f"/p/{shop.sale.apples.public_id}"
    report = f"/reviews/{review}/report"
    assert report in shop.be(None).get(product).text
    assert shop.browser.get(report).status_code == 302
    reader = shop.be(shop.stranger)
    assert reader.post(report, {"words": ""}, sent_from=report).status_code == 422
    for _ in range(2):
        assert reader.post(report, {"words": "骂人"}, sent_from=report).status_code == 303
    operator = shop.be(shop.sale.first_operator)
    assert operator.get("/operator/claims/reviews").text.count("Reported: 骂人") == 1
    hide = f"/operator/claims/reviews/{review}/hide"
    assert operator.post(hide, {"reason": "辱骂他人"}, sent_from="/operator/claims/reviews").status_code == 303
    text = shop.be(None).get(product).text
    assert "骗子" not in text
    assert "aggregateRating" not in text
    assert "hidden by the operator: 辱骂他人" in shop.be(shop.sale.buyer_account).get(f"/orders/{shop.group}").text
    assert write(shop, "5", "好").status_code == 409
    keep = f"/operator/claims/reviews/{review}/keep"
    shop.be(shop.sale.first_operator).post(keep, sent_from="/operator/claims/reviews")
    assert "骗子" in shop.be(None).get(product).text


def test_a_picture_of_a_hidden_review_is_gone(shop: Shop) -> None:
    write(shop, "1", "骗子", pictures=(io.BytesIO(jpeg()), "a.jpg"))
    review = db.session.scalars(select(Review)).one()
    address = f"/reviews/{review.public_id}/pictures/{review.pictures[0].public_id}/320"
    with shop.be(None).get(address) as answer:
        assert answer.status_code == 200
    review.hidden_at, review.hidden_reason = clock.now(), "辱骂他人"
    db.session.commit()
    assert shop.be(None).get(address).status_code == 404


def test_the_mean_stands_with_its_count_and_later_pages_show_the_rest(shop: Shop) -> None:
    write(shop, "4", "好")
    first = db.session.scalars(select(Review)).one()
    others = [Sale() for _ in range(24)]
    for number, other in enumerate(others):
        db.session.add(
            Review(
                order_line_id=other.order.lines[0].id,
                listing_id=first.listing_id,
                producer_id=first.producer_id,
                account_id=other.buyer_account.id,
                author="W***",
                stars=1 + number % 2,
                words=f"第 {number} 条",
                written_at=clock.now(),
            )
        )
    db.session.commit()
    product = f"/p/{shop.sale.apples.public_id}"
    text = shop.be(None).get(product).text
    # 4 and twelve times 1 and 2: 40 / 25.
    assert '<span class="score">1.6</span>' in text
    assert "mean of 25 reviews" in text
    page = shop.browser.get(f"{product}/reviews").text
    older = re.search(r'href="(/p/[^"]+before=[a-z0-9]+)"', page)
    assert older is not None
    last = shop.browser.get(older[1]).text
    assert (page.count('class="review"'), last.count('class="review"')) == (20, 5)
    assert "1.6 of 5, mean of 25 reviews" in last


def test_the_operator_sets_how_long_goods_can_be_claimed(shop: Shop) -> None:
    operator, page = shop.be(shop.sale.first_operator), "/operator/claims/rules"
    day = clock.local_day(clock.now())
    form = {"category": shop.sale.apples.category_id, "hours": "168", "begins_on": day.isoformat(), "returnable": "yes"}
    assert operator.post(page, form, sent_from=page).status_code == 303
    assert operator.post(page, form, sent_from=page).status_code == 422
    past = {**form, "begins_on": (day - timedelta(days=1)).isoformat()}
    assert "A rule can begin today or later." in operator.post(page, past, sent_from=page).text
    rule = db.session.scalars(select(ClaimRule)).one()
    assert (rule.hours_after_arrival, rule.returnable, rule.begins_on) == (168, True, day)


def test_the_times_that_pages_name_are_those_of_the_rules() -> None:
    hours = {state.value: int(time.total_seconds() // 3600) for state, time in {**ANSWER_TIMES, **RETURN_TIMES}.items()}
    assert hours == {
        "filed": 48,
        "offered": 72,
        "refused": 72,
        "disputed": 5 * 24,
        "ruled": 72,
        "appealed": 5 * 24,
        "agreed": 7 * 24,
        "sent": 14 * 24,
        "arrived": 72,
    }
    assert SILENCE_AGREES_UP_TO_FEN == 5000
