"""The states of a project and of an objection to its notice. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine
from marketplace.regions.models import Level
from marketplace.registry import project_rules


class ProjectState(enum.StrEnum):
    """Where a project stands; the four levels are those on which it waits to be reviewed."""

    DRAFT = "draft"
    TOWNSHIP = "township"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    NOTICE = "notice"
    APPROVED = "approved"
    UNDER_WAY = "under_way"
    COMPLETED = "completed"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"


class ProjectAction(enum.StrEnum):
    """What can happen to a project. Passing names the level, so that who comes second is told so."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    PASS_TOWNSHIP = "pass_township"
    PASS_COUNTY = "pass_county"
    PASS_CITY = "pass_city"
    PASS_PROVINCE = "pass_province"
    RETURN = "return"
    REFUSE = "refuse"
    UPHOLD = "uphold"
    APPROVE = "approve"
    START = "start"
    COMPLETE = "complete"
    STOP = "stop"


class ObjectionState(enum.StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class ObjectionAction(enum.StrEnum):
    """What somebody who has not reviewed the project says to an objection."""

    UPHOLD = "uphold"
    REJECT = "reject"


class TemplateState(enum.StrEnum):
    """Where a version of the template stands; only a confirmed one ever holds."""

    ENTERED = "entered"
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


class TemplateAction(enum.StrEnum):
    """What a second person of the office makes of a version, or the first who drops it."""

    CONFIRM = "confirm"
    DISCARD = "discard"


_S, _A = ProjectState, ProjectAction
# Which state waits for which level, in the order in which a project goes up.
LEVELS = {
    _S.TOWNSHIP: Level.TOWNSHIP,
    _S.COUNTY: Level.COUNTY,
    _S.CITY: Level.CITY,
    _S.PROVINCE: Level.PROVINCE,
}
PASSES = {
    _S.TOWNSHIP: _A.PASS_TOWNSHIP,
    _S.COUNTY: _A.PASS_COUNTY,
    _S.CITY: _A.PASS_CITY,
    _S.PROVINCE: _A.PASS_PROVINCE,
}
PROJECTS = StateMachine(
    "project_state",
    N_("This project can no longer be changed that way."),
    {
        (_S.DRAFT, _A.SUBMIT): _S.TOWNSHIP,
        (_S.RETURNED, _A.SUBMIT): _S.TOWNSHIP,
        (_S.DRAFT, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.RETURNED, _A.WITHDRAW): _S.WITHDRAWN,
        (_S.TOWNSHIP, _A.PASS_TOWNSHIP): _S.COUNTY,
        (_S.COUNTY, _A.PASS_COUNTY): _S.CITY,
        (_S.CITY, _A.PASS_CITY): _S.PROVINCE,
        (_S.PROVINCE, _A.PASS_PROVINCE): _S.NOTICE,
        **{(state, _A.RETURN): _S.RETURNED for state in LEVELS},
        **{(state, _A.REFUSE): _S.REFUSED for state in LEVELS},
        (_S.NOTICE, _A.UPHOLD): _S.RETURNED,
        (_S.NOTICE, _A.APPROVE): _S.APPROVED,
        (_S.APPROVED, _A.START): _S.UNDER_WAY,
        (_S.UNDER_WAY, _A.COMPLETE): _S.COMPLETED,
        (_S.APPROVED, _A.STOP): _S.STOPPED,
        (_S.UNDER_WAY, _A.STOP): _S.STOPPED,
    },
)
OBJECTIONS = StateMachine(
    "project_objection_state",
    N_("This objection was decided already."),
    {
        (ObjectionState.OPEN, ObjectionAction.UPHOLD): ObjectionState.UPHELD,
        (ObjectionState.OPEN, ObjectionAction.REJECT): ObjectionState.REJECTED,
    },
)
TEMPLATES = StateMachine(
    "template_state",
    N_("This has been decided already."),
    {
        (TemplateState.ENTERED, TemplateAction.CONFIRM): TemplateState.CONFIRMED,
        (TemplateState.ENTERED, TemplateAction.DISCARD): TemplateState.DISCARDED,
    },
)
# Those that took a project through all levels; nothing comes here without four persons and a closed notice (a trigger).
AFTER_APPROVAL = (_S.APPROVED, _S.UNDER_WAY, _S.COMPLETED, _S.STOPPED)
# What anybody may read of.
PUBLIC = (_S.NOTICE, *AFTER_APPROVAL)
EDITABLE = (_S.DRAFT, _S.RETURNED)
# Where the unit that declares is next.
OF_UNIT = (_S.DRAFT, _S.RETURNED, _S.APPROVED, _S.UNDER_WAY)
# In which somebody is next.
OPEN = (_S.DRAFT, _S.RETURNED, *LEVELS, _S.NOTICE, _S.APPROVED, _S.UNDER_WAY)
# In which the same thing at the same place cannot be declared again.
COUNTED = (*LEVELS, _S.NOTICE, _S.APPROVED, _S.UNDER_WAY, _S.COMPLETED)
# Who acts next in a state that is not the last, and by which rule until when; work under way has its own last day.
DEADLINES: dict[ProjectState, tuple[str, str | None]] = {
    _S.DRAFT: (N_("the unit that declares"), project_rules.REVISE),
    _S.RETURNED: (N_("the unit that declares"), project_rules.REVISE),
    _S.TOWNSHIP: (N_("an officer of the township"), project_rules.REVIEW),
    _S.COUNTY: (N_("an officer of the county"), project_rules.REVIEW),
    _S.CITY: (N_("an officer of the city"), project_rules.REVIEW),
    _S.PROVINCE: (N_("an officer of the province"), project_rules.REVIEW),
    _S.NOTICE: (N_("the level that decides"), project_rules.APPROVE),
    _S.APPROVED: (N_("the unit that declares"), project_rules.START),
    _S.UNDER_WAY: (N_("the unit that declares"), None),
}
