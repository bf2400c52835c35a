"""The registry's rules in words: what each is called, how its value is said, and how a typed value is read."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.kernel.errors import N_
from marketplace.registry import fund_rules, plan_rules
from marketplace.registry.rule_values import COSTS, Form
from marketplace.registry.rules import rule_form
from marketplace.registry.yield_rules import TOLERANCE_PERCENT, UNCONFIRMED_MU, UNDECLARED_KG, YIELD
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError

# Of these crops and shelves a mu's yield comes with the program; a province may add others.
CROPS = {
    "rice": N_("rice"),
    "maize": N_("maize"),
    "wheat": N_("wheat"),
    "orchard-fruit": N_("orchard fruit"),
    "citrus": N_("citrus fruit"),
    "berries-grapes": N_("berries and grapes"),
    "tropical-fruit": N_("tropical fruit"),
    "melons": N_("melons"),
    "leafy-greens": N_("leafy greens"),
    "tomatoes-peppers": N_("tomatoes and peppers"),
    "gourds-beans": N_("gourds and beans"),
    "roots-tubers": N_("roots and tubers"),
    "onions-herbs": N_("onions and herbs"),
    "mushrooms": N_("mushrooms"),
    "nuts-dried": N_("nuts and dried goods"),
}
YIELD_NAME = N_("What a mu bears of %(crop)s, in kg")

# What each rule is called, by the part of the work it belongs to.
GROUPS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        N_("Who counts as poor"),
        {
            "poverty_line_fen": N_("Poverty line, a person and year"),
            "cost_percent": N_("Cost of producing, in hundredths of receipts"),
            "deprivation_cutoff": N_("Share of lacks from which a household counts as poor"),
            "disagreement_most_apart_percent": N_("Places in a hundred that two numbers may lie apart"),
            "disagreement_clear_by_percent": N_("How far from the line a number must be to contradict another, in percent"),
            "disagreement_visit_days": N_("Days for the visit when the numbers disagree"),
        },
    ),
    (
        N_("Audits from outside"),
        {
            "precision.missed_bp": N_("Poor households missed, at most"),
            "precision.wrong_exit_bp": N_("Exits that were wrong, at most"),
            "precision.incidence_bp": N_("Households still poor, below"),
            "precision.satisfaction_bp": N_("Households content, at least"),
            "precision.sample_registered": N_("Registered households looked at in a round"),
            "precision.sample_exited": N_("Exited households looked at in a round"),
            "precision.sample_unregistered": N_("Households not registered looked at in a round"),
            "precision.sample_fen": N_("Payments drawn in a round"),
            "precision.sample_project_fen": N_("Projects drawn in a round"),
        },
    ),
    (
        N_("Forecasts"),
        {
            "forecast.error_ratio_parts": N_("Newest error over the others from which a forecast has drifted, in hundredths"),
            "forecast.stability_parts": N_("Stability index from which a list has drifted, in hundredths"),
            "forecast.low_income_parts": N_("Income that counts as low, in hundredths of the poverty line"),
        },
    ),
    (
        N_("Entry"),
        {
            "entry.assembly": N_("Village assembly after the application"),
            "entry.quorum": N_("Part of the entitled who must come to an assembly"),
            "entry.majority": N_("Part of those present that must be exceeded"),
            "notice.entry_first": N_("First notice hangs out"),
            "entry.check": N_("Check by the township"),
            "entry.check_share_bp": N_("Share of the list that the township visits"),
            "notice.entry_second": N_("Second notice hangs out"),
            "entry.review": N_("Review by the county"),
            "entry.review_share_bp": N_("Share of the list that the county visits"),
            "notice.entry_announcement": N_("Announcement of entry hangs out"),
        },
    ),
    (
        N_("Exit"),
        {
            "exit.verify": N_("Verification by village and township"),
            "exit.agree": N_("Word of the household"),
            "notice.exit": N_("Notice of exit hangs out"),
            "exit.lift": N_("Decision after the notice"),
            "notice.exit_announcement": N_("Announcement of exit hangs out"),
            "exit.tracking": N_("Tracking after exit"),
        },
    ),
    (
        N_("Monitoring"),
        {
            "monitoring.decide": N_("From a clue to the decision"),
            "notice.monitoring": N_("Notice of monitoring hangs out"),
            "monitoring.removal": N_("Decision on ending the monitoring"),
            "notice.removal": N_("Notice of its end hangs out"),
        },
    ),
    (
        N_("Notices, objections, comparison"),
        {
            "notice.publish": N_("To hang out a notice once it is due"),
            "notice.close": N_("To take it down once it has run"),
            "notice.grace": N_("Its page can be read on"),
            "objection.decide": N_("To decide on an objection"),
            "alert.look": N_("To look at an alert from a department’s list"),
            "advisory.answer_within": N_("To answer a farmer’s question"),
        },
    ),
    (
        N_("Projects"),
        {
            "project.county_decides_fen": N_("Up to this amount the county decides on a project"),
            "project.city_decides_fen": N_("Up to this amount the city decides on a project"),
            "project.pass_percent": N_("Points that a project needs, in per cent"),
            "project.review": N_("To judge a project at a level"),
            "project.revise": N_("To mend a project and hand it in"),
            "project.notice": N_("Notice of a project hangs out, never under ten days"),
            "project.approve": N_("To approve a project after its notice"),
            "project.start": N_("To begin the work"),
            "project.objection": N_("To decide on an objection to a project"),
            "project.gap_percent": N_("Points that work and money may be apart"),
            "project.gap_days": N_("Days after which that is a warning"),
        },
    ),
    (
        N_("Reading and publishing"),
        {
            "searches_an_hour": N_("Searches of an officer in an hour"),
            "searches_a_day": N_("Searches of an officer in a day"),
            "export_hours": N_("Hours for which a released table can be fetched"),
            "smallest_cell": N_("Smallest number of persons that is published"),
            "narrowest_interval": N_("Narrowest range that may be worked out for a hidden number"),
            "income_bands": N_("Upper bounds of published bands of income, a person and year"),
        },
    ),
    (
        N_("Benefits"),
        {
            "dibao_line_fen": N_("Line of the minimum living allowance, a person and year"),
            "benefit.decide": N_("From a benefit found to the decision on it"),
        },
    ),
    (
        N_("Complaints and inspections"),
        {
            "complaint.take_up": N_("Somebody takes a complaint on"),
            "complaint.answer_advice": N_("Answer to who asks for advice"),
            "complaint.answer_investigation": N_("Answer after an investigation"),
            "complaint.answer_money": N_("Answer on money"),
            "complaint.escalated": N_("Time of the next level, once a day was missed"),
            "complaint.reopen": N_("An answer can be objected to"),
            "complaint.watch_days": N_("Days for which a household that has complained is watched over"),
            "inspection.begin": N_("A planned inspection begins"),
            "inspection.report": N_("It is reported"),
            "inspection.rectify": N_("A finding is put right"),
            "inspection.confirm": N_("The proof is looked at"),
            "inspection.appeal": N_("An appeal is decided"),
            "inspection.weights": N_("Weights of the signs of risk"),
            "inspection.project_weights": N_("Weights of the signs of risk of projects"),
            "inspection.random_share_bp": N_("Part of the inspections that is drawn by lot"),
        },
    ),
    (
        N_("Responsibility"),
        {
            "duty.quota": N_("Households an officer may answer for, by rank"),
            "duty.handover": N_("To hand households over on leaving office"),
            "duty.paper": N_("For a second officer to look at a paper"),
            "duty.visits_a_year": N_("Visits to a household in a year"),
            "duty.funds_target_fen": N_("Funds brought to a household in a year that count in full"),
            "duty.score_sheet": N_("Weights of the yearly score"),
        },
    ),
    (
        N_("Needs and helpers"),
        {
            "need.verify": N_("To verify a need"),
            "need.open": N_("To find a helper for a need"),
            "need.deliver": N_("To deliver what was pledged"),
            "need.close": N_("To say whether it arrived"),
            "need.nearness": N_("How much an offer counts by where it comes from, in hundredths"),
            "need.prior": N_("Pledges supposed of a helper before its first"),
        },
    ),
    (
        N_("Collection of forms"),
        {
            "form_quality": N_("When a form is looked at again"),
            "form_revisit": N_("Households seen a second time"),
        },
    ),
    (
        N_("Public money"),
        {
            fund_rules.IDLE_MONTHS: N_("Months after which money counts as idle"),
            fund_rules.IDLE_LEAST_FEN: N_("Least amount that is looked at as idle"),
            fund_rules.SPLIT_BELOW_FEN: N_("Amount from which works need a tender"),
            fund_rules.SPLIT_DAYS: N_("Days within which smaller payments are added up"),
            fund_rules.ROUND_TRIP_DAYS: N_("Days within which money that comes back is looked at"),
            fund_rules.ROUND_TRIP_SHARE_BP: N_("Share of a payment that has come back"),
            fund_rules.SHARED_HOUSEHOLDS: N_("Households that may share a bank account"),
            fund_rules.DEATH_DAYS: N_("Days after a death on which a payment is not asked about"),
        },
    ),
    (
        N_("Equity income"),
        {"equity_reference_rate_bp": N_("Reference rate that a floor must reach, a year")},
    ),
    (
        N_("Sourcing"),
        {
            plan_rules.ANSWER_TIME: N_("Time of a farm to answer a plan"),
            plan_rules.TRANSPORT_FEN_KG: N_("What bringing a kilogram costs, in fen, by how near it is"),
            plan_rules.DISTANCE_KM: N_("How far that counts, in km"),
            plan_rules.AFFINITY_FEN_KG: N_("What a sure and near seller is worth, in fen a kilogram"),
            plan_rules.SPREAD_FEN_KG: N_("What it is worth that a household sells at all, in fen a kilogram"),
            plan_rules.FILL_KEPT_PERMILLE: N_("Part of the possible amount that a plan keeps, in thousandths"),
        },
    ),
    (
        N_("Harvests"),
        {
            TOLERANCE_PERCENT: N_("Sold at most, in hundredths of the declared yield"),
            UNDECLARED_KG: N_("Kilograms of a crop and year that need no declaration"),
            UNCONFIRMED_MU: N_("Mu of a household that count before an officer confirms them"),
            **{YIELD + name: YIELD_NAME for name in CROPS},
        },
    ),
)
NAMES = {name: words for _title, names in GROUPS for name, words in names.items()}
# Rules whose whole numbers are fen, read and typed in yuan.
IN_FEN = frozenset(
    {
        *("poverty_line_fen", "dibao_line_fen", "income_bands"),
        *(fund_rules.IDLE_LEAST_FEN, fund_rules.SPLIT_BELOW_FEN),
        *("project.county_decides_fen", "project.city_decides_fen", "duty.funds_target_fen"),
    }
)
PARTS = {
    "grain": N_("Grain"),
    "tobacco": N_("Tobacco"),
    "livestock": N_("Livestock"),
    "fruit": N_("Fruit"),
    "other": N_("Other produce"),
    "complaints": N_("Complaints"),
    "gap": N_("Progress behind time"),
    "idle": N_("Idle money"),
    "before": N_("Findings before"),
    "size": N_("Size"),
    "seconds_per_question": N_("Seconds a question takes at least"),
    "straight_share": N_("Share of answers at the same place"),
    "straight_least": N_("Answers from which that is looked for"),
    "photo_bits": N_("Bits in which two photos differ at least"),
    "clock_ahead_minutes": N_("Minutes a phone’s clock may be ahead"),
    "night_from": N_("Night begins, hour"),
    "night_until": N_("Night ends, hour"),
    "share": N_("Share of a collector’s households"),
    "days": N_("Days for the second visit"),
    "village": N_("In one village"),
    "township": N_("In one township"),
    "county": N_("In one county"),
    "city": N_("In one city"),
    "province": N_("In one province"),
    "nation": N_("Farther"),
    "county_head": N_("County head"),
    "county_deputy": N_("Deputy head of the county"),
    "section_head": N_("Head of a section"),
    "section_deputy": N_("Deputy head of a section"),
    "other_rank": N_("Other officers"),
    "second": N_("As a second helper"),
    "visits": N_("Visits"),
    "confirmed": N_("Visits confirmed by households"),
    "satisfaction": N_("Content households"),
    "funds": N_("Funds brought"),
    "beyond": N_("Farther away"),
    "kept": N_("Kept"),
    "lapsed": N_("Lapsed"),
}


def rule_words(name: str) -> str:
    """What a rule is called."""
    if name.startswith(YIELD):
        crop = name.removeprefix(YIELD)
        return _(NAMES[name], crop=_(CROPS[crop])) if crop in CROPS else _(YIELD_NAME, crop=crop)
    return _(NAMES[name])


def value_words(name: str, value: Any) -> str:
    """A rule's value, as people say it."""
    match rule_form(name):
        case Form.TERM:
            ((unit, days),) = value.items()
            if unit == "workdays":
                return ngettext("%(num)d working day", "%(num)d working days", days)
            return ngettext("%(num)d day", "%(num)d days", days)
        case Form.FRACTION:
            return f"{value[0]}/{value[1]}"
        case Form.BOUNDS:
            return _(", ").join(_number(name, each) for each in value)
        case Form.TABLE | Form.COSTS:
            unit = " %" if rule_form(name) is Form.COSTS else ""
            # In the order of the form, which no database keeps.
            in_order = [part for part in PARTS if part in value]
            return _(", ").join(f"{_(PARTS[part])} {value[part]}{unit}" for part in in_order)
    return _number(name, value)


def _number(name: str, value: int) -> str:
    if name in IN_FEN:
        return yuan(value)
    if name.endswith("_bp"):
        return f"{Decimal(value) / 100:f} %"
    return f"{value:,} %" if name.endswith("_percent") else f"{value:,}"


def typed_value(name: str, value: Any) -> dict[str, str]:
    """What stands in the fields of a rule's form for a value; empty fields where there is none."""
    match rule_form(name):
        case Form.TERM:
            ((unit, days),) = value.items() if value else (("days", ""),)
            return {"value": str(days), "unit": unit}
        case Form.TABLE | Form.COSTS:
            return {f"value_{part}": str((value or {}).get(part, "")) for part in parts_of(name, value)}
        case Form.FRACTION:
            return {"value": f"{value[0]}/{value[1]}" if value else ""}
        case Form.BOUNDS:
            return {"value": ", ".join(_typed(name, each) for each in value or ())}
    return {"value": "" if value is None else _typed(name, value)}


def parts_of(name: str, value: Any) -> tuple[str, ...]:
    """The names of the numbers of a rule that has several."""
    return COSTS if rule_form(name) is Form.COSTS else tuple(value or ())


def _typed(name: str, value: int) -> str:
    return f"{Decimal(value) / 100:f}" if name in IN_FEN or name.endswith("_bp") else str(value)


def read_value(name: str, typed: Mapping[str, str], parts: tuple[str, ...]) -> Any:
    """A rule's value from what was typed into its fields; whether the rule can have it is for the registry to say.

    Raises
    ------
    FormError
        Where something is no number.
    """
    match rule_form(name):
        case Form.TERM:
            return {typed.get("unit", "days"): _read(name, "value", typed.get("value", ""))}
        case Form.FRACTION:
            return [_read(name, "value", part) for part in typed.get("value", "").replace("／", "/").split("/")]
        case Form.BOUNDS:
            text = typed.get("value", "").replace("，", ",").replace("、", ",")
            return [_read(name, "value", part) for part in text.split(",")]
        case Form.TABLE | Form.COSTS:
            given = {part: typed.get(f"value_{part}", "") for part in parts}
            return {part: _read(name, f"value_{part}", text) for part, text in given.items() if text}
    return _read(name, "value", typed.get("value", ""))


def _read(name: str, field: str, text: str) -> int | float:
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        raise FormError({field: _("Please enter a number.")}) from None
    if not number.is_finite() or abs(number) > 10**9:
        raise FormError({field: _("Please enter a number.")})
    if name in IN_FEN or name.endswith("_bp"):
        number *= 100
    return int(number) if number == number.to_integral_value() else float(number)
