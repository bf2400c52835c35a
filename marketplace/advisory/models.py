"""Documents with their articles, questions to a person, alerts on prices."""

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.advisory.states import AlertState, QuestionState
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId


class Nature(enum.StrEnum):
    """What a text is: the issuer's own words, our summary of them, or an answer that an office gave."""

    ORIGINAL = "original"
    SUMMARY = "summary"
    ANSWER = "answer"


class Direction(enum.StrEnum):
    """From which side an alert waits for its price."""

    UP_TO = "up_to"
    DOWN_TO = "down_to"


class PolicyDocument(Base):
    """One version of a document. Of those of one lineage the last that has begun holds, and none before it."""

    __tablename__ = "policy_document"
    __table_args__ = (
        CheckConstraint("nature IN ('original', 'summary', 'answer')", name="nature_known"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_beginning"),
        # What ages without anybody seeing it must have an end.
        CheckConstraint("nature <> 'answer' OR valid_until IS NOT NULL", name="answer_ends"),
        CheckConstraint("version >= 1", name="version_counts"),
        UniqueConstraint("lineage", "version"),
        Index("ix_policy_document_area_code", "area_code"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    lineage: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(SmallInteger)
    nature: Mapped[str] = mapped_column(String(8))
    # None is the nation.
    area_code: Mapped[str | None] = mapped_column(String(12, collation="C"), ForeignKey("area.code"))
    issuer: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(160))
    number: Mapped[str] = mapped_column(String(60))
    valid_from: Mapped[Day]
    valid_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(300))
    # None for what comes with the program.
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[Moment]

    articles: Mapped[list["PolicyArticle"]] = relationship(back_populates="document", order_by="PolicyArticle.place")


class PolicyArticle(Base):
    """A part of a document that can answer by itself. ``facts`` are those of a file to which it entitles (``facts``)."""

    __tablename__ = "policy_article"
    __table_args__ = (
        UniqueConstraint("document_id", "place"),
        Index("ix_policy_article_search_terms", "search_terms", postgresql_using="gin"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    document_id: Mapped[int] = mapped_column(ForeignKey("policy_document.id"))
    place: Mapped[int] = mapped_column(SmallInteger)
    heading: Mapped[str] = mapped_column(String(160))
    words: Mapped[str] = mapped_column(Text)
    heading_en: Mapped[str] = mapped_column(String(160), default="")
    words_en: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[list[str]] = mapped_column(ARRAY(String(24)), default=list)
    # The terms of all of its words (``relevance.terms``), and how many they are with repeats.
    search_terms: Mapped[str] = mapped_column(TSVECTOR, deferred=True)
    length: Mapped[int] = mapped_column(Integer)

    document: Mapped[PolicyDocument] = relationship(back_populates="articles")


class PolicyQuestion(Base):
    """A question for a person, because no article answered it or whoever asked wanted one."""

    __tablename__ = "policy_question"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'answered', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered_has_moment"),
        CheckConstraint("(answered_by_id IS NULL) = (answered_at IS NULL)", name="answered_by_somebody"),
        Index("ix_policy_question_waiting", "area_code", "due_on", postgresql_where=text("state = 'waiting'")),
        Index("ix_policy_question_account_id", "account_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    words: Mapped[str] = mapped_column(Text)
    # The best relevance that any article had, in ten-thousandths.
    relevance_bp: Mapped[int] = mapped_column(SmallInteger)
    asked_at: Mapped[Moment]
    # None where the holidays of the year are not known yet.
    due_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(12), default=QuestionState.WAITING)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[Moment | None]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("policy_article.id"))


class PriceAlert(Base):
    """A price of a kind of goods at the market, per 500 g, that somebody wants to be told of."""

    __tablename__ = "price_alert"
    __table_args__ = (
        CheckConstraint("direction IN ('up_to', 'down_to')", name="direction_known"),
        CheckConstraint("state IN ('waiting', 'reached', 'removed')", name="state_known"),
        CheckConstraint("price_fen > 0", name="price_positive"),
        CheckConstraint("(reached_on IS NULL) = (reached_fen IS NULL)", name="reached_has_price"),
        CheckConstraint("state <> 'reached' OR reached_on IS NOT NULL", name="reached_has_day"),
        # The same wish twice would be told twice.
        Index(
            "uq_price_alert_waiting",
            "account_id",
            "product_id",
            "direction",
            "price_fen",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_price_alert_product_id", "product_id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    direction: Mapped[str] = mapped_column(String(8))
    price_fen: Mapped[Fen]
    set_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12), default=AlertState.WAITING)
    reached_on: Mapped[date | None]
    reached_fen: Mapped[Fen | None]
