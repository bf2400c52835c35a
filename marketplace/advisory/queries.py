"""Reading the policy base, questions and alerts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, func, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY, distinct_on
from sqlalchemy.orm import aliased, contains_eager, selectinload

from marketplace.advisory.models import PolicyArticle, PolicyDocument, PolicyQuestion, PriceAlert
from marketplace.advisory.relevance import Base, in_order, relevances, terms
from marketplace.advisory.states import AlertState, QuestionState
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import within, within_any
from marketplace.registry.reading import Reach


@dataclass(frozen=True)
class Found:
    """An article that answers, with how relevant it is to the question, from 0 to below 1."""

    article: PolicyArticle
    relevance: float


def _in_force(area_code: str | None, day: date) -> ColumnElement[bool]:
    """The condition that a document holds in an area on a day: none of its later versions has begun, and it has not ended."""
    later = aliased(PolicyDocument)
    replaced = select(later.id).where(
        later.lineage == PolicyDocument.lineage, later.version > PolicyDocument.version, later.valid_from <= day
    )
    holds = (PolicyDocument.valid_from <= day) & or_(PolicyDocument.valid_until.is_(None), PolicyDocument.valid_until >= day)
    areas = [] if area_code is None else ancestor_codes(area_code)
    there = or_(PolicyDocument.area_code.is_(None), PolicyDocument.area_code.in_(areas))
    return holds & there & ~replaced.exists()


def _articles(area_code: str | None, day: date) -> Select[Any]:
    query = select(PolicyArticle).join(PolicyArticle.document).options(contains_eager(PolicyArticle.document))
    return query.where(_in_force(area_code, day)).order_by(PolicyArticle.id)


def articles_about(question: str, area_code: str | None, day: date) -> list[Found]:
    """Every article in force in an area on a day that shares a term with a question, the best first (``relevance.in_order``).

    The index finds those that share a term; how often each term occurs is counted on them alone, which is exact.
    """
    wanted = list(dict.fromkeys(terms(question)))
    if not wanted:
        return []
    query = " | ".join(f"'{term}'" for term in wanted)
    having = _articles(area_code, day).where(PolicyArticle.search_terms.op("@@")(cast(query, TSQUERY)))
    found: dict[int, PolicyArticle] = {article.id: article for article in db.session.scalars(having)}
    held = select(func.count(), func.avg(PolicyArticle.length)).join(PolicyArticle.document).where(_in_force(area_code, day))
    number, mean = db.session.execute(held).one()
    if not found:
        return []
    counts = {key: Counter(terms(all_words(article))) for key, article in found.items()}
    scores = relevances(wanted, counts, Base(number, float(mean)))
    rows = [(key, score, level_of(found[key].document.area_code)) for key, score in scores.items()]
    return [Found(found[key], score) for key, score in in_order(rows)]


def all_words(article: PolicyArticle) -> str:
    """All that an article can be found by; its document's title is part of every article of it."""
    parts = (article.document.title, article.heading, article.words, article.heading_en, article.words_en)
    return "\n".join(parts)


def level_of(area_code: str | None) -> int:
    """How narrow an area is: 0 for the nation, 1 for a province, 5 for a village."""
    return 0 if area_code is None else len(ancestor_codes(area_code))


def articles_for_facts(facts: Sequence[str], area_code: str, day: date) -> list[PolicyArticle]:
    """The articles in force that rest on one of these facts, the narrowest area first."""
    if not facts:
        return []
    rows: Sequence[PolicyArticle] = db.session.scalars(
        _articles(area_code, day).where(PolicyArticle.facts.overlap(list(facts)))
    ).all()
    return sorted(rows, key=lambda row: (-level_of(row.document.area_code), row.document_id, row.place))


def get_article(public_id: str) -> PolicyArticle:
    """An article of any version, or ``NotFound``; everybody may read every article."""
    query = select(PolicyArticle).filter_by(public_id=public_id).options(selectinload(PolicyArticle.document))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("article_unknown", N_("There is no such article."))
    return found


def is_in_force(document: PolicyDocument, day: date) -> bool:
    """Whether a document answers on a day in its own area."""
    query = select(PolicyDocument.id).where(PolicyDocument.id == document.id, _in_force(document.area_code, day))
    return db.session.scalar(query) is not None


def documents_for(reach: Reach) -> Sequence[PolicyDocument]:
    """The newest version of every document of one's areas, of those above them and of the nation; the narrowest area first."""
    above = {code for area in reach.areas if area for code in ancestor_codes(area)}
    own = [within(PolicyDocument.area_code, area) for area in reach.areas]  # type: ignore[arg-type]
    seen = or_(PolicyDocument.area_code.is_(None), PolicyDocument.area_code.in_(above), *own)
    newest = select(PolicyDocument).where(seen).ext(distinct_on(PolicyDocument.lineage))
    newest = newest.order_by(PolicyDocument.lineage, PolicyDocument.version.desc())
    rows = db.session.scalars(newest.options(selectinload(PolicyDocument.articles))).all()
    return sorted(rows, key=lambda row: (-level_of(row.area_code), row.area_code or "", row.id))


def get_document(public_id: str) -> PolicyDocument:
    """A version of a document, or ``NotFound``."""
    found = db.session.scalars(select(PolicyDocument).filter_by(public_id=public_id)).first()
    if found is None:
        raise NotFound("document_unknown", N_("There is no such document."))
    return found


def versions_of(document: PolicyDocument) -> Sequence[PolicyDocument]:
    """Every version of a document, the newest first."""
    query = select(PolicyDocument).filter_by(lineage=document.lineage).order_by(PolicyDocument.version.desc())
    return db.session.scalars(query).all()


def questions_of(account_id: int) -> Sequence[PolicyQuestion]:
    """What somebody has asked a person, the newest first."""
    query = select(PolicyQuestion).filter_by(account_id=account_id).order_by(PolicyQuestion.id.desc())
    return db.session.scalars(query).all()


def get_own_question(public_id: str, account_id: int) -> PolicyQuestion:
    """One of somebody's own questions, or ``NotFound``."""
    found = db.session.scalars(select(PolicyQuestion).filter_by(public_id=public_id, account_id=account_id)).first()
    return _there(found)


def waiting_questions(reach: Reach) -> Sequence[PolicyQuestion]:
    """The questions from one's areas that nobody has answered; those due first, and last those whose day is not known."""
    query = select(PolicyQuestion).where(PolicyQuestion.state == QuestionState.WAITING, _from(reach))
    return db.session.scalars(query.order_by(PolicyQuestion.due_on.asc().nulls_last(), PolicyQuestion.id)).all()


def answered_questions(reach: Reach, *, limit: int = 20) -> Sequence[PolicyQuestion]:
    """The questions from one's areas that were answered last."""
    query = select(PolicyQuestion).where(PolicyQuestion.state == QuestionState.ANSWERED, _from(reach))
    return db.session.scalars(query.order_by(PolicyQuestion.answered_at.desc()).limit(limit)).all()


def get_question_within(public_id: str, reach: Reach) -> PolicyQuestion:
    """A question from one's areas, or ``NotFound``."""
    return _there(db.session.scalars(select(PolicyQuestion).where(PolicyQuestion.public_id == public_id, _from(reach))).first())


def _there(question: PolicyQuestion | None) -> PolicyQuestion:
    if question is None:
        raise NotFound("question_unknown", N_("There is no such question."))
    return question


def alerts_of(account_id: int) -> Sequence[PriceAlert]:
    """Somebody's alerts that are not removed, those that were reached first."""
    query = select(PriceAlert).where(PriceAlert.account_id == account_id, PriceAlert.state != AlertState.REMOVED)
    return db.session.scalars(query.order_by(PriceAlert.state, PriceAlert.id.desc())).all()


def get_own_alert(public_id: str, account_id: int) -> PriceAlert:
    """One of somebody's own alerts, or ``NotFound``."""
    found = db.session.scalars(select(PriceAlert).filter_by(public_id=public_id, account_id=account_id)).first()
    if found is None:
        raise NotFound("alert_unknown", N_("There is no such alert."))
    return found


def _from(reach: Reach) -> ColumnElement[bool]:
    return within_any(PolicyQuestion.area_code, reach.areas)
