"""Reviews of what was bought: by its buyer, once it has come, with the seller's one reply and the operator's moderation.

Nothing of them enters the tilt or any ranking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pypinyin import Style, lazy_pinyin
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload, selectinload

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.pictures import Picture
from marketplace.orders.claim_rules import arrived_at
from marketplace.orders.contact_masking import mask_contacts
from marketplace.orders.models import Order, OrderGroup, OrderLine, Review, ReviewPicture, ReviewReport
from marketplace.orders.notices import NoticeKind, give_notice
from marketplace.orders.states import OrderState

MOST_WORDS = 2000
MOST_REPLY = 1000
MOST_REASON = 300
MOST_PICTURES = 4
EDITABLE = timedelta(days=14)
ON_PAGE = 5


@dataclass(frozen=True)
class Opinion:
    """Stars from one to five, words, and pictures."""

    stars: int
    words: str
    pictures: Sequence[Picture] = ()


def masked_name(name: str) -> str:
    """A name of which one letter is left, which is enough to see that somebody stands behind it.

    >>> masked_name("王小满"), masked_name("wendy"), masked_name("13800138000")
    ('W***', 'W***', '***')
    """
    first = name.strip()[:1]
    letter = lazy_pinyin(first, style=Style.FIRST_LETTER, errors="default")[0][:1] if first else ""
    return f"{letter.upper()}***" if letter.isascii() and letter.isalpha() else "***"


def write_review(order_public_id: str, line_number: int, opinion: Opinion, author: Account, *, now: datetime) -> Review:
    """Review the line of an own order with this number, counted from one; within two weeks it can be written anew.

    Raises
    ------
    NotFound
        For another's order or a line that it does not have.
    Conflict
        ``not_received_yet`` before the goods have come, ``review_fixed`` when it can no longer be changed, ``review_hidden``.
    Invalid
        For stars, words or pictures that cannot be.
    """
    order = _own_order(order_public_id, author.id)
    if not 1 <= line_number <= len(order.lines):
        raise NotFound("line_unknown", N_("This order has no such goods."))
    line = order.lines[line_number - 1]
    if arrived_at(order) is None or order.state == OrderState.CANCELLED:
        raise Conflict("not_received_yet", N_("Please say first that it has come."))
    _check(opinion)
    review = find_review(line.id)
    if review is None:
        review = _new_review(line, order, author, now)
        verb = "review.written"
    else:
        if review.hidden_at is not None:
            raise Conflict("review_hidden", N_("This review was hidden by the operator and can no longer be changed."))
        if now > review.written_at + EDITABLE:
            raise Conflict("review_fixed", N_("A review can be changed within 14 days, and that time is over."))
        review.changed_at, verb = now, "review.changed"
    review.stars, review.words = opinion.stars, mask_contacts(opinion.words.strip())
    if opinion.pictures:
        review.pictures = [ReviewPicture(name=p.name, width=p.width, height=p.height) for p in opinion.pictures]
    db.session.flush()
    audit.record(verb, "review", review.public_id, actor=author.public_id, at=now, stars=review.stars)
    if verb == "review.written":
        give_notice(NoticeKind.REVIEW, order, review.public_id, to_seller=True, now=now)
    return review


def _own_order(public_id: str, account_id: int) -> Order:
    # Locked, so that a form sent twice writes one review.
    found = db.session.scalars(
        select(Order)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(Order.public_id == public_id, OrderGroup.account_id == account_id)
        .with_for_update(of=Order)
    ).first()
    if found is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return found


def _new_review(line: OrderLine, order: Order, author: Account, now: datetime) -> Review:
    review = Review(
        order_line_id=line.id,
        listing_id=line.listing_id,
        producer_id=order.producer_id,
        account_id=author.id,
        author=masked_name(author.display_name),
        written_at=now,
    )
    db.session.add(review)
    return review


def _check(opinion: Opinion) -> None:
    if not 1 <= opinion.stars <= 5:
        raise Invalid("stars_invalid", N_("Please give one to five stars."))
    if len(opinion.words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)
    if len(opinion.pictures) > MOST_PICTURES:
        raise Invalid("too_many_pictures", N_("Please send at most %(most)s photos."), most=MOST_PICTURES)


def find_review(line_id: int) -> Review | None:
    """The review of a line, if its buyer has written one."""
    return db.session.scalars(select(Review).filter_by(order_line_id=line_id).with_for_update()).first()


def reviews_of_lines(line_ids: Sequence[int]) -> dict[int, Review]:
    """The reviews of lines, by the line's id; the hidden ones as well, for their author."""
    query = select(Review).where(Review.order_line_id.in_(line_ids))
    return {review.order_line_id: review for review in db.session.scalars(query)}


@dataclass(frozen=True)
class ReviewsOfListing:
    """What a page shows of a listing's reviews: the mean over all, how many there are, and the newest."""

    count: int
    mean: float | None
    newest: Sequence[Any]


def reviews_of_listing(listing_id: int, *, limit: int = ON_PAGE, before: int | None = None) -> ReviewsOfListing:
    """The reviews of a listing that are not hidden, newest first, in one statement.

    ``before`` is the ``id`` of the last review of the page before. Mean and count are over all of them in any case.
    """
    shown = (
        select(
            Review.id,
            Review.public_id,
            Review.author,
            Review.stars,
            Review.words,
            Review.written_at,
            Review.changed_at,
            Review.reply,
            Review.replied_at,
            func.count().over().label("number"),
            func.avg(Review.stars).over().label("mean"),
            func.array(
                select(ReviewPicture.public_id)
                .where(ReviewPicture.review_id == Review.id)
                .order_by(ReviewPicture.id)
                .correlate(Review)
                .scalar_subquery()
            ).label("pictures"),
        )
        .where(Review.listing_id == listing_id, Review.hidden_at.is_(None))
        .subquery("shown")
    )
    query = select(shown).order_by(shown.c.id.desc()).limit(limit)
    rows = db.session.execute(query if before is None else query.where(shown.c.id < before)).all()
    if not rows:
        return ReviewsOfListing(0, None, ())
    return ReviewsOfListing(int(rows[0].number), float(rows[0].mean), rows)


def get_review(public_id: str, *, lock: bool = False) -> Review:
    """The review, hidden or not, or ``NotFound``; ``lock`` when it is going to change."""
    query = select(Review).filter_by(public_id=public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    review = db.session.scalars(query).first()
    if review is None:
        raise NotFound("review_unknown", N_("There is no such review."))
    return review


def reply_to_review(public_id: str, words: str, *, producer_id: int, actor: str, now: datetime) -> Review:
    """The seller's one reply.

    Raises
    ------
    NotFound
        For a review of somebody else's goods.
    Conflict
        ``reply_given`` when there is another reply already.
    """
    review = get_review(public_id, lock=True)
    if review.producer_id != producer_id:
        raise NotFound("review_unknown", N_("There is no such review."))
    reply = mask_contacts(words.strip())
    if not reply:
        raise Invalid("words_needed", N_("Please write something here."))
    if len(words) > MOST_REPLY:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_REPLY)
    if review.reply == reply:
        return review
    if review.reply:
        raise Conflict("reply_given", N_("You have replied already. One reply stands under a review."))
    review.reply, review.replied_at = reply, now
    db.session.flush()
    audit.record("review.replied", "review", review.public_id, actor=actor, at=now)
    give_notice(NoticeKind.REVIEW, review.line.order, review.public_id, to_seller=False, now=now)
    return review


def report_review(public_id: str, words: str, *, account_id: int, actor: str, now: datetime) -> bool:
    """Tell the operator that a review should not stand; False when this account has done so before."""
    review = get_review(public_id)
    if review.hidden_at is not None:
        raise NotFound("review_unknown", N_("There is no such review."))
    if not words.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    if len(words) > MOST_REASON:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_REASON)
    made = db.session.execute(
        insert(ReviewReport)
        .values(review_id=review.id, account_id=account_id, words=mask_contacts(words.strip()), at=now)
        .on_conflict_do_nothing()
    )
    if not made.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("review.reported", "review", review.public_id, actor=actor, at=now)
    return True


def hide_review(public_id: str, reason: str, *, actor: str, now: datetime) -> bool:
    """Take a review off the pages, with a reason that its author reads; False when it was hidden before."""
    review = get_review(public_id, lock=True)
    if not reason.strip():
        raise Invalid("reason_needed", N_("Please give the reason; the author reads it."))
    if len(reason) > MOST_REASON:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_REASON)
    _close_reports(review, now)
    if review.hidden_at is not None:
        return False
    review.hidden_at, review.hidden_reason = now, reason.strip()
    db.session.flush()
    audit.record("review.hidden", "review", review.public_id, actor=actor, at=now)
    give_notice(NoticeKind.REVIEW, review.line.order, review.public_id, to_seller=False, now=now)
    return True


def keep_review(public_id: str, *, actor: str, now: datetime) -> bool:
    """Leave a reported review where it is, or show a hidden one again; False when there was nothing to decide."""
    review = get_review(public_id, lock=True)
    waiting, was_hidden = _close_reports(review, now), review.hidden_at is not None
    review.hidden_at, review.hidden_reason = None, ""
    db.session.flush()
    if waiting or was_hidden:
        audit.record("review.kept", "review", review.public_id, actor=actor, at=now)
    return bool(waiting) or was_hidden


def _close_reports(review: Review, now: datetime) -> int:
    waiting = [report for report in review.reports if report.decided_at is None]
    for report in waiting:
        report.decided_at = now
    return len(waiting)


def reported_reviews(*, limit: int = 50) -> Sequence[Review]:
    """Reviews with reports nobody has decided on, the longest waiting first."""
    waiting = (
        select(ReviewReport.review_id, func.min(ReviewReport.id).label("first"))
        .where(ReviewReport.decided_at.is_(None))
        .group_by(ReviewReport.review_id)
        .subquery("waiting")
    )
    query = select(Review).join(waiting, waiting.c.review_id == Review.id).order_by(waiting.c.first).limit(limit)
    return db.session.scalars(query.options(joinedload(Review.line), selectinload(Review.reports))).all()


def hidden_reviews(*, limit: int = 20) -> Sequence[Review]:
    """What was hidden, the last first."""
    query = select(Review).where(Review.hidden_at.is_not(None)).order_by(Review.hidden_at.desc()).limit(limit)
    return db.session.scalars(query.options(joinedload(Review.line), selectinload(Review.reports))).all()


def reviews_of_producer(producer_id: int, *, limit: int = 50) -> Sequence[Review]:
    """What buyers say of a seller's goods, newest first."""
    query = select(Review).where(Review.producer_id == producer_id, Review.hidden_at.is_(None)).order_by(Review.id.desc())
    return db.session.scalars(query.options(joinedload(Review.line), selectinload(Review.pictures)).limit(limit)).all()


def find_review_picture(review_public_id: str, picture_public_id: str) -> ReviewPicture | None:
    """A picture of a review that everybody may see."""
    return db.session.scalars(
        select(ReviewPicture)
        .join(Review, Review.id == ReviewPicture.review_id)
        .where(Review.public_id == review_public_id, ReviewPicture.public_id == picture_public_id, Review.hidden_at.is_(None))
    ).first()
