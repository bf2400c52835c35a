"""Articles, questions, prices and alerts in words, for the farm's, the office's and the public pages."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from marketplace.advisory.facts import WORDS
from marketplace.advisory.models import Direction, Nature, PolicyArticle, PolicyDocument, PolicyQuestion, PriceAlert
from marketplace.advisory.price_index import IndexPoint, runs_between_gaps
from marketplace.advisory.queries import is_in_force
from marketplace.advisory.states import AlertState, QuestionState
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.web.charts import line_positions
from marketplace.web.filters import day as day_text
from marketplace.web.languages import pick
from marketplace.web.places import place_name

NATURES = {
    Nature.ORIGINAL: N_("The issuer’s own words"),
    Nature.SUMMARY: N_("Summary in our words"),
    Nature.ANSWER: N_("An office’s answer"),
}
QUESTION_STATES = {
    QuestionState.WAITING: (N_("Waits for an officer"), "wait"),
    QuestionState.ANSWERED: (N_("Answered"), "good"),
    QuestionState.WITHDRAWN: (N_("Taken back"), "neutral"),
}
ALERT_STATES = {
    AlertState.WAITING: (N_("Waits"), "wait"),
    AlertState.REACHED: (N_("Reached"), "good"),
    AlertState.REMOVED: (N_("Removed"), "neutral"),
}
DIRECTIONS = {
    Direction.UP_TO: N_("rises to at least"),
    Direction.DOWN_TO: N_("falls to at most"),
}


def area_in_words(code: str | None) -> str:
    """The name of the area that a document is for."""
    return str(_("Nationwide")) if code is None else place_name(area_names([code])[code])


def document_words(document: PolicyDocument, day: date) -> dict[str, Any]:
    """A document's head."""
    return {
        "public_id": document.public_id,
        "title": document.title,
        "issuer": document.issuer,
        "number": document.number,
        "area": area_in_words(document.area_code),
        "nature": _(NATURES[Nature(document.nature)]),
        "is_summary": document.nature == Nature.SUMMARY,
        "valid_from": document.valid_from,
        "valid_until": document.valid_until,
        "version": document.version,
        "source": document.source,
        "holds": is_in_force(document, day),
    }


def article_words(article: PolicyArticle, day: date) -> dict[str, Any]:
    """An article with the head of its document, in the reader's language where it has it."""
    return {
        "public_id": article.public_id,
        "heading": pick(article.heading, article.heading_en or article.heading),
        "words": pick(article.words, article.words_en or article.words),
        "document": document_words(article.document, day),
    }


def reasons_in_words(reasons: Sequence[str]) -> str:
    """Facts of a file as one list."""
    return str(_(", ")).join(str(_(WORDS[reason])) for reason in reasons)


def question_words(question: PolicyQuestion, day: date) -> dict[str, Any]:
    """A question and what became of it."""
    state = QuestionState(question.state)
    label, tone = QUESTION_STATES[state]
    return {
        "public_id": question.public_id,
        "reference": question.reference,
        "words": question.words,
        "asked_at": question.asked_at,
        "due_on": question.due_on,
        "late": state is QuestionState.WAITING and question.due_on is not None and question.due_on < day,
        "state": (_(label), tone),
        "waiting": state is QuestionState.WAITING,
        "answer": question.answer,
        "answered_at": question.answered_at,
    }


def alert_words(alert: PriceAlert, names: Mapping[int, str]) -> dict[str, Any]:
    """An alert and whether it was reached."""
    label, tone = ALERT_STATES[AlertState(alert.state)]
    return {
        "public_id": alert.public_id,
        "name": names[alert.product_id],
        "direction": _(DIRECTIONS[Direction(alert.direction)]),
        "price_fen": alert.price_fen,
        "state": (_(label), tone),
        "reached_on": alert.reached_on,
        "reached_fen": alert.reached_fen,
    }


def line_in_pieces(values: Sequence[float | None]) -> dict[str, Any]:
    """A line as its unbroken pieces, for a drawing in which a gap stays a gap; ``top`` and ``bottom`` are its edges."""
    known = [value for value in values if value is not None]
    top = max(1, max(known, default=1) * 1.1)
    positions = line_positions([round(100 * (value or 0)) for value in values], round(100 * top))
    return {"top": top, "pieces": [[positions[at] for at in run] for run in runs_between_gaps(values)]}


def index_rows(points: Mapping[date, IndexPoint]) -> list[dict[str, Any]]:
    """The index week by week as text, the newest first."""
    return [
        {
            "week": day_text(monday),
            "index": None if point.value is None else f"{point.value:.1f}",
            "matched": point.matched,
        }
        for monday, point in reversed(list(points.items()))
    ]
