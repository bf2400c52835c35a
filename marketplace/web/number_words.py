"""The four numbers of how poor a household is, in plain words: what each says, how it was counted, and what it cannot see."""

from datetime import date
from typing import Any

from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.registry.assessments import Assessed, assessed
from marketplace.registry.deprivations import INDICATORS
from marketplace.registry.files import HouseholdFile
from marketplace.registry.incomes import card_of, year_end
from marketplace.registry.measures.income_card import IncomeCard
from marketplace.registry.models import Household
from marketplace.registry.standards import costs_on
from marketplace.web.filters import percent, yuan

NAMES = {
    "income_gap": N_("Income"),
    "deprivation": N_("What is lacking"),
    "proxy_means": N_("What the house suggests"),
    "community_rank": N_("What the village says"),
}
# What a number cannot see, however well it is counted.
BLIND = {
    "income_gap": N_("It knows only what was told of the year’s income, not debts, nor what the family needs."),
    "deprivation": N_("It counts what is missing, not how badly, and knows nothing of money."),
    "proxy_means": N_("It guesses from what others with such a house earn, and overlooks many who are poor: a hint, no proof."),
    "community_rank": N_("Neighbours know much, but may forget who lives apart. It compares within the village only."),
}


def household_numbers(household: Household, whole: HouseholdFile, today: date) -> dict[str, Any]:
    """What a page of a household's numbers shows; ``panels`` is empty where no run has counted them."""
    found = assessed(household, whole.year)
    card = card_of(whole.values, len(whole.members), costs_on(household.village_code, year_end(whole.year, today)))
    return {
        "panels": [] if found is None else number_panels(found, card),
        "partings": [] if found is None else parting_words(found.numbers.partings),
        "counted_at": None if found is None else found.run.at,
    }


def number_panels(found: Assessed, card: IncomeCard | None) -> list[dict[str, Any]]:
    """A panel for each number: its name, what it says, where it puts the household, how it was counted, what it cannot see."""
    return [
        {
            "name": name,
            "label": _(NAMES[name]),
            "says": says,
            "place": _place(found, name),
            "poor": _poor(found, name),
            "counted": counted,
            "blind": _(BLIND[name]),
        }
        for name, says, counted in (
            ("income_gap", _income(found), _income_counted(found, card)),
            ("deprivation", _deprivation(found), _deprivation_counted(found)),
            ("proxy_means", _proxy(found), _proxy_counted(found)),
            ("community_rank", _community(found), _community_counted(found)),
        )
    ]


def parting_words(partings: list[dict[str, Any]]) -> list[str]:
    """Which numbers part, the furthest first."""
    pairs = [(NAMES[part["poorer"]], NAMES[part["less_poor"]]) for part in partings]
    return [
        _("“%(poorer)s” puts the household much nearer to the poorest than “%(less)s”.", poorer=_(poorer), less=_(less))
        for poorer, less in pairs
    ]


def _poor(found: Assessed, name: str) -> bool | None:
    place = found.numbers.readings.get(name)
    return None if place is None else place[0] > place[1]


def _place(found: Assessed, name: str) -> str:
    place = found.numbers.readings.get(name)
    if place is None:
        return _("This number could not be counted.")
    if name == "community_rank":
        return _("%(share)s of the people placed by the village are better off.", share=percent(place[0]))
    return _("%(share)s of the people on file in the area are better off by this number.", share=percent(place[0]))


def _income(found: Assessed) -> str:
    per_head, line = found.numbers.per_head_fen, found.run.figures["income"].get("line_fen")
    if per_head is None:
        return _("Not every part of the income is on file.")
    if line is None:
        return _("%(income)s a head and year. No poverty line is set for this year.", income=yuan(per_head))
    if per_head < line:
        return _(
            "%(income)s a head and year: %(gap)s below the line of %(line)s.",
            income=yuan(per_head),
            gap=yuan(line - per_head),
            line=yuan(line),
        )
    return _("%(income)s a head and year: not below the line of %(line)s.", income=yuan(per_head), line=yuan(line))


def _income_counted(found: Assessed, card: IncomeCard | None) -> list[str]:
    if card is None:
        return [_("Wages, produce less its costs, property and transfers, divided by the members.")]
    lines = [
        _("All income of the year: %(sum)s.", sum=yuan(card.gross_fen)),
        _("Less what growing and raising it is taken to have cost: %(cost)s.", cost=yuan(card.cost_fen)),
        _("That leaves %(net)s for %(persons)s persons.", net=yuan(card.net_fen), persons=card.persons),
    ]
    source = found.run.figures["income"].get("source")
    return [*lines, _("The line: %(source)s.", source=source)] if source else lines


def _deprivation(found: Assessed) -> str:
    score = found.numbers.deprivation
    if score is None:
        return _("Not every answer that this number needs is on file.")
    lacks = [_(each.label) for each in INDICATORS if found.lacks.get(each.name)]
    if not lacks:
        return _("Nothing of what is counted is lacking.")
    return _("%(share)s of what is counted is lacking: %(list)s.", share=percent(score), list=_("; ").join(lacks))


def _deprivation_counted(found: Assessed) -> list[str]:
    cutoff = found.run.figures["deprivation"]["cutoff"]
    return [
        _("Ten questions on schooling, health and living; each of the three parts weighs a third."),
        _("From %(share)s on a household counts as poor by this number.", share=percent(cutoff[0] / cutoff[1])),
    ]


def _proxy(found: Assessed) -> str:
    numbers = found.numbers
    if numbers.proxy_fen is None or numbers.proxy_low_fen is None or numbers.proxy_high_fen is None:
        return _("Too few households are on file to guess from, or the house is not described.")
    return _(
        "Such a house and such members go with about %(income)s a head; nine in ten such households have %(low)s to %(high)s.",
        income=yuan(numbers.proxy_fen),
        low=yuan(numbers.proxy_low_fen),
        high=yuan(numbers.proxy_high_fen),
    )


def _proxy_counted(found: Assessed) -> list[str]:
    proxy = found.run.figures["proxy"]
    lines = [_("Learned from %(count)s households of the area whose income is known.", count=f"{proxy['learned_from']:,}")]
    missed, wrong = proxy.get("exclusion_error"), proxy.get("inclusion_error")
    if missed is not None:
        lines.append(_("In villages it had not seen it missed %(missed)s of the poor.", missed=percent(missed)))
    if wrong is not None:
        lines.append(_("Of those it called poor there, %(wrong)s were not.", wrong=percent(wrong)))
    return lines


def _community(found: Assessed) -> str:
    if found.numbers.community is None:
        return _("The village has not put this household in order with the others this year.")
    place = f"{found.numbers.community:.2f}"
    return _("Between 0, the best off, and 1, the poorest, the village’s groups put it at %(place)s.", place=place)


def _community_counted(found: Assessed) -> list[str]:
    agreement = found.run.figures["community"].get("agreement")
    lines = [_("Several groups of the village each put all households in order; this is the mean of their places.")]
    if agreement is not None:
        lines.append(_("How far the groups agree, 1 being wholly: %(agreement)s.", agreement=f"{agreement:.2f}"))
    return lines
