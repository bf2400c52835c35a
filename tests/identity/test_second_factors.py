"""Codes of a phone: right by RFC 6238, taken once, in force when confirmed, taken away by others alone and with a reason."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RecoveryCode, RoleKind, SecondFactor
from marketplace.identity.second_factors import (
    address_for_app,
    begin_enrolment,
    check_code,
    confirm_enrolment,
    end_own,
    find_waiting,
    last_reset,
    matching_step,
    recovery_codes_left,
    renew_recovery_codes,
    reset,
    reset_by_command,
)
from marketplace.kernel import embedded_postgres
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from tests import factories
from tests.own_database import own_database, race

NOW = datetime(2026, 6, 15, 4, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)
# RFC 6238, appendix B, SHA-1: the secret's bytes, and the codes of eight figures at moments in Unix seconds.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert pyotp.TOTP(RFC_SECRET, digits=8).at(at) == code
    # Six figures are the last six of the eight, because both are remainders of one number.
    step = seconds // 30
    assert matching_step(RFC_SECRET, code[2:], at) == step
    assert matching_step(RFC_SECRET, code[2:], at + STEP) == step
    assert matching_step(RFC_SECRET, code[2:], at + 2 * STEP) is None
    if step:
        assert matching_step(RFC_SECRET, code[2:], at - STEP) == step
    assert matching_step(RFC_SECRET, code, at) is None
    assert matching_step(RFC_SECRET, "一二三四五六", at) is None


def officer(area: str = "522636", login: str = "officer") -> Account:
    return factories.account((RoleKind.OFFICER, area), login=login)


def code_at(account: Account, now: datetime) -> str:
    factor = db.session.scalars(
        select(SecondFactor).filter_by(account_id=account.id).order_by(SecondFactor.id.desc()).limit(1)
    ).one()
    return pyotp.TOTP(factor.secret).at(now)


def enrol(account: Account, now: datetime = NOW) -> list[str]:
    with transaction():
        begin_enrolment(account, now=now)
        return confirm_enrolment(account, code_at(account, now), now=now)


def take(account: Account, code: str, now: datetime) -> None:
    with transaction():
        check_code(account, code, now=now)


def verbs() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.verb).order_by(AuditEvent.id)))


def test_a_secret_counts_when_its_first_code_has_been_shown(session: Session) -> None:
    who = officer()
    with transaction():
        factor = begin_enrolment(who, now=NOW)
    assert address_for_app(factor, who.login) == (
        f"otpauth://totp/%E5%86%9C%E6%A1%A5:officer?secret={factor.secret}&issuer=%E5%86%9C%E6%A1%A5"
    )
    with pytest.raises(Invalid, match="This code is not right"), transaction():
        confirm_enrolment(who, pyotp.TOTP(factor.secret).at(NOW + 5 * STEP), now=NOW)
    session.refresh(who)
    assert (who.second_factor_since, who.session_epoch, recovery_codes_left(who)) == (None, 0, 0)
    with transaction():
        codes = confirm_enrolment(who, f" {code_at(who, NOW)[:3]} {code_at(who, NOW)[3:]} ", now=NOW)
    assert len(set(codes)) == 10
    assert all(len(code) == 11 and code[5] == "-" for code in codes)
    assert (who.second_factor_since, who.session_epoch, recovery_codes_left(who)) == (NOW, 1, 10)
    assert find_waiting(who) is None
    with pytest.raises(Conflict, match="Please begin again"), transaction():
        confirm_enrolment(who, code_at(who, NOW), now=NOW)
    assert verbs() == ["second_factor.confirmed"]


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_table(session: Session) -> None:
    who = officer()
    codes = enrol(who)
    secret = session.scalars(select(SecondFactor.secret)).one()
    raw = session.execute(text("SELECT secret FROM second_factor")).scalar_one()
    assert secret.encode() not in bytes(raw)
    digests = b"".join(session.scalars(select(RecoveryCode.digest)))
    assert len(digests) == 320
    assert not any(code.replace("-", "").encode() in digests for code in codes)


def test_a_code_is_taken_once_and_none_before_it_any_more(session: Session) -> None:
    who = officer()
    enrol(who)
    # The code that confirmed it has been used by that.
    with pytest.raises(NotSignedIn):
        take(who, code_at(who, NOW), NOW)
    later = NOW + 2 * STEP
    take(who, code_at(who, later), later)
    for used in (later, later - STEP):
        with pytest.raises(NotSignedIn, match="too old, or was used before"):
            take(who, code_at(who, used), later)
    take(who, code_at(who, later + STEP), later)


def test_a_recovery_code_lets_in_once_however_it_is_copied(session: Session) -> None:
    who, other = officer(), officer(login="other")
    codes, others = enrol(who), enrol(other)
    take(who, codes[3].upper().replace("-", " "), NOW)
    assert recovery_codes_left(who) == 9
    for wrong in (codes[3], others[0], "22222-22222", ""):
        with pytest.raises(NotSignedIn):
            take(who, wrong, NOW)
    assert (recovery_codes_left(who), recovery_codes_left(other)) == (9, 10)
    with transaction():
        new = renew_recovery_codes(who, now=NOW)
    with pytest.raises(NotSignedIn):
        take(who, codes[4], NOW)
    take(who, new[0], NOW)
    assert verbs()[-3:] == [
        *("second_factor.recovery_code_used", "second_factor.recovery_codes_renewed", "second_factor.recovery_code_used"),
    ]


def test_another_phone_takes_the_place_of_the_first_when_it_has_shown_a_code(session: Session) -> None:
    who = officer()
    enrol(who)
    first = session.scalars(select(SecondFactor.secret)).one()
    for _ in range(2):
        with transaction():
            begin_enrolment(who, now=NOW)
    assert session.scalar(select(func.count(SecondFactor.id))) == 2
    later = NOW + 2 * STEP
    take(who, pyotp.TOTP(first).at(later), later)
    with transaction():
        confirm_enrolment(who, code_at(who, later), now=later)
    assert session.scalar(select(func.count(SecondFactor.id))) == 1
    with pytest.raises(NotSignedIn):
        take(who, pyotp.TOTP(first).at(later + 2 * STEP), later + 2 * STEP)


def test_an_account_without_it_has_no_right_code(session: Session) -> None:
    who = officer()
    # A refusal rolls back, and must not take the account with it.
    session.commit()
    with pytest.raises(NotSignedIn):
        take(who, "000000", NOW)
    with pytest.raises(Conflict), transaction():
        renew_recovery_codes(who, now=NOW)
    enrol(who)
    with transaction():
        end_own(who, now=NOW)
    assert (who.second_factor_since, recovery_codes_left(who)) == (None, 0)
    with pytest.raises(NotSignedIn):
        take(who, "000000", NOW)


def test_a_colleague_takes_it_away_with_a_reason_that_is_kept(session: Session) -> None:
    who, chief = officer("522636100", "village"), officer("522636", "chief")
    enrol(who)
    assert last_reset(who) is None
    with transaction():
        reset(" VILLAGE ", " phone lost, seen in person ", by=chief, now=NOW)
    assert (who.second_factor_since, who.session_epoch, session.scalar(select(func.count(SecondFactor.id)))) == (None, 2, 0)
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.verb, event.actor, event.object_id) == ("second_factor.reset", chief.public_id, who.public_id)
    assert last_reset(who) == {"at": NOW, "actor": chief.public_id, "reason": "phone lost, seen in person"}
    enrol(who)
    assert last_reset(who) is None


@pytest.mark.parametrize(
    ("helper", "lost", "may"),
    [
        ((RoleKind.OFFICER, "522636"), (RoleKind.OFFICER, "522636"), True),
        ((RoleKind.OFFICER, "522636"), (RoleKind.OFFICER, "522636100"), True),
        ((RoleKind.OFFICER, "522636"), (RoleKind.OFFICER, "5226"), False),
        ((RoleKind.OFFICER, "522636"), (RoleKind.OFFICER, "522601"), False),
        ((RoleKind.OFFICER, "52"), (RoleKind.OPERATOR, ""), False),
        ((RoleKind.OPERATOR, ""), (RoleKind.OPERATOR, ""), True),
        ((RoleKind.OPERATOR, ""), (RoleKind.OFFICER, "52"), True),
        ((RoleKind.CONSUMER, ""), (RoleKind.OFFICER, "52"), False),
    ],
)
def test_an_officer_helps_within_the_own_area_and_an_operator_everybody(
    session: Session, helper: tuple[RoleKind, str], lost: tuple[RoleKind, str], may: bool
) -> None:
    by, who = factories.account(helper, login="helper"), factories.account(lost, login="lost")
    enrol(who)
    if may:
        with transaction():
            assert reset("lost", "reason", by=by, now=NOW) is who
        return
    with pytest.raises(NotFound), transaction():
        reset("lost", "reason", by=by, now=NOW)
    session.refresh(who)
    assert (who.second_factor_since, verbs()) == (NOW, ["second_factor.confirmed"])


def test_nobody_takes_away_their_own_nor_without_a_reason(session: Session) -> None:
    by, who = factories.account((RoleKind.OPERATOR, ""), login="by"), officer(login="lost")
    enrol(by)
    with pytest.raises(NotFound), transaction():
        reset("lost", "not enrolled", by=by, now=NOW)
    enrol(who)
    with pytest.raises(Forbidden, match="Nobody takes away their own"), transaction():
        reset("by", "reason", by=by, now=NOW)
    for reason in ("  ", "x" * 201):
        with pytest.raises(Invalid), transaction():
            reset("lost", reason, by=by, now=NOW)
    session.refresh(who)
    assert who.second_factor_since == NOW


def test_the_last_one_is_helped_by_a_command(session: Session) -> None:
    who = factories.account((RoleKind.OPERATOR, ""), login="last")
    enrol(who)
    with transaction():
        reset_by_command("last", "the only operator", now=NOW)
    assert (who.second_factor_since, verbs()[-1]) == (None, "second_factor.reset")
    for nobody in ("last", "nobody"):
        with pytest.raises(NotFound), transaction():
            reset_by_command(nobody, "again", now=NOW)


@pytest.fixture(scope="module")
def place(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "codes") as app:
        yield app


def test_of_two_who_send_one_code_at_once_one_is_let_in(place: Flask) -> None:
    with place.app_context():
        with transaction():
            account_id = officer().id
        codes = enrol(db.session.get_one(Account, account_id))
        later = NOW + 2 * STEP
        code = code_at(db.session.get_one(Account, account_id), later)
        db.session.rollback()

    def send(what: str) -> str:
        take(db.session.get_one(Account, account_id), what, later)
        return "in"

    for what, lock in ((code, "second_factor"), (codes[0], "recovery_code")):
        answers = race(place, *[lambda what=what: send(what)] * 2, behind=f"LOCK TABLE {lock} IN EXCLUSIVE MODE")  # type: ignore[misc]
        assert sorted("in" if answer == "in" else answer.code for answer in answers) == ["code_wrong", "in"]
