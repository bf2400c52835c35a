"""The states of questions that went to a person, and of alerts on prices. Pure, no database."""

import enum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class QuestionState(enum.StrEnum):
    """Where a question stands that no article has answered."""

    WAITING = "waiting"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class QuestionAction(enum.StrEnum):
    """What can happen to it: an officer of the area answers, or whoever asked takes it back."""

    ANSWER = "answer"
    WITHDRAW = "withdraw"


class AlertState(enum.StrEnum):
    """Where an alert stands; a reached one has spoken and does not speak again."""

    WAITING = "waiting"
    REACHED = "reached"
    REMOVED = "removed"


class AlertAction(enum.StrEnum):
    """What can happen to it."""

    REACH = "reach"
    REMOVE = "remove"


QUESTIONS = StateMachine(
    "question_state",
    N_("This question has been settled already."),
    {
        (QuestionState.WAITING, QuestionAction.ANSWER): QuestionState.ANSWERED,
        (QuestionState.WAITING, QuestionAction.WITHDRAW): QuestionState.WITHDRAWN,
    },
)
ALERTS = StateMachine(
    "price_alert_state",
    N_("This alert is over already."),
    {
        (AlertState.WAITING, AlertAction.REACH): AlertState.REACHED,
        (AlertState.WAITING, AlertAction.REMOVE): AlertState.REMOVED,
        (AlertState.REACHED, AlertAction.REMOVE): AlertState.REMOVED,
    },
)
# Who acts next in a state that is not the last, and the rule that says within how long.
DEADLINES = {
    QuestionState.WAITING: (N_("an officer of the area"), "advisory.answer_within"),
    AlertState.WAITING: (N_("the market"), None),
}
