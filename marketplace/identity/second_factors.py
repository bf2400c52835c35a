"""The second step of signing in: a code that an app on the phone makes of a shared secret by the time (TOTP, RFC 6238).

A code holds for its step of thirty seconds and the one before and after it, because clocks differ, and is taken once. Ten
recovery codes on paper stand in for a lost phone, each once. Whoever has lost both asks a colleague to take the second factor
away, with a reason, and then enrols again.
"""

import hmac
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import delete, select, update

from marketplace.identity.models import Account, RecoveryCode, RoleKind, SecondFactor
from marketplace.identity.queries import find_account_by_login, scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from marketplace.kernel.privacy import blind_index
from marketplace.regions.codes import contains

# Whose accounts open other people's affairs, and so must not open to whoever has seen a password.
KINDS = frozenset({RoleKind.OFFICER, RoleKind.OPERATOR, RoleKind.AUDITOR})
ISSUER = "农桥"
RECOVERY_CODES = 10
_RECOVERY_LENGTH = 10
_DRIFT_STEPS = 1
_LONGEST_REASON = 200


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, of those that hold now; None when it is of none.

    Parameters
    ----------
    secret : str
        In base 32.
    code : str
        Six figures.
    """
    totp = pyotp.TOTP(secret)
    present = totp.timecode(now)
    # All are compared, in constant time, so that the answer's time tells nothing.
    found = [
        step
        for step in range(max(0, present - _DRIFT_STEPS), present + _DRIFT_STEPS + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return found[0] if found else None


def begin_enrolment(account: Account, *, now: datetime) -> SecondFactor:
    """A new secret that waits for its first code; one that waited before is forgotten, one in force stays in force."""
    lock_rows(Account, [account.id])
    db.session.execute(delete(SecondFactor).where(SecondFactor.account_id == account.id, SecondFactor.confirmed_at.is_(None)))
    factor = SecondFactor(account_id=account.id, secret=pyotp.random_base32(), made_at=now)
    db.session.add(factor)
    db.session.flush()
    return factor


def find_waiting(account: Account) -> SecondFactor | None:
    """The secret that waits for its first code."""
    return db.session.scalars(select(SecondFactor).filter_by(account_id=account.id, confirmed_at=None)).first()


def address_for_app(factor: SecondFactor, login: str) -> str:
    """What the app reads off the square code (``otpauth://``)."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=login, issuer_name=ISSUER)


def confirm_enrolment(account: Account, code: str, *, now: datetime) -> list[str]:
    """Put the waiting secret in force with its first code; answers the recovery codes, which nobody can read again.

    Sessions that began before it end, because they had not shown it.

    Raises
    ------
    Conflict
        ``second_factor_not_begun`` when no secret waits.
    Invalid
        ``code_wrong`` for a code that is not of this secret.
    """
    account = lock_rows(Account, [account.id])[account.id]
    factor = find_waiting(account)
    if factor is None:
        raise Conflict("second_factor_not_begun", N_("Please begin again: scan the square code first."))
    step = matching_step(factor.secret, _figures(code), now)
    if step is None:
        raise Invalid("code_wrong", N_("This code is not right. Wait for the next one and check the phone’s clock."))
    db.session.execute(
        delete(SecondFactor).where(SecondFactor.account_id == account.id, SecondFactor.confirmed_at.is_not(None))
    )
    factor.confirmed_at, factor.last_step = now, step
    account.second_factor_since = now
    account.session_epoch += 1
    codes = _new_recovery_codes(account, now)
    audit.record("second_factor.confirmed", "account", account.public_id, actor=account.public_id, at=now)
    return codes


def check_code(account: Account, code: str, *, now: datetime) -> None:
    """Take a code of the phone, or a recovery code, once. The caller counts failures, as for passwords.

    Raises
    ------
    NotSignedIn
        ``code_wrong`` for one that is not right, is too old or was taken before.
    """
    figures = _figures(code)
    # Locked, so that of two who send the same code at once only one is let in.
    factor = db.session.scalars(
        select(SecondFactor)
        .where(SecondFactor.account_id == account.id, SecondFactor.confirmed_at.is_not(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if factor is None:
        raise _wrong()
    step = matching_step(factor.secret, figures, now)
    if step is not None and factor.last_step is not None and step > factor.last_step:
        factor.last_step = step
        db.session.flush()
        return
    _use_recovery_code(account, figures, now)


def _use_recovery_code(account: Account, code: str, now: datetime) -> None:
    used = db.session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account.id, RecoveryCode.digest == _digest(account, code))
        .where(RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.id)
    ).first()
    if used is None:
        raise _wrong()
    audit.record(
        "second_factor.recovery_code_used",
        *("account", account.public_id),
        actor=account.public_id,
        at=now,
        left=recovery_codes_left(account),
    )


def recovery_codes_left(account: Account) -> int:
    """How many of an account's recovery codes are still good."""
    return len(db.session.scalars(select(RecoveryCode.id).filter_by(account_id=account.id, used_at=None)).all())


def renew_recovery_codes(account: Account, *, now: datetime) -> list[str]:
    """Ten new recovery codes in place of all before. The caller has taken a code for it."""
    if account.second_factor_since is None:
        raise Conflict("second_factor_off", N_("Signing in asks for no code yet."))
    codes = _new_recovery_codes(account, now)
    audit.record("second_factor.recovery_codes_renewed", "account", account.public_id, actor=account.public_id, at=now)
    return codes


def end_own(account: Account, *, now: datetime) -> None:
    """Ask an account for no code any more, by its own wish. The caller has taken a code for it."""
    _take_away(account)
    audit.record("second_factor.ended", "account", account.public_id, actor=account.public_id, at=now)


def reset(login: str, reason: str, *, by: Account, now: datetime) -> Account:
    """Take the second factor of somebody who has lost it away, and end their sessions; they enrol again.

    Raises
    ------
    NotFound
        For an account that has none, or that is not among those the other may help: an operator helps everybody, an officer
        those whose areas all lie within the officer's own.
    Forbidden
        ``own_second_factor`` for one's own: whoever holds an open session could otherwise do away with it.
    Invalid
        Without a reason.
    """
    found = find_account_by_login(login[:120])
    if found is not None and found.id == by.id:
        raise Forbidden("own_second_factor", N_("Nobody takes away their own. Please ask a colleague."))
    if found is None or not _may_help(by, found):
        raise NotFound("second_factor_unknown", N_("There is no account of this name with a second step that you may reset."))
    return _reset(found, reason, actor=by.public_id, now=now)


def reset_by_command(login: str, reason: str, *, now: datetime) -> Account:
    """The same for the last one, whom nobody is left to help; by whoever has a shell on the server."""
    found = find_account_by_login(login[:120])
    if found is None:
        raise NotFound("second_factor_unknown", N_("There is no account of this name with a second step that you may reset."))
    return _reset(found, reason, actor="cli", now=now)


def _may_help(by: Account, other: Account) -> bool:
    kinds = {RoleKind(role.kind) for role in by.roles}
    if RoleKind.OPERATOR in kinds:
        return True
    theirs = {RoleKind(role.kind) for role in other.roles}
    own_areas, areas = scopes(by, RoleKind.OFFICER), scopes(other, RoleKind.OFFICER)
    within = all(any(contains(own, area) for own in own_areas) for area in areas)
    return bool(areas) and within and RoleKind.OPERATOR not in theirs


def _reset(account: Account, reason: str, *, actor: str, now: datetime) -> Account:
    reason = reason.strip()
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise Invalid("reason_invalid", N_("Please give the reason in 1 to 200 characters."))
    account = lock_rows(Account, [account.id])[account.id]
    if account.second_factor_since is None:
        raise NotFound("second_factor_unknown", N_("There is no account of this name with a second step that you may reset."))
    _take_away(account)
    account.session_epoch += 1
    audit.record("second_factor.reset", "account", account.public_id, actor=actor, at=now, reason=reason)
    return account


def last_reset(account: Account) -> dict[str, Any] | None:
    """Who has taken an account's second factor away, when and why, while it has no new one."""
    if account.second_factor_since is not None:
        return None
    last = next((act for act in audit.acts_on("account", account.public_id) if act.verb.startswith("second_factor.")), None)
    if last is None or last.verb != "second_factor.reset":
        return None
    return {"at": last.at, "actor": last.actor, "reason": last.data["reason"]}


def _take_away(account: Account) -> None:
    for model in (SecondFactor, RecoveryCode):
        db.session.execute(delete(model).where(model.account_id == account.id))
    account.second_factor_since = None
    db.session.flush()


def _new_recovery_codes(account: Account, now: datetime) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [ids.public_id()[:_RECOVERY_LENGTH] for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(account_id=account.id, digest=_digest(account, code), made_at=now) for code in codes)
    db.session.flush()
    half = _RECOVERY_LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def _digest(account: Account, code: str) -> bytes:
    """Keyed, so that a stolen table lets nobody try codes out."""
    return blind_index(code, f"recovery_code:{account.public_id}")


def _figures(code: str) -> str:
    """People copy codes with blanks and dashes, and in capitals."""
    return "".join(code.split()).replace("-", "").lower()[:40]


def _wrong() -> NotSignedIn:
    return NotSignedIn("code_wrong", N_("This code is not right, too old, or was used before. Please take the next one."))
