"""What a household is entitled to, from its own file, with the reasons.

Only a household itself and officers whose reach holds it may ask; whoever calls has read the household so.
"""

from dataclasses import dataclass
from datetime import date

from marketplace.advisory.facts import Somebody, facts_of
from marketplace.advisory.models import PolicyArticle
from marketplace.advisory.queries import articles_for_facts
from marketplace.registry.files import read_file
from marketplace.registry.models import Household
from marketplace.registry.queries import registered_households


@dataclass(frozen=True)
class Entitlement:
    """An article, and the facts of the file for which it is about this household, by their names in ``facts.WORDS``."""

    article: PolicyArticle
    reasons: list[str]


def entitlements(household: Household, day: date) -> tuple[list[str], list[Entitlement]]:
    """The facts of a household's file on a day, and the articles in force in its village that rest on one of them."""
    whole = read_file(household, day.year)
    members = [Somebody(one.person.born_on, one.values) for one in whole.members]
    registered = household.id in registered_households([household.id], day)
    facts = facts_of(registered, whole.values, members, day)
    rows = articles_for_facts(facts, household.village_code, day)
    return facts, [Entitlement(row, [fact for fact in facts if fact in row.facts]) for row in rows]
