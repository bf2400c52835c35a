"""A province's own template: written down by one, confirmed by another, in force from its day on, never less than the law."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.projects.declaring import missing_items, save_answers, save_draft, submit_project
from marketplace.projects.entering import NewVersion, decide_version, enter_version
from marketplace.projects.models import TemplateVersion
from marketplace.projects.oc4ids import package
from marketplace.projects.reviewing import pass_project, return_project
from marketplace.projects.standard import ITEMS, SHIPPED, Barred, Category, Criterion, Item
from marketplace.projects.states import TEMPLATES, ProjectState, TemplateAction, TemplateState
from marketplace.projects.templates import (
    get_version,
    last_version,
    next_day,
    page_of_versions,
    template_of,
    template_on,
    templates_of,
    version_of,
    versions_after,
    versions_around,
    versions_before,
)
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import CITY, COUNTY, PROVINCE, SCORES, TOWNSHIP, declared, officer, world

TOMORROW, LATER = TODAY + timedelta(days=1), NOW + timedelta(days=1)
ELEVEN = tuple(Item(key, "") for key in ITEMS)
ASKED = Item("x52_1", "谁来管护")
WHOLE = NewVersion(
    begins_on=TOMORROW,
    source="黔农发〔2026〕9号",
    items=(*ELEVEN, ASKED),
    categories=(*SHIPPED.categories, Category("tourism", "乡村旅游", "cultureSportsAndRecreation")),
    barred=(*SHIPPED.barred, Barred("statues", "雕塑", ("雕塑", "牌坊"))),
    rubric=(Criterion("need", "需要程度", 60), Criterion("upkeep", "后期管护", 40)),
)
ROAD = NewVersion(TOMORROW, "丹府办〔2026〕3号", (*ELEVEN, Item("x522636_1", "通哪条路")))
CONFIRM, DISCARD = TemplateAction.CONFIRM, TemplateAction.DISCARD


def refused(kind: type[DomainError], act: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code


def confirmed(area: str, new: NewVersion) -> TemplateVersion:
    """A version that two officers of the area have written down and confirmed."""
    row = enter_version(area, new, by=officer(area), now=NOW)
    assert decide_version(row, CONFIRM, by=officer(area), now=NOW)
    return row


def around(area: str, own: Sequence[str]) -> Sequence[TemplateVersion]:
    return page_of_versions(versions_around(area, own), 1, 100)[0]


def test_the_first_version_comes_with_the_program_and_its_points_add_up() -> None:
    assert sum(each.most for each in SHIPPED.rubric) == 100
    assert "Cai Nong 2021 No. 19" in SHIPPED.source
    assert (SHIPPED.name, len(ITEMS)) == ("1", 11)


@pytest.mark.parametrize("state", TemplateState)
@pytest.mark.parametrize("action", TemplateAction)
def test_a_version_is_decided_once(state: TemplateState, action: TemplateAction) -> None:
    leads_to = {CONFIRM: TemplateState.CONFIRMED, DISCARD: TemplateState.DISCARDED}[action]
    if state == TemplateState.ENTERED:
        assert TEMPLATES.next_state(state, action) == leads_to
    elif state == leads_to:
        assert TEMPLATES.next_state(state, action) is None
    else:
        assert refused(Conflict, lambda: TEMPLATES.next_state(state, action)) == "template_state"


def test_a_version_from_tomorrow_does_not_touch_today_nor_what_was_handed_in_today(acting: Session) -> None:
    here = world()
    draft = declared(here)
    confirmed(PROVINCE, WHOLE)
    assert (template_on(VILLAGE, TODAY).version, template_on(VILLAGE, TOMORROW).version) == ("1", "52-2")
    assert template_on("44", TOMORROW).version == "1"
    # What was handed in under the first version is sent back, mended, judged and passed by it, however late.
    township = here.reviewers[ProjectState.TOWNSHIP]
    assert return_project(draft, ProjectState.TOWNSHIP, "写明水源", by=township, now=LATER)
    assert (template_of(draft, TOMORROW).version, next_day(draft, TODAY)) == ("1", None)
    assert submit_project(draft, by=here.declarer, now=LATER)
    assert (draft.round, draft.handed_in_on, template_of(draft, TOMORROW).version) == (2, TODAY, "1")
    assert pass_project(draft, ProjectState.TOWNSHIP, SCORES, by=township, now=LATER)
    assert pass_project(draft, ProjectState.COUNTY, SCORES, by=here.county, now=LATER)
    follows = declared(here, asset="水窖", now=LATER, submit=False)
    assert missing_items(follows, TOMORROW) == ["x52_1"]
    assert refused(Invalid, lambda: submit_project(follows, by=here.declarer, now=LATER)) == "item_missing_x52_1"
    save_answers(follows, {"x52_1": " 村集体 "}, by=here.declarer, now=LATER)
    assert follows.answers == {"x52_1": "村集体"}
    assert submit_project(follows, by=here.declarer, now=LATER)
    assert refused(Invalid, lambda: pass_project(follows, ProjectState.TOWNSHIP, SCORES, by=township, now=LATER)) == (
        "scores_wrong"
    )
    assert pass_project(follows, ProjectState.TOWNSHIP, {"need": 40, "upkeep": 30}, by=township, now=LATER)


def test_a_draft_hoarded_from_before_follows_the_version_of_the_day_on_which_it_is_handed_in(acting: Session) -> None:
    here = world()
    draft = declared(here, asset="村口牌坊", submit=False)
    assert next_day(draft, TODAY) is None
    confirmed(PROVINCE, WHOLE)
    assert (next_day(draft, TODAY), next_day(draft, TOMORROW)) == (TOMORROW, None)
    assert missing_items(draft, TODAY) == []
    assert refused(Invalid, lambda: submit_project(draft, by=here.declarer, now=LATER)) == "item_missing_x52_1"
    save_answers(draft, {"x52_1": "村集体"}, by=here.declarer, now=LATER)
    assert refused(Invalid, lambda: submit_project(draft, by=here.declarer, now=LATER)) == "barred"
    assert (draft.state, draft.handed_in_on) == (ProjectState.DRAFT, None)


@pytest.mark.parametrize("where", ["x52_1", "target", "mechanism"])
def test_the_negative_list_is_looked_for_in_answers_target_and_mechanism_too(acting: Session, where: str) -> None:
    here = world()
    confirmed(PROVINCE, WHOLE)
    draft = declared(here, now=LATER, submit=False)
    save_answers(draft, {"x52_1": "村集体"}, by=here.declarer, now=LATER)
    if where == "x52_1":
        save_answers(draft, {where: "先用来偿还债务"}, by=here.declarer, now=LATER)
    else:
        save_draft(draft, {where: "先用来偿还债务"}, by=here.declarer, now=LATER)
    assert refused(Invalid, lambda: submit_project(draft, by=here.declarer, now=LATER)) == "barred"
    assert draft.state == ProjectState.DRAFT


def test_a_declaration_by_a_new_version_is_held_to_its_categories_and_its_negative_list(acting: Session) -> None:
    here = world()
    before = declared(here)
    confirmed(PROVINCE, WHOLE)
    township = here.reviewers[ProjectState.TOWNSHIP]
    assert return_project(before, ProjectState.TOWNSHIP, "写明水源", by=township, now=LATER)
    assert refused(Invalid, lambda: save_draft(before, {"category": "tourism"}, by=here.declarer, now=LATER)) == (
        "category_unknown"
    )
    after = declared(here, asset="村口牌坊", now=LATER, submit=False)
    save_draft(after, {"category": "tourism"}, by=here.declarer, now=LATER)
    save_answers(after, {"x52_1": "村集体"}, by=here.declarer, now=LATER)
    assert refused(Invalid, lambda: submit_project(after, by=here.declarer, now=LATER)) == "barred"
    save_draft(after, {"asset": "观景台"}, by=here.declarer, now=LATER)
    assert submit_project(after, by=here.declarer, now=LATER)
    assert refused(Conflict, lambda: save_answers(after, {"x52_1": ""}, by=here.declarer, now=LATER)) == "project_state"
    after.state = ProjectState.NOTICE
    (record,) = package([after], {VILLAGE: "村"}, templates_of([after], LATER.date()), uri="https://example.org", at=LATER)[
        "projects"
    ]
    assert record["sector"] == ["cultureSportsAndRecreation"]
    after.state = ProjectState.TOWNSHIP


def test_an_answer_to_what_nobody_asked_is_refused_by_name(acting: Session) -> None:
    here = world()
    draft = declared(here, submit=False)
    assert refused(Invalid, lambda: save_answers(draft, {"x52_1": "村"}, by=here.declarer, now=NOW)) == "item_unknown"


@pytest.mark.parametrize("item", ITEMS)
def test_none_of_the_eleven_items_can_be_dropped(acting: Session, item: str) -> None:
    world()
    for area, new in ((PROVINCE, WHOLE), (COUNTY, ROAD)):
        less = replace(new, items=tuple(each for each in new.items if each.key != item))
        with pytest.raises(Invalid) as caught:
            enter_version(area, less, by=officer(area), now=NOW)
        assert (caught.value.code, caught.value.data) == ("item_dropped", {"item": item})


def test_a_county_adds_items_and_drops_none_that_its_province_asks(acting: Session) -> None:
    here = world()
    confirmed(PROVINCE, WHOLE)
    with pytest.raises(Invalid) as caught:
        enter_version(COUNTY, ROAD, by=officer(COUNTY), now=NOW)
    assert (caught.value.code, caught.value.data) == ("item_dropped", {"item": "x52_1"})
    own = Item("x522636_1", "通哪条路")
    row = confirmed(COUNTY, replace(ROAD, items=(*ELEVEN, ASKED, own)))
    assert version_of(row).items == (own,)
    template = template_on(VILLAGE, TOMORROW)
    assert (template.version, template.items) == ("52-2+522636-1", (ASKED, own))
    assert template_on("522601", TOMORROW).items == (ASKED,)
    assert missing_items(declared(here, now=LATER, submit=False), TOMORROW) == ["x52_1", "x522636_1"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rubric": (Criterion("need", "需要", 60), Criterion("upkeep", "管护", 39))}, "rubric_sum"),
        ({"rubric": (Criterion("need", "需要", 60), Criterion("upkeep", "管护", 41))}, "rubric_sum"),
        ({"rubric": (Criterion("need", "需要", 101), Criterion("upkeep", "管护", -1))}, "template_line"),
        ({"rubric": (Criterion("need", "需要", 60), Criterion("need", "管护", 40))}, "template_key"),
        ({"rubric": ()}, "template_line"),
        ({"categories": (Category("roads", " ", "economy"),)}, "template_line"),
        ({"categories": (Category("Roads", "路", "economy"),)}, "template_key"),
        ({"categories": (Category("roads", "路", "castles"),)}, "sector_unknown"),
        ({"barred": (*SHIPPED.barred, Barred("cars", "车", ()))}, "template_line"),
        ({"barred": (*SHIPPED.barred, Barred("cars", "车", tuple(f"车{at}" for at in range(21))))}, "template_line"),
        ({"barred": (*SHIPPED.barred, Barred("cars", "车", ("车" * 41,)))}, "template_line"),
        ({"barred": (Barred("cars", "车", ("",)),)}, "template_line"),
        ({"items": (*ELEVEN, Item("extra", "谁来管护"))}, "template_key"),
        ({"items": (*ELEVEN, Item("x52_1", ""))}, "template_line"),
        ({"items": (*ELEVEN, ASKED, ASKED)}, "template_key"),
        ({"begins_on": TODAY}, "template_day"),
        ({"begins_on": date(2021, 1, 1)}, "template_day"),
        ({"begins_on": TODAY + timedelta(days=367)}, "template_day"),
        ({"source": " "}, "template_source"),
        ({"source": "字" * 201}, "template_source"),
    ],
)
def test_a_version_that_cannot_be_is_refused_and_nothing_is_written(
    acting: Session, changes: dict[str, object], code: str
) -> None:
    world()
    by = officer(PROVINCE)
    new = replace(WHOLE, **changes)  # type: ignore[arg-type]
    assert refused(Invalid, lambda: enter_version(PROVINCE, new, by=by, now=NOW)) == code
    assert around(PROVINCE, [PROVINCE]) == []


@pytest.mark.parametrize("line", SHIPPED.barred, ids=lambda line: line.key)
def test_no_line_of_the_laws_negative_list_and_no_word_of_it_can_be_dropped(acting: Session, line: Barred) -> None:
    world()
    by = officer(PROVINCE)
    others = tuple(each for each in SHIPPED.barred if each is not line)
    for barred, terms in ((others, line.terms), ((*others, replace(line, terms=line.terms[1:])), line.terms[:1])):
        with pytest.raises(Invalid) as caught:
            enter_version(PROVINCE, replace(WHOLE, barred=barred), by=by, now=NOW)
        assert (caught.value.code, caught.value.data) == ("barred_dropped", {"line": line.key, "terms": "、".join(terms)})
    more = replace(line, words="别的说法", terms=(*line.terms, "别的词"))
    assert enter_version(PROVINCE, replace(WHOLE, barred=(*others, more)), by=by, now=NOW).number == 2


@pytest.mark.parametrize(
    ("terms", "most"), [(tuple(f"车{at}" for at in range(21)), 20), (("车" * 41,), 40)], ids=["too many", "too long"]
)
def test_the_limit_of_what_a_line_is_known_by_is_named(acting: Session, terms: tuple[str, ...], most: int) -> None:
    world()
    new = replace(WHOLE, barred=(*SHIPPED.barred, Barred("cars", "车", terms)))
    with pytest.raises(Invalid) as caught:
        enter_version(PROVINCE, new, by=officer(PROVINCE), now=NOW)
    assert caught.value.data == {"most": most}


def test_a_version_that_begins_in_a_year_and_a_day_is_the_farthest(acting: Session) -> None:
    world()
    row = enter_version(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=366)), by=officer(PROVINCE), now=NOW)
    assert row.begins_on == TODAY + timedelta(days=366)


def test_the_sum_of_the_points_is_named(acting: Session) -> None:
    world()
    with pytest.raises(Invalid) as caught:
        enter_version(PROVINCE, replace(WHOLE, rubric=(Criterion("need", "需要", 60),)), by=officer(PROVINCE), now=NOW)
    assert caught.value.data == {"total": 60, "full": 100}


def test_below_the_province_nobody_touches_the_rubric(acting: Session) -> None:
    world()
    assert refused(Invalid, lambda: enter_version(COUNTY, WHOLE, by=officer(COUNTY), now=NOW)) == "template_lower"


@pytest.mark.parametrize("office", [COUNTY, CITY, TOWNSHIP, VILLAGE])
def test_only_the_office_itself_writes_and_confirms(acting: Session, office: str) -> None:
    world()
    other = officer(office)
    assert refused(Forbidden, lambda: enter_version(PROVINCE, WHOLE, by=other, now=NOW)) == "other_level"
    row = enter_version(PROVINCE, WHOLE, by=officer(PROVINCE), now=NOW)
    assert refused(Forbidden, lambda: decide_version(row, CONFIRM, by=other, now=NOW)) == "other_level"
    assert row.state == TemplateState.ENTERED


def test_a_township_writes_no_version_of_its_own(acting: Session) -> None:
    world()
    assert refused(Forbidden, lambda: enter_version(TOWNSHIP, ROAD, by=officer(TOWNSHIP), now=NOW)) == "other_level"


def test_nobody_confirms_what_they_wrote_themselves_and_until_then_nothing_holds(acting: Session) -> None:
    world()
    writer: Account = officer(PROVINCE)
    row = enter_version(PROVINCE, WHOLE, by=writer, now=NOW)
    assert refused(Forbidden, lambda: decide_version(row, CONFIRM, by=writer, now=NOW)) == "same_person"
    assert template_on(VILLAGE, TOMORROW).version == "1"
    second = officer(PROVINCE)
    assert refused(Conflict, lambda: enter_version(PROVINCE, WHOLE, by=second, now=NOW)) == "template_waits"
    assert decide_version(row, DISCARD, by=writer, now=NOW)
    assert not decide_version(row, DISCARD, by=second, now=NOW)
    assert refused(Conflict, lambda: decide_version(row, CONFIRM, by=second, now=NOW)) == "template_state"
    assert enter_version(PROVINCE, WHOLE, by=second, now=NOW).number == 3


def test_a_version_whose_first_day_has_come_is_confirmed_no_more(acting: Session) -> None:
    world()
    row = enter_version(PROVINCE, WHOLE, by=officer(PROVINCE), now=NOW)
    assert refused(Conflict, lambda: decide_version(row, CONFIRM, by=officer(PROVINCE), now=LATER)) == "template_late"
    update = text("UPDATE project_template SET state = 'confirmed', decided_by_id = :by, decided_at = :at WHERE id = :id")
    second = officer(PROVINCE)
    with pytest.raises(IntegrityError, match="confirmed_before_it_begins"), acting.begin_nested():
        acting.execute(update, {"by": second.id, "at": LATER, "id": row.id})
    with pytest.raises(IntegrityError, match="confirmed_by_another"), acting.begin_nested():
        acting.execute(update, {"by": row.entered_by_id, "at": NOW, "id": row.id})


def test_a_later_version_is_not_slipped_in_before_the_one_that_was_confirmed(acting: Session) -> None:
    world()
    confirmed(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=9)))
    assert refused(Invalid, lambda: enter_version(PROVINCE, WHOLE, by=officer(PROVINCE), now=NOW)) == "template_day"
    again = confirmed(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=9), items=ELEVEN))
    template = template_on(VILLAGE, TODAY + timedelta(days=9))
    assert (again.number, template.version, template.items) == (3, "52-3", ())


def test_a_version_written_beside_another_is_not_confirmed_before_it(acting: Session) -> None:
    world()
    first = confirmed(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=30)))
    # As somebody wrote it who still read the other one as waiting.
    names = ("area_code", "content", "source", "entered_by_id", "entered_at")
    beside = TemplateVersion(**{name: getattr(first, name) for name in names}, number=3, begins_on=TODAY + timedelta(days=10))
    acting.add(beside)
    acting.flush()
    assert refused(Conflict, lambda: decide_version(beside, CONFIRM, by=officer(PROVINCE), now=NOW)) == "template_day"
    assert beside.state == TemplateState.ENTERED
    assert decide_version(beside, DISCARD, by=officer(PROVINCE), now=NOW)


def test_who_wrote_from_an_older_version_is_told_that_another_was_confirmed(acting: Session) -> None:
    world()
    assert (last_version(PROVINCE).number, last_version(COUNTY).number) == (1, 0)
    first = replace(ROAD, base=0)
    confirmed(COUNTY, first)
    assert refused(Conflict, lambda: enter_version(COUNTY, first, by=officer(COUNTY), now=NOW)) == "template_changed"
    assert len(around(COUNTY, [COUNTY])) == 1
    assert enter_version(COUNTY, replace(first, base=1), by=officer(COUNTY), now=NOW).number == 2


def test_versions_are_read_page_by_page_each_with_the_one_it_followed(acting: Session) -> None:
    world()
    rows = [
        confirmed(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=day), source=f"文件{day}")) for day in range(1, 6)
    ]
    dropped = enter_version(PROVINCE, replace(WHOLE, begins_on=TODAY + timedelta(days=6)), by=officer(PROVINCE), now=NOW)
    assert decide_version(dropped, DISCARD, by=officer(PROVINCE), now=NOW)
    query = versions_around(COUNTY, [])
    pages = [page_of_versions(query, number, 2) for number in (1, 2, 3, 4)]
    assert [(list(page), total) for page, total in pages] == [
        ([rows[4], rows[3]], 5),
        ([rows[2], rows[1]], 5),
        ([rows[0]], 5),
        ([], 5),
    ]
    assert list(versions_after(query, rows[3].public_id, 2)) == [rows[2], rows[1]]
    assert refused(DomainError, lambda: versions_after(query, dropped.public_id, 2)) == "template_unknown"
    before = versions_before([*rows, dropped])
    assert [before[row.public_id].number for row in (*rows, dropped)] == [1, 2, 3, 4, 5, 6]


def test_the_database_itself_keeps_what_was_written(acting: Session) -> None:
    world()
    row = confirmed(PROVINCE, WHOLE)
    waiting = enter_version(COUNTY, replace(ROAD, items=(*ELEVEN, ASKED, ROAD.items[-1])), by=officer(COUNTY), now=NOW)
    for statement in (
        f"UPDATE project_template SET state = 'discarded' WHERE id = {row.id}",
        f"UPDATE project_template SET begins_on = '2026-07-01' WHERE id = {waiting.id}",
        f"DELETE FROM project_template WHERE id = {waiting.id}",
    ):
        with pytest.raises(IntegrityError), acting.begin_nested():
            acting.execute(text(statement))


def test_a_draft_version_is_read_by_its_own_office_alone(acting: Session) -> None:
    world()
    row = enter_version(PROVINCE, WHOLE, by=officer(PROVINCE), now=NOW)
    assert get_version(row.public_id, [PROVINCE]) is row
    for areas in ([COUNTY], ["44"], []):
        assert refused(DomainError, lambda areas=areas: get_version(row.public_id, areas)) == "template_unknown"
        assert around(COUNTY, areas) == []
    assert decide_version(row, CONFIRM, by=officer(PROVINCE), now=NOW)
    assert get_version(row.public_id, [COUNTY]) is row
    assert refused(DomainError, lambda: get_version(row.public_id, ["44"])) == "template_unknown"
