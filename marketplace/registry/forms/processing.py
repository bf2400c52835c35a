"""A submission that has come becomes values of the household's file: once, all of it or nothing.

What goes wrong is written on the submission, and it can be tried again: when the household was put on file, or a person left
the file they stood in. The raw submission stays either way.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BIGINT, cast, func, select
from sqlalchemy.dialects.postgresql import BIT

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.registry.files import get_household_within
from marketplace.registry.filing import Noting, Recorded, add_member, record_values
from marketplace.registry.forms.answering import Answered, Member, take_apart
from marketplace.registry.forms.fingerprints import fingerprint, tells_something
from marketplace.registry.forms.instances import read_instance
from marketplace.registry.forms.quality import QUALITY, Made, Place, flags, unchecked
from marketplace.registry.forms.receiving import open_medium, open_raw
from marketplace.registry.forms.standard_form import PHOTOS
from marketplace.registry.forms.versions import find_version, model_of
from marketplace.registry.models import (
    AreaPlace,
    FormSubmission,
    Household,
    HouseholdPicture,
    How,
    Origin,
    Person,
    SubmissionFlag,
    SubmissionState,
)
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import rule
from marketplace.registry.sealing import id_number_index, seal_values
from marketplace.registry.standard import BY_NAME
from marketplace.registry.visits import open_orders, record_visit

EXTRA = "form_submission.sealed_extra"
_OPEN = (SubmissionState.WAITING, SubmissionState.FAILED)
_HELD = "a household that a submission within the sender's reach is about"
# What one knows by looking, if one has been there.
_SEEN_SECTIONS = {"dwelling", "water"}


def process(submission_id: int, pictures: Path, *, now: datetime) -> FormSubmission:
    """Take a submission into the household's file; one that was taken in before is left alone.

    Raises
    ------
    DomainError
        Whatever is wrong with it; the caller rolls back and writes it down with ``note_failure``.
    """
    submission = _locked(submission_id)
    if submission.state not in _OPEN:
        return submission
    instance = read_instance(open_raw(submission), submission.form)
    version = find_version(instance.form_id, instance.version)
    if version is None:
        raise Invalid("form_version_unknown", N_("It was made with a form that is not known here."))
    day = _day_of(submission, now)
    answered = take_apart(model_of(version), instance, local_day(now))
    household = get_household_within(answered.household, _reach_of(submission))
    outcome = _note(submission, household, answered, day, now)
    _name_questions(submission, answered)
    outcome |= _keep_pictures(submission, household, pictures, day, now)
    made = _made(submission, household, answered, now)
    _flag(submission, made, household, now)
    _visit(submission, household, answered, now)
    submission.version_id = version.id
    submission.household_id, submission.area_code = household.id, household.village_code
    submission.sealed_extra = seal_values(household, answered.extra, EXTRA)
    submission.state, submission.done_at = SubmissionState.DONE, now
    submission.fault, submission.fault_fields = "", {}
    submission.attempts += 1
    submission.outcome = {**outcome, "unchecked": unchecked(made)}
    db.session.flush()
    audit.record("forms.taken_in", "form_submission", submission.public_id, actor=submission.by.public_id, at=now, **outcome)
    return submission


def note_failure(submission_id: int, error: DomainError) -> FormSubmission:
    """Write down why a submission was not taken in; what came stays as it is."""
    submission = _locked(submission_id)
    if submission.state in _OPEN:
        submission.state, submission.fault = SubmissionState.FAILED, error.code[:40]
        whole = {} if "%(" in error.message else {"": error.message}
        submission.fault_fields = {name: str(words) for name, words in error.data.get("fields", whole).items()}
        submission.attempts += 1
        _name_household(submission)
        db.session.flush()
    return submission


def _name_household(submission: FormSubmission) -> None:
    """Say of which household it is, as far as the sender may know of it, so that somebody can put right what is in the way."""
    try:
        instance = read_instance(open_raw(submission), submission.form)
        household = get_household_within(instance.answers.get("household", ""), _reach_of(submission))
    except DomainError:
        return
    submission.household_id, submission.area_code = household.id, household.village_code


def _reach_of(submission: FormSubmission) -> Reach:
    return Reach.of(scopes(submission.by, RoleKind.OFFICER), "a submission of theirs")


def _locked(submission_id: int) -> FormSubmission:
    query = select(FormSubmission).where(FormSubmission.id == submission_id).with_for_update()
    query = query.execution_options(populate_existing=True)
    return db.session.scalars(unbounded(query, "a submission by its id")).one()


def _day_of(submission: FormSubmission, now: datetime) -> date:
    """The day of the interview as the device says it; a day that has not come is a wrong clock, and counts as today."""
    said = submission.ended_at or submission.received_at
    return min(local_day(said), local_day(now))


def _note(submission: FormSubmission, household: Household, answered: Answered, day: date, now: datetime) -> dict[str, Any]:
    """All values, those that were seen apart from those that were told; past years wait for a second person."""

    def noting(how: How) -> Noting:
        return Noting(
            submission.by,
            how,
            now,
            Origin.FORM,
            submission.public_id,
            noted_at=submission.ended_at,
            seen=answered.seen,
            reason=f"表单采集于 {day} / Collected by form on {day}",
        )

    seen = {name: value for name, value in answered.values.items() if BY_NAME[name].section in _SEEN_SECTIONS}
    told = {name: value for name, value in answered.values.items() if name not in seen}
    done = [
        record_values(household, told, noting(How.TOLD), year=day.year),
        record_values(household, seen, noting(How.SEEN if answered.saw_house else How.TOLD), year=day.year),
    ]
    added = 0
    for member in answered.members:
        person = _person(household, member)
        if person is None:
            person, added = add_member(household, member.identity, noting(How.TOLD), joined_on=day), added + 1
        done.append(record_values(household, member.values, noting(How.TOLD), year=day.year, person=person))
    return {**_sums(done), "members_added": added}


def _sums(done: list[Recorded]) -> dict[str, int]:
    return {
        "values": sum(len(each.applied) for each in done),
        "conflicts": sum(len(each.conflicts) for each in done),
        "requests": sum(each.request is not None for each in done),
    }


def _person(household: Household, member: Member) -> Person | None:
    """The member that was chosen, or that a new one's card shows to be on file in this very household; else None."""
    query = select(Person).where(Person.household_id == household.id, Person.left_on.is_(None))
    if member.person:
        found = db.session.scalars(unbounded(query.where(Person.public_id == member.person), _HELD)).first()
        if found is None:
            raise Invalid("member_unknown", N_("A member of the form is not on file in this household."))
        return found
    number = member.identity.get("id_number")
    if not number:
        return None
    same = query.where(Person.id_number_index == id_number_index(str(number)))
    return db.session.scalars(unbounded(same, _HELD)).first()


def _name_questions(submission: FormSubmission, answered: Answered) -> None:
    """Say of files that came before their form was known which question asked for them."""
    asked_by = {name: question for question, name in answered.photos.items()}
    for medium in submission.media:
        medium.question = medium.question or asked_by.get(medium.name, "")


def _keep_pictures(submission: FormSubmission, household: Household, folder: Path, day: date, now: datetime) -> dict[str, Any]:
    """Put photos away as pictures of the household; one that cannot be read is named, and holds up nothing else."""
    kept, refused, missing = 0, [], []
    for medium in submission.media:
        content = open_medium(submission, medium)
        if content is None:
            missing += [medium.question] if medium.came_at is None else []
            continue
        try:
            picture = read_picture(content)
        except Invalid:
            refused.append(medium.question)
            continue
        name = store_picture(picture, folder)
        row = HouseholdPicture(
            household_id=household.id,
            village_code=household.village_code,
            subject=PHOTOS.get(medium.question, "other"),
            picture=name,
            fingerprint=fingerprint(picture.files[min(picture.files)]),
            taken_on=day,
            by_id=submission.by_id,
            at=now,
            origin_id=submission.public_id,
        )
        db.session.add(row)
        db.session.flush()
        medium.picture_id, medium.sealed, kept = row.id, None, kept + 1
    return {"pictures": kept, "pictures_refused": refused, "pictures_missing": missing}


def _made(submission: FormSubmission, household: Household, answered: Answered, now: datetime) -> Made:
    place, village = answered.place, db.session.get(AreaPlace, household.village_code)
    return Made(
        received_at=submission.received_at,
        began_at=submission.began_at,
        ended_at=submission.ended_at,
        answered=answered.answered,
        choices=answered.choices,
        latitude=None if place is None else place.latitude,
        longitude=None if place is None else place.longitude,
        accuracy_m=None if place is None else place.accuracy_m,
        village=None if village is None else Place(village.latitude, village.longitude, village.radius_m),
        nearest_photo_bits=_nearest_photo(submission, household),
    )


def _nearest_photo(submission: FormSubmission, household: Household) -> int | None:
    """The fewest bits by which one of its photos differs from one of another household of the county."""
    own = select(HouseholdPicture.fingerprint).where(HouseholdPicture.origin_id == submission.public_id)
    prints = [bits for bits in db.session.scalars(unbounded(own, _HELD)) if tells_something(bits)]
    nearest = None
    for bits in prints:
        differing = func.bit_count(cast(HouseholdPicture.fingerprint.op("#")(cast(bits, BIGINT)), BIT(64)))
        query = select(func.min(differing)).where(HouseholdPicture.household_id != household.id)
        county = Reach.of([household.village_code[:6]], "whether a photo was sent for another house")
        found = db.session.scalar(county.over(query, HouseholdPicture.village_code))
        if found is not None:
            nearest = found if nearest is None else min(nearest, found)
    return nearest


def _flag(submission: FormSubmission, made: Made, household: Household, now: datetime) -> None:
    parameters = rule(QUALITY, household.village_code, local_day(now)).value
    for flag in flags(made, parameters):
        db.session.add(SubmissionFlag(submission_id=submission.id, kind=flag.kind, figures=flag.figures))
    db.session.flush()


def _visit(submission: FormSubmission, household: Household, answered: Answered, now: datetime) -> None:
    """A form is filled in at the house, so it answers the visits that its sender was to make there."""
    orders = [order for order in open_orders(household) if order.not_by_id != submission.by_id]
    place = answered.place
    record_visit(
        household,
        submission.by,
        submission.ended_at or submission.received_at,
        now=now,
        latitude=None if place is None else place.latitude,
        longitude=None if place is None else place.longitude,
        accuracy_m=None if place is None else place.accuracy_m,
        origin_id=submission.public_id,
        answers=orders,
    )
