"""Every pair of state and action of demands, quotes, tenders, plans, contracts and their parts; and who acts on each."""

import enum
from typing import Any

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.kernel.state_machine import StateMachine
from marketplace.sourcing import states

# By state, in the order of the actions: where it leads; "-" is refused, "=" was done already.
TABLES: dict[str, tuple[Any, str, str]] = {
    "demand": (
        states.DEMANDS,
        "publish close contract reopen lapse withdraw",
        """
        draft       open  -         -           -         -      withdrawn
        open        =     choosing  -           -         -      withdrawn
        choosing    -     =         contracted  =         unmet  withdrawn
        contracted  -     -         =           choosing  -      -
        unmet       -     -         -           -         =      -
        withdrawn   -     -         -           -         -      =
        """,
    ),
    "quote": (
        states.QUOTES,
        "counter offer choose release decline withdraw lapse",
        """
        offered    countered  =        chosen  =        declined  withdrawn  lapsed
        countered  =          offered  -       -        declined  withdrawn  lapsed
        chosen     -          -        =       offered  -         -          -
        declined   -          -        -       -        =         -          -
        withdrawn  -          -        -       -        -         =          -
        lapsed     -          -        -       -        -         -          =
        """,
    ),
    "tender": (
        states.TENDERS,
        "first_key second_key decide undo void",
        """
        sealed   one_key  -       -        -       void
        one_key  =        opened  -        -       void
        opened   -        =       decided  =       void
        decided  -        -       =        opened  -
        void     -        -       -        -       =
        """,
    ),
    "plan": (
        states.PLANS,
        "approve reject supersede",
        """
        proposed    approved  rejected  superseded
        approved    =         -         superseded
        superseded  -         -         =
        rejected    -         =         -
        """,
    ),
    "plan_part": (
        states.PLAN_PARTS,
        "ask accept decline lapse cut order deliver",
        """
        proposed   asked  -         -         -       cut  -        -
        asked      =      accepted  declined  lapsed  cut  -        -
        accepted   -      =         -         -       cut  ordered  -
        declined   -      -         =         -       -    -        -
        lapsed     -      -         -         =       -    -        -
        cut        -      -         -         -       =    -        -
        ordered    -      -         -         -       -    =        delivered
        delivered  -      -         -         -       -    -        =
        """,
    ),
    "contract": (
        states.CONTRACTS,
        "approve refuse lapse fulfil",
        """
        to_approve  in_force  refused  refused  -
        in_force    =         -        -        fulfilled
        fulfilled   -         -        -        =
        refused     -         =        =        -
        """,
    ),
    "contract_part": (
        states.PARTS,
        "order fail weigh question accept refuse drop",
        """
        agreed      ordered  failed  -        -           -         -        dropped
        ordered     =        failed  weighed  -           accepted  -        -
        weighed     -        -       =        questioned  accepted  refused  -
        questioned  -        -       weighed  =           accepted  -        -
        accepted    -        -       -        -           =         -        -
        refused     -        -       -        -           -         =        -
        failed      -        =       -        -           -         -        -
        dropped     -        -       -        -           -         -        =
        """,
    ),
}
KINDS: dict[str, tuple[type[enum.StrEnum], type[enum.StrEnum]]] = {
    "demand": (states.DemandState, states.DemandAction),
    "quote": (states.QuoteState, states.QuoteAction),
    "tender": (states.TenderState, states.TenderAction),
    "plan": (states.PlanState, states.PlanAction),
    "plan_part": (states.PlanPartState, states.PlanPartAction),
    "contract": (states.ContractState, states.ContractAction),
    "contract_part": (states.PartState, states.PartAction),
}
PAIRS = [
    (name, row.split()[0], action, wanted)
    for name, (_, actions, rows) in TABLES.items()
    for row in rows.strip().splitlines()
    for action, wanted in zip(actions.split(), row.split()[1:], strict=True)
]


@pytest.mark.parametrize(("name", "state", "action", "wanted"), PAIRS)
def test_every_pair_has_its_answer(name: str, state: str, action: str, wanted: str) -> None:
    machine: StateMachine[Any, Any] = TABLES[name][0]
    state_kind, action_kind = KINDS[name]
    if wanted == "-":
        with pytest.raises(Conflict) as refused:
            machine.next_state(state_kind(state), action_kind(action))
        assert refused.value.code == f"{name}_state"
    else:
        assert machine.next_state(state_kind(state), action_kind(action)) == (None if wanted == "=" else wanted)


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_name_every_state_and_every_action(name: str) -> None:
    _, actions, rows = TABLES[name]
    state_kind, action_kind = KINDS[name]
    assert [row.split()[0] for row in rows.strip().splitlines()] == [state.value for state in state_kind]
    assert actions.split() == [action.value for action in action_kind]


def test_somebody_acts_on_every_action() -> None:
    assert {kind: set(actors) for kind, actors in states.ACTORS.items()} == {kind: set(kind) for _, kind in KINDS.values()}
    assert all(parties for actors in states.ACTORS.values() for parties in actors.values())
