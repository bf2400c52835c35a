"""From a question to its answer: articles where one is relevant enough, else a person with a deadline."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from marketplace.advisory.article_lists import Draft
from marketplace.advisory.documents import Heading, enter_document
from marketplace.advisory.models import PolicyArticle, PolicyQuestion
from marketplace.advisory.queries import Found, articles_about
from marketplace.advisory.relevance import LEAST_RELEVANCE, LONGEST_QUESTION
from marketplace.advisory.states import QUESTIONS, QuestionAction, QuestionState
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.workdays import CalendarEnds, Term
from marketplace.regions.codes import contains
from marketplace.registry.answer_rules import ANSWER_WITHIN
from marketplace.registry.rules import rule
from marketplace.registry.workdays import workdays_in

# As many articles as an answer shows.
MOST_SHOWN = 3
# As many questions as somebody may have waiting at once.
MOST_WAITING = 5
LONGEST_ANSWER = 5_000


@dataclass(frozen=True)
class Answer:
    """What the base says to a question on a day: no article when none is relevant enough; ``best`` is the best relevance."""

    articles: list[Found]
    best: float


def answer_from_base(question: str, area_code: str | None, day: date) -> Answer:
    """The articles that answer a question in an area on a day, the best first, at most ``MOST_SHOWN``."""
    found = articles_about(question, area_code, day)
    enough = [each for each in found if each.relevance >= LEAST_RELEVANCE]
    return Answer(enough[:MOST_SHOWN], max((each.relevance for each in found), default=0.0))


def ask_person(question: str, area_code: str, *, by: Account, now: datetime) -> PolicyQuestion:
    """Put a question before the officers of an area, who have the time that the area's rule gives.

    Raises
    ------
    Invalid
        ``question_empty``, ``question_long``.
    Conflict
        ``questions_many`` while as many wait as may.
    """
    words = " ".join(question.split())
    if not words:
        raise Invalid("question_empty", N_("Please write your question."))
    if len(words) > LONGEST_QUESTION:
        raise Invalid("question_long", N_("Please ask in at most %(most)s characters."), most=LONGEST_QUESTION)
    # Two sendings at once would each count the other's question as not there yet.
    lock_rows(Account, [by.id])
    waiting = db.session.query(PolicyQuestion).filter_by(account_id=by.id, state=QuestionState.WAITING)
    if (same := waiting.filter_by(words=words).first()) is not None:
        return same
    if waiting.count() >= MOST_WAITING:
        raise Conflict(
            "questions_many", N_("%(most)s of your questions wait for an answer. Please wait for one first."), most=MOST_WAITING
        )
    day = local_day(now)
    row = PolicyQuestion(
        reference=ids.reference("QA", day),
        account_id=by.id,
        area_code=area_code,
        words=words,
        relevance_bp=int(10_000 * answer_from_base(words, area_code, day).best),
        asked_at=now,
        due_on=_due_on(area_code, day),
    )
    db.session.add(row)
    db.session.flush()
    audit.record("advisory.asked", "policy_question", row.public_id, actor=by.public_id, at=now)
    return row


def _due_on(area_code: str, day: date) -> date | None:
    within = Term.of(rule(ANSWER_WITHIN, area_code, day).value)
    works: Callable[[date], bool] = workdays_in(area_code)
    try:
        return within.last_day(day, works)
    except CalendarEnds:
        return None


def answer_question(
    question: PolicyQuestion, words: str, *, by: Account, now: datetime, publish: Heading | None = None
) -> PolicyArticle | None:
    """An officer's answer to whoever asked; with ``publish`` it becomes an article too, under that heading's title.

    Answers the new article, or None. The article has the officer's words alone, nothing of what was asked or by whom.

    Raises
    ------
    Forbidden
        ``other_area``.
    Invalid
        ``answer_empty``, ``answer_long``; those of ``enter_document``.
    Conflict
        ``question_state`` when it was taken back; an answer that was given before stays, and ``already_answered`` says so.
    """
    question = lock_rows(PolicyQuestion, [question.id])[question.id]
    if not any(contains(code, question.area_code) for code in scopes(by, RoleKind.OFFICER)):
        raise Forbidden("other_area", N_("Only officers over the area answer its questions."))
    words = words.strip()
    if not words:
        raise Invalid("answer_empty", N_("Please write an answer."))
    if len(words) > LONGEST_ANSWER:
        raise Invalid("answer_long", N_("Please answer in at most %(most)s characters."), most=LONGEST_ANSWER)
    state = QUESTIONS.next_state(QuestionState(question.state), QuestionAction.ANSWER)
    if state is None:
        raise Conflict("already_answered", N_("Somebody has answered this question already."))
    question.state, question.answer = state, words
    question.answered_by_id, question.answered_at = by.id, now
    article = None
    if publish is not None:
        heading = replace(publish, number=question.reference)
        document = enter_document(heading, [Draft(heading.title, words)], by=by, now=now)
        article = document.articles[0]
        question.article_id = article.id
    db.session.flush()
    answered = ("advisory.answered", "policy_question", question.public_id)
    audit.record(*answered, actor=by.public_id, at=now, published=article is not None)
    return article


def withdraw_question(question: PolicyQuestion, *, by: Account, now: datetime) -> bool:
    """Take one's own question back; False when it was already.

    Raises
    ------
    Conflict
        ``question_state`` once it is answered.
    """
    question = lock_rows(PolicyQuestion, [question.id])[question.id]
    state = QUESTIONS.next_state(QuestionState(question.state), QuestionAction.WITHDRAW)
    if state is None:
        return False
    question.state, question.words = state, ""
    db.session.flush()
    audit.record("advisory.withdrawn", "policy_question", question.public_id, actor=by.public_id, at=now)
    return True
