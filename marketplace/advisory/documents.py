"""Entering documents and their newer versions, and letting one end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import array

from marketplace.advisory.article_lists import Draft
from marketplace.advisory.models import Nature, PolicyArticle, PolicyDocument
from marketplace.advisory.queries import all_words
from marketplace.advisory.relevance import terms
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area


@dataclass(frozen=True)
class Heading:
    """What stands over a document; ``area_code`` None is the nation."""

    nature: Nature
    area_code: str | None
    issuer: str
    title: str
    number: str
    valid_from: date
    valid_until: date | None
    source: str


def may_enter(by: Account, area_code: str | None) -> bool:
    """Whether somebody may write what holds in an area: its officers and those above; for the nation any province's."""
    own = scopes(by, RoleKind.OFFICER)
    if area_code is None:
        return any(len(code) <= Level.PROVINCE for code in own)
    return any(contains(code, area_code) for code in own)


def enter_document(heading: Heading, articles: Sequence[Draft], *, by: Account, now: datetime) -> PolicyDocument:
    """Put a document into the base; from its first day on it answers.

    Raises
    ------
    Forbidden
        ``other_area`` for whoever is no officer over the area.
    Invalid
        ``term_backward``.
    """
    _check(heading, by)
    return add_version(heading, articles, ids.public_id(), 1, by_id=by.id, actor=by.public_id, now=now)


def replace_document(
    old: PolicyDocument, heading: Heading, articles: Sequence[Draft], *, by: Account, now: datetime
) -> PolicyDocument:
    """Enter a newer version of a document; the old one answers until the new one begins, and stays readable.

    Raises
    ------
    Forbidden, Invalid
        As ``enter_document``; ``begins_before`` when it would begin before the version that it replaces; ``area_differs``.
    Conflict
        ``version_old`` when somebody has replaced this version meanwhile.
    """
    _check(heading, by)
    if heading.area_code != old.area_code:
        raise Invalid("area_differs", N_("A new version holds in the same area as the one before."))
    if heading.valid_from < old.valid_from:
        raise Invalid("begins_before", N_("A new version cannot begin before the one that it replaces."))
    old = lock_rows(PolicyDocument, [old.id])[old.id]
    newest = db.session.query(func.max(PolicyDocument.version)).filter_by(lineage=old.lineage).scalar()
    if newest != old.version:
        raise Conflict("version_old", N_("There is a newer version of this document already."))
    return add_version(heading, articles, old.lineage, old.version + 1, by_id=by.id, actor=by.public_id, now=now)


def end_document(document: PolicyDocument, last_day: date, *, by: Account, now: datetime) -> None:
    """Say on which day a document holds last; after it, it answers nobody.

    Raises
    ------
    Forbidden
        ``other_area``.
    Invalid
        ``term_backward``.
    """
    document = lock_rows(PolicyDocument, [document.id])[document.id]
    _check_office(by, document.area_code)
    if last_day < document.valid_from:
        raise Invalid("term_backward", N_("A document cannot end before it begins."))
    document.valid_until = last_day
    db.session.flush()
    ended = ("advisory.document_ended", "policy_document", document.public_id)
    audit.record(*ended, actor=by.public_id, at=now, last_day=last_day.isoformat())


def add_version(
    heading: Heading, articles: Sequence[Draft], lineage: str, version: int, *, by_id: int | None, actor: str, now: datetime
) -> PolicyDocument:
    """Write a version down without asking who may: for what the program itself brings, and for the functions above."""
    document = PolicyDocument(
        lineage=lineage,
        version=version,
        entered_by_id=by_id,
        entered_at=now,
        **{name: getattr(heading, name) for name in _HEADING},
    )
    db.session.add(document)
    db.session.flush()
    for place, draft in enumerate(articles, 1):
        article = PolicyArticle(
            document=document,
            place=place,
            heading=draft.heading,
            words=draft.words,
            heading_en=draft.heading_en,
            words_en=draft.words_en,
            facts=list(draft.facts),
        )
        counted = Counter(terms(all_words(article)))
        article.length = counted.total()
        article.search_terms = func.array_to_tsvector(array(sorted(counted) or [""]))
        db.session.add(article)
    db.session.flush()
    entered = ("advisory.document_entered", "policy_document", document.public_id)
    audit.record(*entered, actor=actor, at=now, lineage=lineage, version=version, articles=len(articles))
    return document


_HEADING = ("nature", "area_code", "issuer", "title", "number", "valid_from", "valid_until", "source")


def _check(heading: Heading, by: Account) -> None:
    if heading.area_code is not None:
        get_area(heading.area_code)
    _check_office(by, heading.area_code)
    if heading.valid_until is not None and heading.valid_until < heading.valid_from:
        raise Invalid("term_backward", N_("A document cannot end before it begins."))


def _check_office(by: Account, area_code: str | None) -> None:
    if not may_enter(by, area_code):
        raise Forbidden("other_area", N_("Only officers over the area write what holds there."))
