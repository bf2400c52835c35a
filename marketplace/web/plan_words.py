"""Plans in words, charts and tables. No query; what is counted is said beside each figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.kernel.errors import N_
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, Plan, PlanPart
from marketplace.web.filters import grams, yuan
from marketplace.web.languages import is_chinese, pick

# Among fewer sellers a share would tell a buyer whose household is registered.
FEWEST_SELLERS = 5

PLAN_STATES = {
    "proposed": (N_("waits for a decision"), "wait"),
    "approved": (N_("approved"), "good"),
    "superseded": (N_("replaced by a newer one"), "neutral"),
    "rejected": (N_("turned down"), "neutral"),
}
PART_STATES = {
    "proposed": (N_("not asked yet"), "neutral"),
    "asked": (N_("asked"), "wait"),
    "accepted": (N_("said yes"), "good"),
    "declined": (N_("said no"), "neutral"),
    "lapsed": (N_("did not answer in time"), "neutral"),
    "cut": (N_("cut"), "bad"),
    "ordered": (N_("ordered"), "good"),
    "delivered": (N_("delivered"), "good"),
}
REASONS = {
    "no_supply": N_("Nothing that is declared fits."),
    "not_worth_bringing": N_("What fits costs more to bring than it is worth."),
    "supply_taken": N_("All that fits is taken by other deliveries."),
    "too_few_households": N_("The number of households that this demand takes is reached."),
    "least_lot": N_("What is left is less than the least that anybody would bring."),
    "kept_for_share": N_("Other goods would have brought the share below what was asked for."),
}
_CUTS = {
    "yield": N_("The harvest gave less: from %(before)s."),
    "withdrawn": N_("The goods were taken back: from %(before)s."),
    "less_taken": N_("The delivery takes less: from %(before)s."),
    "came_short": N_("Less came than was agreed: of %(before)s."),
}
GRADES = {
    Grade.SPECIAL: N_("special grade"),
    Grade.FIRST: N_("first grade"),
    Grade.SECOND: N_("second grade"),
    Grade.UNGRADED: N_("any grade"),
}
_FAILS = {
    "product": N_("they are other goods"),
    "capacity": N_("all of them is promised already"),
    "grade": N_("the grade is too low"),
    "window": N_("they come in another week"),
    "price": N_("they cost more than the ceiling"),
    "transport": N_("bringing them costs too much"),
    "certificate": N_("a certificate is missing"),
    "origin": N_("they come from elsewhere"),
    "least_lot": N_("the seller would only bring more"),
}


def chip(state: str, names: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """A state as a chip: its name and its tone."""
    words, tone = names[state]
    return str(_(words)), tone


def fen_words(fen: float) -> str:
    """Some fen, with one decimal."""
    return _("%(number)s fen", number=f"{fen:.1f}")


def per_kg(fen_kg: int) -> str:
    """A price: 2.10 yuan a kilogram."""
    return _("%(amount)s per kg", amount=yuan(fen_kg))


def share_words(share: float | None) -> str:
    """A share with one decimal, or a dash."""
    return "–" if share is None else f"{share * 100:.1f}%"


def goods_of(demand: Demand) -> str:
    """What a demand wants, with the grade where one is asked for."""
    what = demand.product or demand.category
    name = pick(what.name_zh, what.name_en) if what is not None else ""
    if demand.grade == Grade.UNGRADED:
        return str(name)
    joined = "，" if is_chinese() else ", "
    return f"{name}{joined}{_(GRADES[Grade(demand.grade)])}"


def cut_words(part: PlanPart) -> str:
    """Why a part was cut, and from how much; empty where it was not."""
    why, _colon, before = part.reason.partition(":")
    return _(_CUTS[why], before=grams(int(before))) if why in _CUTS and before.isdigit() else ""


def unmet_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a delivery is not served: the reason, what fails how much, and what would help."""
    fails = [_fails_words(one) for one in found.get("failing", [])]
    helps = [
        *(_change_words(one, enough=False) for one in found.get("nearest", [])),
        *(_change_words(one, enough=True) for one in found.get("enough", [])),
    ]
    reason = REASONS[found["reason"]]
    return {"missing": grams(found["grams"]), "reason": _(reason), "fails": fails, "helps": helps}


def _fails_words(one: Mapping[str, Any]) -> str:
    why = _FAILS[one["constraint"]]
    return _(
        "%(grams)s that is declared does not fit because %(why)s; for %(alone)s of it that is the only reason.",
        grams=grams(one["grams"]),
        why=_(why),
        alone=grams(one["alone_g"]),
    )


def _change_words(change: Mapping[str, Any], *, enough: bool) -> str:
    joined = "，" if is_chinese() else ", "
    steps = joined.join(_loosened(name, amount) for name, amount in change["loosened"].items())
    words = _("%(change)s: all that is wanted would fit (%(grams)s).") if enough else _("%(change)s: %(grams)s would fit.")
    return words % {"change": steps, "grams": grams(change["grams"])}


def _loosened(name: str, amount: float) -> str:
    number = round(amount)
    if name == "price":
        return _("A ceiling that is %(amount)s per kg higher", amount=yuan(number))
    if name == "transport":
        return _("A ceiling that is %(amount)s per kg higher, for the way", amount=yuan(number))
    if name == "window":
        return ngettext("A window %(num)d day wider", "A window %(num)d days wider", number)
    if name == "grade":
        return ngettext("%(num)d grade lower", "%(num)d grades lower", number)
    if name == "certificate":
        return ngettext("%(num)d certificate fewer", "%(num)d certificates fewer", number)
    if name == "origin":
        return ngettext("An origin %(num)d level wider", "An origin %(num)d levels wider", number)
    return _("%(grams)s more taken", grams=grams(number))


def chosen_point(plan: Plan) -> dict[str, Any] | None:
    """The point of the curve that the plan is."""
    return next((point for point in plan.curve if point["chosen"]), None)


class PlanFigures:
    """The figures of a plan for a page; ``tells`` says whether shares may be told to this reader."""

    def __init__(self, plan: Plan, *, tells: bool) -> None:
        self._plan, self.tells = plan, tells
        self._chosen = chosen_point(plan)

    @property
    def headline(self) -> str:
        """What the plan does, in one sentence."""
        plan = self._plan
        served = {"planned": grams(plan.planned_g), "wanted": grams(plan.wanted_g)}
        if not self.tells or self._chosen is None:
            return _("%(planned)s of %(wanted)s is served.", **served)
        return _(
            "%(planned)s of %(wanted)s is served, %(share)s of its value by registered households; without the policy it would"
            " be %(untilted)s. That costs %(cost)s per kg.",
            share=share_words(plan.share_attained),
            untilted=share_words(plan.untilted_share),
            cost=fen_words(self._chosen["cost_fen_kg"]),
            **served,
        )

    @property
    def warnings(self) -> list[str]:
        """What the plan could not reach."""
        plan, texts = self._plan, []
        if self.tells and plan.share_attainable is not None:
            texts.append(
                _(
                    "%(asked)s was asked for; without buying less, at most %(most)s can come from registered households.",
                    asked=share_words(plan.share_asked),
                    most=share_words(plan.share_attainable),
                )
            )
        if not plan.in_time:
            texts.append(
                _(
                    "The time for working this out was over: this is the best plan found so far, at most %(gap)s below the best"
                    " there can be.",
                    gap=f"{plan.gap * 100:.2f}%",
                )
            )
        return texts

    @property
    def tiles(self) -> list[dict[str, str]]:
        """The plan's figures."""
        plan = self._plan
        found = [
            {"label": _("Value of the goods"), "value": yuan(plan.value_fen), "note": ""},
            {"label": _("Served"), "value": grams(plan.planned_g), "note": _("of %(wanted)s", wanted=grams(plan.wanted_g))},
        ]
        if self.tells and self._chosen is not None:
            found += [
                {
                    "label": _("From registered households"),
                    "value": share_words(plan.share_attained),
                    "note": _("%(share)s asked for", share=share_words(plan.share_asked)),
                },
                {
                    "label": _("What the tilt costs"),
                    "value": _("%(fen)s per kg", fen=fen_words(self._chosen["cost_fen_kg"])),
                    "note": _("a further yuan from them costs %(fen)s", fen=fen_words(100 * plan.tilt_price)),
                },
            ]
        return found

    @property
    def chart(self) -> dict[str, Any] | None:
        """The curve of share against cost; None where it is one point or may not be told."""
        points = self._plan.curve
        if not self.tells or len(points) < 2:
            return None
        first, last = points[0]["share"], points[-1]["share"]
        most = max(point["cost_fen_kg"] for point in points) or 1.0

        def at(point: Mapping[str, Any]) -> tuple[float, float]:
            across = 100 * (point["share"] - first) / (last - first) if last > first else 0.0
            return round(across, 2), round(100 - 100 * point["cost_fen_kg"] / most, 2)

        marks = [
            {"x": at(point)[0], "y": at(point)[1], "name": _("This plan"), "kind": "now"} for point in points if point["chosen"]
        ]
        return {
            "caption": _("What a larger share would cost, per kg"),
            "top": fen_words(most),
            "bottom": fen_words(0),
            "axis": [share_words(first + (last - first) * step / 4) for step in range(5)],
            "x_title": _("Share of value from registered households"),
            "even": False,
            "lines": [{"name": _("Best plans found"), "kind": "line", "points": [at(point) for point in points]}],
            "marks": marks,
        }

    @property
    def table(self) -> dict[str, Any] | None:
        """The curve as a table."""
        if not self.tells or not self._plan.curve:
            return None
        heads = [
            _("Share of value from registered households"),
            _("Cost per kg"),
            _("A further yuan costs"),
            _("Served"),
            _("Value of the goods"),
            _("At most below the best"),
        ]
        rows = [
            [
                _("%(share)s (this plan)", share=share_words(point["share"]))
                if point["chosen"]
                else share_words(point["share"]),
                fen_words(point["cost_fen_kg"]),
                fen_words(100 * point["tilt_price"]),
                grams(point["planned_g"]),
                yuan(point["value_fen"]),
                f"{point['gap'] * 100:.2f}%",
            ]
            for point in self._plan.curve
        ]
        return {"heads": heads, "rows": rows}

    @property
    def certificate(self) -> str:
        """What is proven of the plan."""
        if self._plan.proved:
            return _("Proven: no plan that keeps the same rules is worth more.")
        return _("Proven: no plan that keeps the same rules is worth %(gap)s more.", gap=f"{self._plan.gap * 100:.2f}%")

    @property
    def counted(self) -> list[str]:
        """How the figures were counted."""
        return [
            _("A kilogram is worth its ceiling, less what the seller asks and what the way costs; sellers get what they ask."),
            _(
                "As much as possible is served first; among plans that serve it, the one worth the most that has the share is"
                " taken. Cost is what it is worth less than the plan without a share, over its kilograms."
            ),
            _("Least amounts, grades, weeks, certificates, origins and the number of households of each demand are kept."),
            _("Whether a household is registered was read when the plan was made, and again when it was approved."),
            _("What sellers have said yes to stays in every later plan and counts in its share."),
        ]


def tells_shares(sellers: Sequence[int]) -> bool:
    """Whether so many sellers are in a plan that its share tells of none of them."""
    return len(set(sellers)) >= FEWEST_SELLERS
