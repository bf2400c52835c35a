"""What came after some of the demo's sales: claims in every state, goods that go back, messages, and reviews.

Everything is done by the shop's own services, at moments that leave its clocks running.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select, text
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Category, Producer
from marketplace.demo.accounts import PASSWORD
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.identity.service import create_account
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.ids import public_ids
from marketplace.kernel.pictures import Picture, read_picture, store_picture
from marketplace.orders import claims, disputes, returns
from marketplace.orders.claim_moves import Actor
from marketplace.orders.claim_rules import clocks_of
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import CLAIM_PICTURES, Complaint, file_claim
from marketplace.orders.messages import send_message
from marketplace.orders.models import Claim, ClaimRule, Order, OrderGroup, Review
from marketplace.orders.reviews import masked_name, report_review
from marketplace.orders.states import OrderState

# Shelves whose goods keep for a week and can travel back; everything else is taken for fresh.
_DRY_WORDS = ("dry", "grain", "rice", "nut", "tea", "honey", "oil", "pantry", "bean", "spice", "mushroom")
_DRY_HOURS = 7 * 24
_REVIEWS_KEPT = 400
_LOOKED_AT = 150
_OLDEST_REVIEWED = timedelta(days=90)

# Words of buyers by stars, in Chinese and English; a seller's reply where there is one.
_OPINIONS: list[tuple[int, str, str]] = [
    (5, "很新鲜，昨天发的今天就到了，家里都抢着吃。", "谢谢您，下周还有一批。"),
    (5, "Fresh and full of taste. The box was packed with straw and nothing was bruised.", ""),
    (5, "比超市的新鲜，价钱也实在，已经第三次买了。", ""),
    (4, "味道好，就是大小不太匀。", "自家地里长的，大小是不一样，味道都一样。"),
    (4, "Good quality, a day later than I had hoped.", "It rained on the mountain road that day. Thank you for waiting."),
    (5, "帮老家的人卖货，东西也真的好，支持。", ""),
    (3, "味道一般，不过分量足。", "谢谢您实话实说，这一批雨水多了些。"),
    (5, "一家人都说好，下次多买点。", ""),
    (4, "包装再结实一点就更好了。", "已经换了厚纸箱。"),
    (5, "You can tell that it was picked ripe. Will order again.", ""),
    (2, "有两个碰伤了，卖家马上退了一部分，态度好。", "对不起，路上颠的，下次多垫一层。"),
    (5, "", ""),
    (4, "It came the next morning, still cool. Next time I shall take two.", ""),
    (5, "斤两足，自己称过的。", ""),
    (3, "比图上小一些，味道还可以。", ""),
    (5, "老人家很喜欢，让我再买。", ""),
]


def add_after_sale(data_dir: Path, *, now: datetime) -> None:
    """Leave the trace of a lived-in shop behind the sales that are in the database."""
    _add_rules(now)
    # A colleague for appeals, which one operator alone cannot decide.
    create_account("operator2", "运营中心二", PASSWORD, now=now, roles=[(RoleKind.OPERATOR, "")])
    photo = bruised_apple(data_dir / CLAIM_PICTURES)
    _add_reviews(now)
    _report_one(now)
    orders = list(_orders_on_their_way())
    # Goods go back where they keep; the first such order is taken out for that.
    clocks = clocks_of([order.lines[0] for order in orders], local_day(now))
    keeps = next((order for order in orders if clocks[order.lines[0].id].returnable), None)
    if keeps is not None:
        orders.remove(keeps)
        _going_back(_Tale(keeps, photo, now))
    for order, tell in zip(orders, _STORIES, strict=False):
        tell(_Tale(order, photo, now))
    db.session.flush()


def _add_rules(now: datetime) -> None:
    begins_on = local_day(now) - timedelta(days=365)
    for shelf in db.session.scalars(select(Category)):
        if any(word in shelf.slug for word in _DRY_WORDS):
            db.session.add(
                ClaimRule(category_id=shelf.id, begins_on=begins_on, hours_after_arrival=_DRY_HOURS, returnable=True)
            )
    db.session.flush()


def bruised_apple(folder: Path) -> Picture:
    """An apple with a brown spot, drawn and not taken."""
    image = Image.new("RGB", (640, 480), "#d8c9ae")
    draw = ImageDraw.Draw(image)
    draw.ellipse((180, 90, 470, 390), fill="#b8402c")
    draw.ellipse((300, 190, 430, 320), fill="#5a3a22")
    draw.ellipse((335, 225, 395, 285), fill="#3b2615")
    draw.line((325, 95, 340, 40), fill="#5b4326", width=12)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    picture = read_picture(buffer.getvalue())
    store_picture(picture, folder)
    return picture


def _orders_on_their_way() -> Sequence[Order]:
    """Paid orders that have left and not been received, those of sellers who can sign in first; there no clock has run out."""
    query = (
        select(Order)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(Producer, Producer.id == Order.producer_id)
        .where(Order.state == OrderState.SHIPPED, OrderGroup.paid_at.is_not(None))
        .order_by(Producer.account_id.is_(None), Order.total_fen.desc(), Order.id)
        .limit(_LOOKED_AT)
        .options(joinedload(Order.group), joinedload(Order.producer), selectinload(Order.lines))
    )
    return db.session.scalars(query).all()


class _Tale:
    """One order and its people, an hour at a time."""

    def __init__(self, order: Order, photo: Picture, now: datetime) -> None:
        self.order, self.photo, self.at = order, photo, now - timedelta(hours=20)
        self.buyer = _actor(claims.buyer, order.group.account_id)
        self.seller = _actor(partial(claims.seller, producer_id=order.producer_id), _account_of(order.producer, now))

    def file(self, kind: ClaimKind, words: str, share_bp: int = 5_000) -> str:
        """File a claim; answers its public id."""
        complaint = Complaint(kind, words, share_bp=share_bp, pictures=[self.photo])
        return file_claim(self.order.public_id, 1, complaint, self.buyer, now=self._next()).public_id

    def step(self, act: Callable[..., Any], claim: str, *args: Any, by: Actor) -> None:
        """Take a step of a claim."""
        act(claim, *args, by, now=self._next())

    def say(self, by: Actor, words: str) -> None:
        """Write a message."""
        account_id = by.account_id or 0
        send_message(self.order.public_id, words, account_id=account_id, actor=by.name, now=self._next())

    def _next(self) -> datetime:
        self.at += timedelta(hours=1)
        return self.at


def _actor(make: Callable[[int, str], Actor], account_id: int) -> Actor:
    return make(account_id, db.session.get_one(Account, account_id).public_id)


def _account_of(producer: Producer, now: datetime) -> int:
    """Who answers for a seller; one that nobody signs in for gets an account without a password."""
    if producer.account_id is None:
        account = Account(login=f"seller-{producer.public_id}", display_name=producer.name_zh, created_at=now)
        account.roles = [Role(kind=RoleKind.FARMER, scope_code=producer.area_code)]
        db.session.add(account)
        db.session.flush()
        producer.account_id = account.id
    return producer.account_id


def _operator(login: str) -> Actor:
    account = find_account_by_login(login)
    if account is None:
        raise RuntimeError(f"the demo has no account {login}")
    return claims.operator(account.id, account.public_id)


def _filed(tale: _Tale) -> None:
    tale.say(tale.buyer, "您好，箱子到了，有一半压坏了，我拍了照片。")
    tale.file(ClaimKind.ROTTEN, "打开就有霉味，一半不能吃了。")


def _filed_in_english(tale: _Tale) -> None:
    tale.file(ClaimKind.SHORT_WEIGHT, "I weighed it twice: a quarter is missing.", 2_500)


def _offered(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.ROTTEN, "最上面一层都软了。", 7_500)
    tale.say(tale.seller, "收到，我看一下照片，今天答复您。")
    tale.step(claims.offer_amount, claim, _half(claim), "照片上坏的大约一半，退您一半，您看行吗？", by=tale.seller)
    tale.say(tale.buyer, "我再数一下。")


def _half(claim: str) -> int:
    return max(1, db.session.scalars(select(Claim.asked_fen).filter_by(public_id=claim)).one() // 2)


def _refused(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.WRONG_GOODS, "I ordered the large ones and got small ones.")
    tale.step(claims.refuse_claim, claim, "页面上写的就是这个规格，请再看一下。", by=tale.seller)


def _accepted(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.ROTTEN, "坏了两个，其他的都好。", 1_000)
    tale.step(claims.accept_claim, claim, by=tale.seller)
    tale.say(tale.seller, "对不起，路上颠的，钱已经退给您。")
    tale.say(tale.buyer, "谢谢，下次还买您家的。")


def _taken(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.SHORT_WEIGHT, "少了一些，秤上看得出来。", 5_000)
    tale.step(claims.offer_amount, claim, _half(claim), "路上会掉水分，退您一部分。", by=tale.seller)
    tale.step(claims.take_offer, claim, by=tale.buyer)


def _withdrawn(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.OTHER, "少了一袋。")
    tale.say(tale.seller, "在箱子的夹层里，您再找找。")
    tale.step(claims.withdraw_claim, claim, by=tale.buyer)


def _disputed(tale: _Tale) -> str:
    tale.say(tale.buyer, "照片发给您了，这么大一片都烂了。")
    claim = tale.file(ClaimKind.ROTTEN, "烂了一半，里面都黑了。")
    tale.say(tale.seller, "发货时都是好的，我们一个一个挑的。")
    tale.step(claims.refuse_claim, claim, "发货时都是好的。", by=tale.seller)
    tale.step(claims.dispute_claim, claim, "请看照片，不是碰伤，是烂的。", by=tale.buyer)
    return claim


def _ruled(tale: _Tale) -> str:
    claim = _disputed(tale)
    amount = _half(claim)
    reason = "照片上约四分之一已坏，路上耽搁了一天，其中一部分由平台承担。"
    tale.step(disputes.rule, claim, disputes.Ruling(amount, amount // 2, reason), by=_operator("operator"))
    return claim


def _appealed(tale: _Tale) -> None:
    claim = _ruled(tale)
    tale.step(disputes.appeal, claim, "退得太多，只坏了两个。", by=tale.seller)


def _ruled_again(tale: _Tale) -> None:
    claim = _ruled(tale)
    tale.step(disputes.appeal, claim, "Half of it was bad, not a quarter.", by=tale.buyer)
    ruling = disputes.Ruling(_half(claim), _half(claim), "两次都看过了：退一半，由平台承担。")
    tale.step(disputes.rule_again, claim, ruling, by=_operator("operator2"))


def _going_back(tale: _Tale) -> None:
    claim = tale.file(ClaimKind.WRONG_GOODS, "发错了，我要的是另一种。", 10_000)
    tale.step(claims.ask_goods_back, claim, "请原样寄回，运费我们出。", by=tale.seller)
    tale.step(returns.send_back, claim, "顺丰", "SF1402266380551", by=tale.buyer)


def _only_talk(tale: _Tale) -> None:
    tale.say(tale.buyer, "Hello, when do you think it will be here?")
    tale.say(tale.seller, "您好，昨天下午发的，大概后天到。")


_STORIES: list[Callable[[_Tale], Any]] = [
    *(_filed, _disputed, _offered, _accepted, _only_talk, _refused, _ruled, _appealed, _ruled_again, _taken),
    *(_withdrawn, _filed_in_english),
]


def _add_reviews(now: datetime) -> None:
    """Reviews of what came in the last months: of what sells the most, a few of each, and of the one consumer's own orders."""
    rows = db.session.execute(
        text(
            'SELECT * FROM (SELECT order_line.id, order_line.listing_id, "order".producer_id, order_group.account_id,'
            ' account.display_name, "order".delivered_at,'
            ' row_number() OVER (PARTITION BY listing_id ORDER BY "order".delivered_at DESC, order_line.id) AS place,'
            " count(*) OVER (PARTITION BY listing_id) AS sold"
            ' FROM order_line JOIN "order" ON "order".id = order_line.order_id'
            ' JOIN order_group ON order_group.id = "order".group_id JOIN account ON account.id = order_group.account_id'
            ' WHERE "order".delivered_at > :since) AS line WHERE place <= 1 + listing_id % 7 AND place <= sold'
            " ORDER BY sold DESC, id LIMIT :most"
        ),
        {"since": now - _OLDEST_REVIEWED, "most": _REVIEWS_KEPT},
    ).all()
    names = public_ids(len(rows))
    written = sorted((min(now, row.delivered_at + timedelta(hours=5 + row.id % 60)), row) for row in rows)

    def reviews() -> Iterator[tuple[Any, ...]]:
        for at, (written_at, row) in enumerate(written):
            stars, words, reply = _OPINIONS[(row.id * 7 + row.listing_id) % len(_OPINIONS)]
            replied_at = min(now, written_at + timedelta(hours=20)) if reply else None
            yield (
                *(names[at], row.id, row.listing_id, row.producer_id, row.account_id, _letter(row.id), stars, words),
                *(written_at, reply, replied_at, ""),
            )

    copy_rows(
        Review,
        [
            *("public_id", "order_line_id", "listing_id", "producer_id", "account_id", "author", "stars", "words"),
            *("written_at", "reply", "replied_at", "hidden_reason"),
        ],
        reviews(),
    )


def _report_one(now: datetime) -> None:
    """A reader has reported the newest of the less friendly reviews."""
    review = db.session.scalars(select(Review).where(Review.stars == 2).order_by(Review.id.desc()).limit(1)).first()
    reader = find_account_by_login("consumer")
    if review is not None and reader is not None and reader.id != review.account_id:
        report_review(review.public_id, "说的是别家的货。", account_id=reader.id, actor=reader.public_id, now=now)


def _letter(number: int) -> str:
    """One letter of a name, as the shop itself leaves it: the demo's consumers have numbers for names."""
    surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡林何郭罗高"
    return masked_name(surnames[number % len(surnames)])
