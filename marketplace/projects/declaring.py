"""Declaring a project: a draft that is saved piece by piece, and handed in when all eleven items are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.projects.models import Beneficiary, Milestone, Project, ProjectSource, SourceKind
from marketplace.projects.offices import check_unit, locked, move, set_clock, unit_of
from marketplace.projects.queries import beneficiary_count
from marketplace.projects.standard import asked, find_barred
from marketplace.projects.states import COUNTED, EDITABLE, ProjectAction, ProjectState
from marketplace.projects.templates import missing_words, template_of
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area
from marketplace.registry import project_rules
from marketplace.registry.models import Household
from marketplace.registry.queries import registered_households
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import rule

MOST_MILESTONES = 6
MOST_BENEFICIARIES = 5_000
LONGEST_ANSWER = 1000
_TEXTS = {"name": 80, "place_words": 120, "asset": 80, "responsible": 80, "task": 4000, "target": 1000, "mechanism": 2000}
_CHANGEABLE = frozenset({*_TEXTS, "category", "nature", "place_code", "begins_on", "ends_on"})
_OF_PROJECT = "the households of a project that was read within somebody's reach"


@dataclass(frozen=True)
class Source:
    """Money of one kind: how much, and the document that promises it."""

    kind: SourceKind
    document: str
    amount_fen: int


@dataclass(frozen=True)
class Part:
    """A milestone as it is planned: by when, and how many per cent of the work it is."""

    name: str
    weight: int
    due_on: date


def draft_project(place_code: str, name: str, *, by: Account, now: datetime) -> Project:
    """Begin a declaration in the name of the village or township whose officer one is.

    Raises
    ------
    Forbidden
        ``other_level`` for an officer of neither.
    """
    place = get_area(place_code)
    project = Project(
        reference=ids.reference("PJ", local_day(now)),
        unit_code=unit_of(by, place.code),
        place_code=place.code,
        name=_text("name", name),
        drafted_by_id=by.id,
        drafted_at=now,
        state=ProjectState.DRAFT,
        due_provisional=False,
        answers={},
    )
    db.session.add(project)
    set_clock(project, local_day(now))
    db.session.flush()
    template = template_of(project, local_day(now)).version
    audit.record("project.drafted", "project", project.public_id, actor=by.public_id, at=now, template=template)
    return project


def save_draft(project: Project, changes: Mapping[str, Any], *, by: Account, now: datetime) -> None:
    """Keep what was filled in so far; what is not named stays as it was, None empties.

    Raises
    ------
    Conflict
        ``project_state`` once it is handed in.
    Invalid
        ``item_unknown``; ``text_long``; ``category_unknown`` and ``nature_unknown`` by the template it follows today;
        ``schedule_backward``; ``place_elsewhere`` outside the unit.
    """
    project = _editable(project, by)
    if unknown := changes.keys() - _CHANGEABLE:
        raise Invalid("item_unknown", N_("A declaration has no %(item)s."), item=min(unknown))
    template = template_of(project, local_day(now))
    wanted = {name: _text(name, value) if name in _TEXTS else value for name, value in changes.items()}
    if wanted.get("category") is not None and template.find_category(wanted["category"]) is None:
        raise Invalid("category_unknown", N_("The template has no such category."))
    if wanted.get("nature") is not None and wanted["nature"] not in template.natures:
        raise Invalid("nature_unknown", N_("The template has no such nature."))
    if "place_code" in wanted and not contains(project.unit_code, get_area(wanted["place_code"]).code):
        raise Invalid("place_elsewhere", N_("The place must lie in the area of the unit that declares."))
    first, last = (wanted.get(name, getattr(project, name)) for name in ("begins_on", "ends_on"))
    if first is not None and last is not None and last < first:
        raise Invalid("schedule_backward", N_("The last day must not be before the first."))
    for name, value in wanted.items():
        setattr(project, name, value)
    project.asset_key = None if project.asset is None else "".join(project.asset.split()).casefold()
    db.session.flush()
    _note(project, by, now, sorted(changes))


def save_sources(project: Project, sources: Sequence[Source], *, by: Account, now: datetime) -> None:
    """Keep where the money comes from, in place of what was there.

    Raises
    ------
    Invalid
        ``source_amount`` for nothing or less; ``source_twice`` for two of a kind; ``text_long``.
    """
    project = _editable(project, by)
    if any(source.amount_fen <= 0 for source in sources):
        raise Invalid("source_amount", N_("The amount must be more than nothing."))
    if len({source.kind for source in sources}) != len(sources):
        raise Invalid("source_twice", N_("Please give each kind of money once."))
    if any(not 0 < len(source.document.strip()) <= 80 for source in sources):
        raise Invalid("source_document", N_("Please name the document that promises the money, in at most 80 characters."))
    project.sources.clear()
    db.session.flush()
    project.sources.extend(
        ProjectSource(kind=source.kind, document=source.document.strip(), amount_fen=source.amount_fen) for source in sources
    )
    project.budget_fen = sum(source.amount_fen for source in sources)
    db.session.flush()
    _note(project, by, now, ["sources"])


def save_milestones(project: Project, parts: Sequence[Part], *, by: Account, now: datetime) -> None:
    """Keep the parts of the work, in place of what was there; they need not add up before the declaration is handed in.

    Raises
    ------
    Invalid
        ``milestones_many``; ``milestone_weight``; ``milestone_name``.
    """
    project = _editable(project, by)
    if len(parts) > MOST_MILESTONES:
        raise Invalid("milestones_many", N_("Please give at most %(most)s milestones."), most=MOST_MILESTONES)
    if any(not 1 <= part.weight <= 100 for part in parts):
        raise Invalid("milestone_weight", N_("A milestone is 1 to 100 per cent of the work."))
    if any(not 0 < len(part.name.strip()) <= 80 for part in parts):
        raise Invalid("milestone_name", N_("Please name each milestone in at most 80 characters."))
    project.milestones.clear()
    db.session.flush()
    project.milestones.extend(
        Milestone(position=position, name=part.name.strip(), weight=part.weight, due_on=part.due_on)
        for position, part in enumerate(parts, 1)
    )
    db.session.flush()
    _note(project, by, now, ["milestones"])


def save_beneficiaries(project: Project, household_ids: Sequence[int], *, by: Account, now: datetime) -> None:
    """Keep the households that the project is for, in place of those before.

    Raises
    ------
    Invalid
        ``beneficiary_unknown`` for one that is not on file in the unit's area or not registered today;
        ``beneficiaries_many``.
    """
    project = _editable(project, by)
    wanted = set(household_ids)
    if len(wanted) > MOST_BENEFICIARIES:
        raise Invalid("beneficiaries_many", N_("Please name at most %(most)s households."), most=MOST_BENEFICIARIES)
    rows = db.session.scalars(select(Household).where(Household.id.in_(wanted)).order_by(Household.id)).all()
    here = [row for row in rows if contains(project.unit_code, row.village_code)]
    if len(here) != len(wanted) or registered_households(wanted, local_day(now)) != wanted:
        raise Invalid("beneficiary_unknown", N_("A project is for registered households of the unit’s area alone."))
    db.session.execute(unbounded(delete(Beneficiary).where(Beneficiary.project_id == project.id), _OF_PROJECT))
    db.session.add_all(Beneficiary(project_id=project.id, household_id=row.id, village_code=row.village_code) for row in here)
    db.session.flush()
    _note(project, by, now, ["beneficiaries"])


def save_answers(project: Project, answers: Mapping[str, str | None], *, by: Account, now: datetime) -> None:
    """Keep what is answered to items that offices have added; what is not named stays as it was, None empties.

    Raises
    ------
    Invalid
        ``item_unknown`` for what the template does not ask; ``text_long``.
    """
    project = _editable(project, by)
    if unknown := answers.keys() - {item.key for item in template_of(project, local_day(now)).items}:
        raise Invalid("item_unknown", N_("A declaration has no %(item)s."), item=min(unknown)[:40])
    if any(len((text or "").strip()) > LONGEST_ANSWER for text in answers.values()):
        raise Invalid("text_long", N_("Please write at most %(most)s characters."), most=LONGEST_ANSWER)
    kept = {**project.answers, **{key: (text or "").strip() for key, text in answers.items()}}
    project.answers = {key: text for key, text in kept.items() if text}
    db.session.flush()
    _note(project, by, now, sorted(answers))


def missing_items(project: Project, today: date) -> list[str]:
    """Those of the eleven items and of what offices have added that a declaration does not have yet, as they are asked."""
    has: dict[str, object] = {
        **project.answers,
        "name": project.name,
        "category": project.category,
        "nature": project.nature,
        "place": project.place_words and project.asset,
        "schedule": project.begins_on
        and project.ends_on
        and sum(row.weight for row in project.milestones) == 100
        and all(project.begins_on <= row.due_on <= project.ends_on for row in project.milestones),
        "unit": project.responsible,
        "task": project.task,
        "funds": project.sources,
        "beneficiaries": beneficiary_count(project),
        "target": project.target,
        "mechanism": project.mechanism,
    }
    return [item for item in asked(template_of(project, today)) if not has.get(item)]


def submit_project(project: Project, *, by: Account, now: datetime) -> bool:
    """Hand a declaration in for review; False when it was.

    Raises
    ------
    Invalid
        ``item_missing_…`` with the item's name, such as ``item_missing_target``, for the first that is missing;
        ``barred`` for something of the negative list; ``template_missing``; ``category_unknown``.
    Conflict
        ``funded_twice`` when the same thing is declared or built there in the same time; ``project_state``.
    """
    project = locked(project)
    check_unit(project, by)
    today = local_day(now)
    if project.state in EDITABLE:
        _check_whole(project, today)
        _check_funded_once(project)
        project.decides = deciding_level(project, today)
        project.round += 1
        project.handed_in_on = project.handed_in_on or today
        project.submitted_by_id, project.submitted_at, project.cross_code = by.id, now, None
    with db.session.no_autoflush:
        if not move(project, ProjectAction.SUBMIT, today):
            return False
    _write_once(project)
    step("project.submitted")
    audit.record("project.submitted", "project", project.public_id, actor=by.public_id, at=now, round=project.round)
    return True


def withdraw_project(project: Project, *, by: Account, now: datetime) -> bool:
    """Take a draft, or a declaration that was returned, back for good; False when that was done."""
    project = locked(project)
    check_unit(project, by)
    if not move(project, ProjectAction.WITHDRAW, local_day(now)):
        return False
    db.session.flush()
    audit.record("project.withdrawn", "project", project.public_id, actor=by.public_id, at=now)
    return True


def deciding_level(project: Project, day: date) -> Level:
    """The level up to which a project of its amount is scored and that approves it, by the rules of a day."""
    county, city = (
        int(rule(name, project.place_code, day).value)
        for name in (project_rules.COUNTY_DECIDES_FEN, project_rules.CITY_DECIDES_FEN)
    )
    if project.budget_fen <= county:
        return Level.COUNTY
    return Level.CITY if project.budget_fen <= city else Level.PROVINCE


def _check_whole(project: Project, today: date) -> None:
    template, missing = template_of(project, today), missing_items(project, today)
    if missing:
        words, data = missing_words(missing[0], template)
        raise Invalid(f"item_missing_{missing[0]}", words, **data)
    if template.find_category(project.category) is None:
        raise Invalid("category_unknown", N_("The template has no such category."))
    if project.nature not in template.natures:
        raise Invalid("nature_unknown", N_("The template has no such nature."))
    answers = [project.answers[item.key] for item in template.items]
    said = (project.name, project.asset, project.task, project.target, project.mechanism, *answers)
    barred = find_barred(template, "\n".join(text for text in said if text))
    if barred is not None:
        raise Invalid("barred", N_("This money may not be spent on what the negative list names (%(key)s)."), key=barred.key)


def _check_funded_once(project: Project) -> None:
    span = func.daterange(Project.begins_on, Project.ends_on, "[]")
    query = select(Project.id).where(
        Project.id != project.id,
        Project.place_code == project.place_code,
        Project.category == project.category,
        Project.asset_key == project.asset_key,
        Project.state.in_(COUNTED),
        span.op("&&")(func.daterange(project.begins_on, project.ends_on, "[]")),
    )
    if db.session.scalars(query).first() is not None:
        raise _funded_twice()


def _write_once(project: Project) -> None:
    """Write a declaration that is handed in; of two that are at the same moment the database lets one through."""
    try:
        db.session.flush()
    except IntegrityError as error:
        if "ex_project_funded_once" not in str(error.orig):
            raise
        raise _funded_twice() from None


def _funded_twice() -> Conflict:
    return Conflict("funded_twice", N_("The same thing is declared or being built at this place in the same time."))


def _editable(project: Project, by: Account) -> Project:
    project = locked(project)
    check_unit(project, by)
    if project.state not in EDITABLE:
        raise Conflict("project_state", N_("This project can no longer be changed that way."), state=project.state)
    return project


def _text(name: str, value: str | None) -> str | None:
    kept = None if value is None else value.strip()
    if kept is not None and len(kept) > _TEXTS[name]:
        raise Invalid("text_long", N_("Please write at most %(most)s characters."), most=_TEXTS[name])
    return kept or None


def _note(project: Project, by: Account, now: datetime, items: Sequence[str]) -> None:
    audit.record("project.saved", "project", project.public_id, actor=by.public_id, at=now, items=list(items))
