"""Keeping what a device sends, as it came and sealed, before anything is done with it.

A device sends until it is told that it was heard. The instance id, under a unique index, makes any number of tries one
submission; files may come one by one, each try carrying the form itself again.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.privacy import new_record_key, open_in_record, seal_in_record
from marketplace.registry.forms.answering import photo_names
from marketplace.registry.forms.instances import Instance, read_instance
from marketplace.registry.forms.versions import find_version, model_of
from marketplace.registry.models import FormSubmission, SubmissionMedium, SubmissionState
from marketplace.registry.reading import unbounded

_RAW, _MEDIUM = "form_submission.sealed_raw", "submission_medium.sealed"
_OWN = "a submission that its own sender sends again"


def receive(
    raw: bytes,
    form: str,
    media: Mapping[str, bytes],
    *,
    by: Account,
    channel: str,
    now: datetime,
) -> FormSubmission:
    """Keep a submission, or what a further try brings of one that is kept.

    What cannot be read is kept too, as ``UNREADABLE``: what somebody has gathered in a day's walk is not thrown away.

    Raises
    ------
    Forbidden
        ``area_needed`` for somebody without an area.
    Conflict
        ``submission_differs`` when another content has come under the same instance id.
    """
    areas = scopes(by, RoleKind.OFFICER)
    if not areas:
        raise Forbidden("area_needed", N_("Only officers collect forms."))
    try:
        instance: Instance | None = read_instance(raw, form)
        instance_id, fault = instance.instance_id if instance is not None else "", ""
    except Invalid as error:
        instance, instance_id, fault = None, f"sha256:{hashlib.sha256(raw).hexdigest()}", error.code
    submission = _row(instance_id, raw, form, by, areas[0], channel, now, instance, fault)
    if instance is not None and submission.state == SubmissionState.INCOMPLETE:
        _take_media(submission, instance, media, now)
    return submission


def _row(
    instance_id: str,
    raw: bytes,
    form: str,
    by: Account,
    area_code: str,
    channel: str,
    now: datetime,
    instance: Instance | None,
    fault: str,
) -> FormSubmission:
    digest, key, version = hashlib.sha256(raw).digest(), new_record_key(), None
    if instance is not None:
        version = find_version(instance.form_id, instance.version)
    made = db.session.scalar(
        insert(FormSubmission)
        .values(
            public_id=ids.public_id(),
            instance_id=instance_id,
            digest=digest,
            form=form,
            channel=channel,
            version_id=None if version is None else version.id,
            area_code=area_code,
            by_id=by.id,
            received_at=now,
            began_at=None if instance is None else instance.began_at,
            ended_at=None if instance is None else instance.ended_at,
            record_key=key,
            sealed_raw=_seal(key, raw, f"{_RAW}:{instance_id}"),
            state=SubmissionState.UNREADABLE if instance is None else SubmissionState.INCOMPLETE,
            fault=fault,
            fault_fields={},
            attempts=0,
            outcome={},
        )
        # Of two tries at once the second waits here for the first, and then finds its row.
        .on_conflict_do_nothing(index_elements=["instance_id"])
        .returning(FormSubmission.id)
    )
    query = select(FormSubmission).where(FormSubmission.instance_id == instance_id).with_for_update()
    submission = db.session.scalars(unbounded(query.execution_options(populate_existing=True), _OWN)).one()
    if submission.digest != digest:
        raise Conflict("submission_differs", N_("Something else was sent under this instance id before."))
    if made is not None:
        if version is not None and instance is not None:
            for question, name in photo_names(model_of(version), instance).items():
                db.session.add(SubmissionMedium(submission_id=submission.id, name=name[:120], question=question))
            db.session.flush()
        audit.record(
            "forms.received", "form_submission", submission.public_id, actor=by.public_id, at=now, channel=channel, fault=fault
        )
    return submission


def _take_media(submission: FormSubmission, instance: Instance, media: Mapping[str, bytes], now: datetime) -> None:
    if submission.version_id is None:
        # Nobody knows yet which files belong to it, so all of them do.
        for name in media.keys() - {medium.name for medium in _media(submission)}:
            db.session.add(SubmissionMedium(submission_id=submission.id, name=name[:120]))
        db.session.flush()
    waiting = _media(submission)
    for medium in waiting:
        content = media.get(medium.name)
        if content is not None and medium.came_at is None:
            medium.sealed = _seal(submission.record_key, content, f"{_MEDIUM}:{submission.instance_id}:{medium.name}")
            medium.digest, medium.came_at = hashlib.sha256(content).digest(), now
    if all(medium.came_at is not None for medium in waiting):
        submission.state = SubmissionState.WAITING
    db.session.flush()


def _media(submission: FormSubmission) -> list[SubmissionMedium]:
    query = select(SubmissionMedium).where(SubmissionMedium.submission_id == submission.id).order_by(SubmissionMedium.id)
    return list(db.session.scalars(unbounded(query, _OWN)))


def stop_waiting_for_files(submission: FormSubmission) -> None:
    """Go on without files that have not come: a photo that was deleted on the phone must not hold up what was said."""
    if submission.state == SubmissionState.INCOMPLETE:
        submission.state = SubmissionState.WAITING
        db.session.flush()


def open_raw(submission: FormSubmission) -> bytes:
    """What came, as it came."""
    return _open(submission.record_key, submission.sealed_raw, f"{_RAW}:{submission.instance_id}")


def open_medium(submission: FormSubmission, medium: SubmissionMedium) -> bytes | None:
    """A file that came with it; None for one that has not come, or was put away already."""
    if medium.sealed is None:
        return None
    return _open(submission.record_key, medium.sealed, f"{_MEDIUM}:{submission.instance_id}:{medium.name}")


def _seal(key: bytes, content: bytes, place: str) -> bytes:
    return seal_in_record(key, base64.b64encode(content).decode(), place)


def _open(key: bytes, sealed: bytes, place: str) -> bytes:
    return base64.b64decode(open_in_record(key, sealed, place))
