"""Consents: one in force for a purpose, in words of a version, withdrawn at once, kept as a record of both."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.consents import (
    TEXTS,
    Purpose,
    consents_of,
    current_version,
    find_consent,
    give_consent,
    withdraw_consent,
)
from marketplace.identity.models import Consent, EvidenceKind
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from tests import factories

NOW = factories.NOW
WHO = ("producer", "23456789abcdef")


def give(how: EvidenceKind = EvidenceKind.SIGNED_IN, **more: str) -> bool:
    with transaction():
        return give_consent(*WHO, Purpose.BADGE, how, recorded_by="somebody", now=NOW, **more)


def withdraw() -> bool:
    with transaction():
        return withdraw_consent(*WHO, Purpose.BADGE, by="somebody", now=NOW + timedelta(hours=1))


def test_a_consent_counts_until_it_is_taken_back_and_both_are_kept(session: Session) -> None:
    assert find_consent(*WHO, Purpose.BADGE) is None
    assert give()
    found = find_consent(*WHO, Purpose.BADGE)
    assert found is not None
    assert (found.how, found.text_version, found.given_at, found.recorded_by) == ("signed_in", "2026-01", NOW, "somebody")
    assert withdraw()
    assert find_consent(*WHO, Purpose.BADGE) is None
    assert give(EvidenceKind.PAPER)
    assert [(one.how, one.withdrawn_at) for one in consents_of(*WHO)] == [
        ("paper", None),
        ("signed_in", NOW + timedelta(hours=1)),
    ]
    verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.id)).all()
    assert verbs == ["consent.given", "consent.withdrawn", "consent.given"]


def test_the_same_word_twice_changes_nothing(session: Session) -> None:
    assert [give(), give(), withdraw(), withdraw()] == [True, False, True, False]
    assert len(consents_of(*WHO)) == 1


def test_only_words_that_there_are_can_be_agreed_to(session: Session) -> None:
    with pytest.raises(ValueError, match="there are no words 1999-01 for badge"):
        give(version="1999-01")
    assert (Purpose.BADGE, current_version(Purpose.BADGE)) in TEXTS
    assert consents_of(*WHO) == []


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({}, "uq_consent_in_force"),
        ({"how": "guessed", "purpose": "x"}, "ck_consent_how_known"),
        ({"withdrawn_at": NOW - timedelta(days=1), "withdrawn_by": "x"}, "ck_consent_withdrawn_after_given"),
        ({"withdrawn_at": NOW}, "ck_consent_withdrawn_by_somebody"),
    ],
)
def test_the_table_holds_no_other(session: Session, changes: dict[str, object], constraint: str) -> None:
    give()
    kind, name = WHO
    row = {"owner_kind": kind, "owner_id": name, "purpose": "badge", "text_version": "2026-01", "how": "paper"}
    db.session.add(Consent(**{**row, "given_at": NOW, "recorded_by": "x", **changes}))
    with pytest.raises(IntegrityError, match=constraint):
        db.session.flush()
