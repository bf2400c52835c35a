"""Why somebody is to visit a household, in words."""

from flask_babel import gettext

from marketplace.kernel.errors import N_
from marketplace.registry.models import VisitCause

CAUSES = {
    VisitCause.COLLECTION: N_("Collect the year's values"),
    VisitCause.CHECK: N_("Check a sample"),
    VisitCause.DISAGREEMENT: N_("Look why the numbers disagree"),
    VisitCause.MONITORING: N_("Look after a clue"),
    VisitCause.QUALITY: N_("Look at an odd submission again"),
}


def cause_words(cause: str) -> str:
    """Why somebody is to go there."""
    return gettext(CAUSES[VisitCause(cause)])
