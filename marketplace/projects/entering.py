"""Writing down a version of the template: one person of the office enters it, a second one confirms it before it begins."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.projects.models import TemplateVersion
from marketplace.projects.standard import (
    FULL_SCORE,
    SECTORS,
    SHIPPED,
    Barred,
    Category,
    Criterion,
    Item,
    asked,
)
from marketplace.projects.states import TEMPLATES, TemplateAction, TemplateState
from marketplace.projects.templates import above, last_version
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import get_area
from marketplace.registry.offices import check_second_person, other_level

KEY = re.compile(r"[a-z][a-z0-9_]{1,15}")
MOST_WORDS, MOST_LINES, MOST_TERMS, LONGEST_TERM = 80, 20, 20, 40
# A version is confirmed for good, so a year mistyped must not shut an office out for decades.
FARTHEST = timedelta(days=366)
_LEVELS = (Level.PROVINCE, Level.CITY, Level.COUNTY)
_BEFORE_LAST = N_("The version before begins only on %(day)s; this one cannot begin earlier.")


@dataclass(frozen=True)
class NewVersion:
    """A version as it is written down.

    Attributes
    ----------
    items : tuple of Item
        All that is asked: those from above by their keys, and one's own.
    base : int or None
        The number of the version from which it was written, 0 for none; None where nobody looked at one.
    """

    begins_on: date
    source: str
    items: tuple[Item, ...]
    categories: tuple[Category, ...] = ()
    barred: tuple[Barred, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    base: int | None = None


def own_offices(by: Account) -> list[str]:
    """The provinces, cities and counties in whose name somebody writes versions down."""
    return [code for code in scopes(by, RoleKind.OFFICER) if len(code) in _LEVELS]


def own_prefix(area_code: str) -> str:
    """How the keys of the items begin that an office adds, so that those of two levels are never the same."""
    return f"x{area_code}_"


def enter_version(area_code: str, new: NewVersion, *, by: Account, now: datetime) -> TemplateVersion:
    """Write down the next version of an office; nothing holds before a second person has confirmed it.

    Raises
    ------
    Forbidden
        ``other_level`` for whoever is no officer of this very province, city or county.
    Invalid
        ``item_dropped`` with the item's name for one that the law or a level above asks; ``barred_dropped`` with the line's for
        what the law's own negative list says; ``rubric_sum`` for points that do not add up to 100; ``template_lower`` for more
        than items below a province; ``template_day`` for a day that has begun, is more than a year off, or lies before the last
        version's; ``template_source``; ``template_line``, ``template_key`` and ``sector_unknown`` for a
        line that cannot be.
    Conflict
        ``template_waits`` while another version of the office waits to be confirmed; ``template_changed`` when one was
        confirmed that it was not written from.
    """
    area = get_area(area_code)
    _check_office(area.code, by)
    before = _held_versions(area.code)
    _check_base(area.code, new)
    _check_day(new, before, now)
    whole = len(area.code) == Level.PROVINCE
    if whole:
        _check_content(new)
    elif new.categories or new.barred or new.rubric:
        raise Invalid("template_lower", N_("Below the province only items are added; the rest is the province’s."))
    items = _own_items(area.code, new)
    row = TemplateVersion(
        area_code=area.code,
        number=max((each.number for each in before), default=SHIPPED.number if whole else 0) + 1,
        state=TemplateState.ENTERED,
        begins_on=new.begins_on,
        content={
            "categories": [asdict(each) for each in new.categories],
            "barred": [asdict(each) for each in new.barred],
            "rubric": [asdict(each) for each in new.rubric],
            "items": [asdict(each) for each in items],
        },
        source=new.source.strip(),
        entered_by_id=by.id,
        entered_at=now,
    )
    _write(row)
    _note(row, "entered", by, now)
    return row


def decide_version(row: TemplateVersion, action: TemplateAction, *, by: Account, now: datetime) -> bool:
    """Confirm a version as the second person, or discard it; False when that was done already.

    Raises
    ------
    Forbidden
        ``other_level``; ``same_person`` for whoever entered it and would confirm it.
    Conflict
        ``template_late`` when its first day has come; ``template_day`` when one was confirmed that begins later;
        ``template_state`` when it was decided otherwise.
    """
    known = _held_versions(row.area_code)
    _check_office(row.area_code, by)
    if action == TemplateAction.CONFIRM:
        check_second_person(by, row.entered_by_id)
    state = TEMPLATES.next_state(TemplateState(row.state), action)
    if state is None:
        return False
    if state == TemplateState.CONFIRMED and row.begins_on <= local_day(now):
        raise Conflict("template_late", N_("Its first day has come. Please discard it and enter it again with a later day."))
    last = _last_day(known)
    if state == TemplateState.CONFIRMED and last is not None and row.begins_on < last:
        raise Conflict("template_day", _BEFORE_LAST, day=last.isoformat())
    row.state, row.decided_by_id, row.decided_at = state, by.id, now
    db.session.flush()
    _note(row, state.value, by, now)
    return True


def _held_versions(area_code: str) -> Sequence[TemplateVersion]:
    """The versions of an office as they stand now; until the act is over nobody else writes or decides on any of them."""
    db.session.execute(select(Area.code).where(Area.code == area_code).with_for_update(key_share=True))
    query = select(TemplateVersion).filter_by(area_code=area_code).order_by(TemplateVersion.number)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _check_office(area_code: str, by: Account) -> None:
    if area_code not in own_offices(by):
        raise other_level()


def _check_base(area_code: str, new: NewVersion) -> None:
    if new.base is not None and new.base != last_version(area_code).number:
        words = N_("Another version was confirmed since you opened this. Please compare; what you typed is still here.")
        raise Conflict("template_changed", words)


def _last_day(versions: Sequence[TemplateVersion]) -> date | None:
    """The day on which the last of the confirmed ones begins."""
    return max((each.begins_on for each in versions if each.state == TemplateState.CONFIRMED), default=None)


def _check_day(new: NewVersion, before: Sequence[TemplateVersion], now: datetime) -> None:
    if new.begins_on <= local_day(now):
        raise Invalid("template_day", N_("A version begins tomorrow at the earliest; days that have begun keep theirs."))
    farthest = local_day(now) + FARTHEST
    if new.begins_on > farthest:
        raise Invalid("template_day", N_("A version begins on %(day)s at the latest."), day=farthest.isoformat())
    last = _last_day(before)
    if last is not None and new.begins_on < last:
        raise Invalid("template_day", _BEFORE_LAST, day=last.isoformat())
    if not 0 < len(new.source.strip()) <= 200:
        raise Invalid("template_source", N_("Please name the document that says so, in at most 200 characters."))


def _own_items(area_code: str, new: NewVersion) -> tuple[Item, ...]:
    """What the office adds; all that is asked from above has to be among the items."""
    given = Counter(item.key for item in new.items)
    upper = asked(above(area_code, new.begins_on))
    dropped = next((key for key in upper if key not in given), None)
    if dropped is not None:
        raise Invalid("item_dropped", N_("The item %(item)s cannot be left out."), item=dropped)
    own = tuple(Item(item.key, item.words.strip()) for item in new.items if item.key not in upper)
    _check_lines(own, given)
    if any(not item.key.startswith(own_prefix(area_code)) for item in own):
        words = N_("The keys of items that this office adds begin with %(prefix)s.")
        raise Invalid("template_key", words, prefix=own_prefix(area_code))
    return own


def _check_content(new: NewVersion) -> None:
    for part in (new.categories, new.barred, new.rubric):
        if not part:
            raise Invalid("template_line", N_("Categories, negative list and rubric need a line each at the least."))
        _check_lines(part, Counter(each.key for each in part))
    unknown = next((each.sector for each in new.categories if each.sector not in SECTORS), None)
    if unknown is not None:
        raise Invalid("sector_unknown", N_("There is no sector %(sector)s."), sector=unknown[:40])
    _check_barred(new.barred)
    if any(each.most < 1 for each in new.rubric):
        raise Invalid("template_line", N_("Each line of the rubric is worth a point at the least."))
    total = sum(each.most for each in new.rubric)
    if total != FULL_SCORE:
        words = N_("The points of the rubric add up to %(total)s. They have to add up to %(full)s.")
        raise Invalid("rubric_sum", words, total=total, full=FULL_SCORE)


def _check_barred(barred: Sequence[Barred]) -> None:
    """The negative list says what the law says, and whatever else; each line with the words by which it is known."""
    for each in barred:
        if not each.terms or any(term.strip() != term or not term for term in each.terms):
            raise Invalid("template_line", N_("Each line of the negative list needs the words by which it is known."))
        if len(each.terms) > MOST_TERMS:
            words = N_("A line of the negative list is known by at most %(most)s words.")
            raise Invalid("template_line", words, most=MOST_TERMS)
        if any(len(term) > LONGEST_TERM for term in each.terms):
            words = N_("Each word by which a line of the negative list is known has at most %(most)s characters.")
            raise Invalid("template_line", words, most=LONGEST_TERM)
    known = {each.key: each.terms for each in barred}
    for law in SHIPPED.barred:
        missing = [term for term in law.terms if term not in known.get(law.key, ())]
        if missing:
            words = N_("The negative list cannot say less than the law: %(terms)s is missing (%(line)s).")
            raise Invalid("barred_dropped", words, line=law.key, terms="、".join(missing))


def _check_lines(lines: Sequence[Category | Barred | Criterion | Item], given: Counter[str]) -> None:
    if len(lines) > MOST_LINES:
        raise Invalid("template_line", N_("A part of the template has at most %(most)s lines."), most=MOST_LINES)
    for line in lines:
        if not KEY.fullmatch(line.key) or given[line.key] > 1:
            raise Invalid("template_key", N_("Each line needs a key of its own, of small letters, figures and underscores."))
        if not 0 < len(line.words.strip()) <= MOST_WORDS:
            raise Invalid("template_line", N_("Please write each line in at most %(most)s characters."), most=MOST_WORDS)


def fresh_key(prefix: str, taken: Collection[str]) -> str:
    """A key that no line has yet.

    >>> fresh_key("line_", {"need", "line_1"})
    'line_2'
    """
    return next(key for number in range(1, len(taken) + 2) if (key := f"{prefix}{number}") not in taken)


def _write(row: TemplateVersion) -> None:
    """Of two who write at once one is first, and the other is told."""
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as error:
        if "project_template" not in str(error.orig):
            raise
        raise Conflict("template_waits", N_("A version of this office waits to be confirmed or discarded first.")) from None


def _note(row: TemplateVersion, verb: str, by: Account, now: datetime) -> None:
    said = {"area": row.area_code, "number": row.number, "begins_on": row.begins_on.isoformat()}
    audit.record(f"project_template.{verb}", "project_template", row.public_id, actor=by.public_id, at=now, **said)
