"""State machines as tables. Pure, no database."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from marketplace.kernel.errors import Conflict

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)


class StateMachine(Generic[State, Action]):
    """Which action leads from which state to which.

    An action that arrives again in the state it led to has been *done already*: messages repeat themselves, and that is no
    error. Any other action that the table does not know is *illegal*.

    Parameters
    ----------
    code, refusal : str
        Code and message of the ``Conflict`` for an illegal action.
    transitions : mapping of (state, action) to state
    """

    def __init__(self, code: str, refusal: str, transitions: Mapping[tuple[State, Action], State]) -> None:
        self._code, self._refusal = code, refusal
        self.transitions = dict(transitions)
        self.already_done = {(state, action) for (_, action), state in self.transitions.items()}

    def next_state(self, state: State, action: Action) -> State | None:
        """The state after an action; None when it was done already.

        Raises
        ------
        Conflict
            For an action that this state does not know.
        """
        if (state, action) in self.transitions:
            return self.transitions[state, action]
        if (state, action) in self.already_done:
            return None
        raise Conflict(self._code, self._refusal, state=state.value, action=action.value)
