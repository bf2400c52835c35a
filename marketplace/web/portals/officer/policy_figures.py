"""A policy and its simulation in words, charts and tables. No query; what is counted is said beside each figure."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.recommendations.models import Policy
from marketplace.recommendations.replay import LOOKED_AT_DAYS, Replay
from marketplace.recommendations.simulation import LIST_PLACES, Outcome, Simulation
from marketplace.recommendations.world import RECENT_DAYS
from marketplace.web.filters import day as day_text
from marketplace.web.filters import moment

# Among fewer households a spread would tell of one of them.
_FEWEST_HOUSEHOLDS = 5
GROUPS = ("in_force", "coming", "past")


def fine(share: float | None) -> str:
    """A share with one decimal, or a dash.

    >>> fine(0.3004), fine(None)
    ('30.0%', '–')
    """
    return "–" if share is None else f"{share * 100:.1f}%"


def policy_row(policy: Policy, area: str, setter: str, *, holds: bool, today: date, mine: bool) -> dict[str, Any]:
    """A policy as a row of a list, with the group it belongs to."""
    coming = policy.begins_on > today
    over = policy.ends_on is not None and policy.ends_on < today
    state = _("begins later") if coming else _("in force") if holds else _("over") if over else _("replaced by a newer one")
    return {
        "group": "coming" if coming else "in_force" if holds else "past",
        "state": (state, "wait" if coming else "good" if holds else "neutral"),
        "public_id": policy.public_id,
        "area": area,
        "exposure_share": fine(policy.exposure_share),
        "sales_share": fine(policy.sales_share),
        "household_floor": fine(policy.household_floor or None),
        "consumer_guard": fine(policy.consumer_guard or None),
        "begins_on": day_text(policy.begins_on),
        "ends_on": day_text(policy.ends_on) if policy.ends_on else _("open"),
        "set": _("%(who)s, %(moment)s", who=setter, moment=moment(policy.created_at)),
        "can_withdraw": coming and mine,
    }


def grouped(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows under the headings of the page; a heading without rows is left out."""
    headings = {"in_force": _("In force"), "coming": _("Coming"), "past": _("Earlier")}
    groups = [{"heading": headings[name], "rows": [row for row in rows if row["group"] == name]} for name in GROUPS]
    return [group for group in groups if group["rows"]]


class Figures:
    """What the page of a draft shows: everything from the simulation, and what the log of shown lists can add."""

    def __init__(self, simulation: Simulation | None, replayed: Replay, area: str) -> None:
        self.simulation, self._replayed, self._area = simulation, replayed, area
        if simulation is None:
            return
        self._tells_spread = simulation.households >= _FEWEST_HOUSEHOLDS
        self._of_exposure = simulation.frontier_of == "exposure_share"
        self._all = [
            (_("Without any tilt"), simulation.untilted),
            *([(_("Policy in force"), simulation.in_force)] if simulation.in_force else []),
            (_("This draft"), simulation.drafted),
        ]

    @property
    def headline(self) -> str:
        """What the draft would do, in one sentence."""
        made = self._simulated.drafted
        return _(
            "Under this draft, goods of registered households in %(area)s would get %(shown)s of what is shown and %(sales)s of"
            " expected sales; half of all readers would keep at least %(median)s of what fits them best, 95 in 100 at least"
            " %(most)s.",
            area=self._area,
            shown=fine(made.exposure_share),
            sales=fine(made.sales_share),
            median=fine(made.kept_median),
            most=fine(made.kept_p5),
        )

    @property
    def _simulated(self) -> Simulation:
        assert self.simulation is not None
        return self.simulation

    @property
    def warnings(self) -> list[str]:
        """What the draft cannot reach, and what could be."""
        found = self._simulated
        texts = []
        for unmet in found.drafted.unmet:
            if unmet.kind == "household_floor" and not self._tells_spread:
                texts.append(_("Not every seller would get the floor."))
                continue
            if unmet.kind == "household_floor":
                texts.append(
                    ngettext(
                        "%(num)d seller would stay below the floor, at %(share)s of it.",
                        "%(num)d sellers would stay below their floor; the one furthest from it would get %(share)s of it.",
                        unmet.number,
                        share=fine(unmet.reached),
                    )
                )
                continue
            most = max(found.attainable, unmet.reached) if unmet.kind == found.frontier_of else unmet.reached
            values = {"wanted": fine(unmet.wanted), "reached": fine(unmet.reached), "most": fine(most)}
            texts.append(
                _(
                    "%(wanted)s of what is shown cannot be reached with this guard: the largest share found is %(most)s, and"
                    " this draft would reach %(reached)s.",
                    **values,
                )
                if unmet.kind == "exposure_share"
                else _(
                    "%(wanted)s of expected sales cannot be reached with this guard: the largest share found is %(most)s, and"
                    " this draft would reach %(reached)s.",
                    **values,
                )
            )
        return texts

    @property
    def tiles(self) -> list[dict[str, str]]:
        """The draft's figures, each beside what is."""
        found = self._simulated
        now, name = (found.in_force, _("%(value)s under the policy in force")) if found.in_force else (None, "")
        before = now or found.untilted
        note = name or _("%(value)s without any tilt")
        rows = [
            (_("Share of what is shown"), fine(found.drafted.exposure_share), fine(before.exposure_share)),
            (_("Share of expected sales"), fine(found.drafted.sales_share), fine(before.sales_share)),
            (_("Kept by half of all readers"), fine(found.drafted.kept_median), fine(before.kept_median)),
        ]
        if self._tells_spread:
            some, whole = f"{found.drafted.reached_households:,}", f"{found.households:,}"
            reached = _("%(some)s of %(all)s", some=some, all=whole)
            rows.append((_("Households shown at all"), reached, f"{before.reached_households:,}"))
        return [{"label": label, "value": value, "note": note % {"value": was}} for label, value, was in rows]

    @property
    def readers_chart(self) -> dict[str, Any]:
        """What readers keep, against the share that runs along the frontier."""
        found, points = self._simulated, [self._simulated.untilted, *self._simulated.frontier]
        xs = [self._share(point) for point in points]
        span, low = max(xs[-1] - xs[0], 1e-9), min(point.kept_p1 for point in points)
        bottom = int(min(low, found.drafted.kept_p1) * 10) / 10 if low < 1 else 0.9

        def across(share: float) -> float:
            return round(min(max(100 * (share - xs[0]) / span, 0), 100), 2)

        def down(kept: float) -> float:
            return round(100 * (1 - kept) / max(1 - bottom, 1e-9), 2)

        kinds = [
            (_("half of all readers keep at least this"), "kept_median", "line"),
            (_("95 in 100 keep at least this"), "kept_p5", "before"),
            (_("99 in 100 keep at least this"), "kept_p1", "third"),
        ]
        marks = [
            {"x": across(self._share(outcome)), "y": down(outcome.kept_median), "name": name, "kind": kind}
            for (name, outcome), kind in zip(self._all[1:], ("now", "draft") if found.in_force else ("draft",), strict=True)
        ]
        return {
            "caption": _("What readers keep of what fits them best"),
            "top": "100%",
            "bottom": fine(bottom),
            "axis": [fine(xs[0] + span * at / 4) for at in range(5)],
            "x_title": self._share_name,
            "lines": [
                {
                    "name": name,
                    "kind": kind,
                    "points": [(across(x), down(getattr(point, field))) for x, point in zip(xs, points, strict=True)],
                }
                for name, field, kind in kinds
            ],
            "marks": marks,
        }

    @property
    def spread_chart(self) -> dict[str, Any] | None:
        """The Lorenz curves of exposure over households; None where they are too few to tell of."""
        if not self._tells_spread:
            return None
        kinds = ("third", "before", "line") if self._simulated.in_force else ("third", "line")
        return {
            "caption": _("How evenly households are shown"),
            "top": "100%",
            "bottom": "0%",
            "axis": [f"{25 * at}%" for at in range(5)],
            "x_title": _("Households, the least shown first; upwards the part of all exposure they have together"),
            "even": True,
            "lines": [
                {"name": name, "kind": kind, "points": [(10 * at, round(100 - 100 * y, 2)) for at, y in enumerate(one.lorenz)]}
                for (name, one), kind in zip(self._all, kinds, strict=True)
            ],
            "marks": [],
        }

    def _share(self, outcome: Outcome) -> float:
        return outcome.exposure_share if self._of_exposure else outcome.sales_share

    @property
    def _share_name(self) -> str:
        return _("Share of what is shown") if self._of_exposure else _("Share of expected sales")

    @property
    def table(self) -> dict[str, Any]:
        """Every set of lists as a row, in the order of the page."""
        steps = self._simulated.frontier
        named = [
            *self._all,
            *((_("Frontier at %(share)s", share=fine(one.target)), one) for one in steps[:-1]),
            (_("The largest found"), steps[-1]),
        ]
        heads = [
            _("Lists"),
            _("Share of what is shown"),
            _("Share of expected sales"),
            _("Kept, half of all"),
            _("Kept, 95 in 100"),
            _("Kept, 99 in 100"),
            _("Lists changed"),
            _("Certificate"),
            *([_("Households shown"), _("Gini"), _("Least shown tenth")] if self._tells_spread else []),
        ]
        rows = [[name, *_cells(one), *(_spread_cells(one) if self._tells_spread else [])] for name, one in named]
        return {"heads": heads, "rows": rows}

    @property
    def certificate(self) -> str:
        """What is proven about the draft's lists."""
        gap = self._simulated.drafted.gap
        if gap is None:
            return _("Because a target is out of reach, these lists are the nearest that were found, without a proof.")
        return _(
            "Proven: no other lists that reach the same targets have more than %(gap)s more expected sales than these.",
            gap=f"{gap * 100:.2f}%",
        )

    @property
    def log_title(self) -> str:
        """What the log of lists already shown is asked."""
        return _("What this would have earned on lists already shown")

    @property
    def log_sentences(self) -> list[str]:
        """What the log of lists already shown can say of the draft, or why it cannot."""
        found = self._replayed
        if found.why == "nothing_by_chance":
            return [
                _(
                    "The log cannot say. Every place of the lists shown so far followed from the rules and none was given by"
                    " chance, so nothing is known of what other goods would have earned in their place."
                )
            ]
        if found.estimate is None:
            return [
                _(
                    "The log cannot say yet. Chance had a say in %(places)s last places of lists and filled %(chance)s of them;"
                    " for this draft they are worth %(size)s independent places, and fewer than 100 tell nothing.",
                    places=f"{found.places:,}",
                    chance=f"{found.by_chance:,}",
                    size=f"{found.effective_size:,.0f}",
                )
            ]
        estimate = found.estimate
        return [
            _(
                "Of 1,000 last places, this draft would have led to %(mean)s purchases within a week (from %(low)s to %(high)s,"
                " 95 in 100); as they were, %(earned)s did.",
                mean=_per_thousand(estimate.estimate),
                low=_per_thousand(max(estimate.low, 0.0)),
                high=_per_thousand(estimate.high),
                earned=_per_thousand(found.earned or 0.0),
            ),
            _(
                "This rests on %(places)s last places, %(chance)s of them filled by chance, worth %(size)s independent ones.",
                places=f"{found.places:,}",
                chance=f"{found.by_chance:,}",
                size=f"{estimate.effective_size:,.0f}",
            ),
        ]

    @property
    def counted(self) -> list[str]:
        """How all of this was counted."""
        found = self._simulated
        return [
            _(
                "Lists of %(places)s places were made for %(count)s consumers, drawn at random from those active in the last"
                " %(days)s days who allow it, from %(goods)s goods in stock, of which %(covered)s are covered by this policy.",
                places=LIST_PLACES,
                count=f"{found.consumers:,}",
                days=RECENT_DAYS,
                goods=f"{found.listings:,}",
                covered=f"{found.covered_listings:,}",
            ),
            _(
                "Relevance comes from the model that serves the shop, number %(number)s. Nobody was shown these lists.",
                number=found.model_version_id,
            ),
            _("Shares are of what the covered goods receive; a place counts 1 over log2 of place + 1, the first most."),
            _("Kept is the expected sales of a reader’s list over those of the same reader’s list without any tilt."),
            _(
                "Households are those registered today with goods in stock there; a listing’s exposure is divided among them by"
                " the grams they brought. Gini is 0 when all have the same and near 1 when one has everything."
            ),
            _("The least shown tenth is what the least shown tenth of households have on average, over the average of all."),
            _("The frontier is made with this draft’s guard and without a floor."),
            _(
                "Left out are where a seller delivers, the most that one seller may have in a list, the turns of new goods, and"
                " the policies of other areas."
            ),
        ]

    @property
    def log_counted(self) -> list[str]:
        """How the log was asked."""
        return [
            _(
                "Looked at are last places of the past %(days)s days, without the last seven, whose purchases may still come.",
                days=LOOKED_AT_DAYS,
            ),
            _(
                "Each counts by how likely the draft shows what stood there, over how likely it was then (self-normalised"
                " inverse propensity); what the draft would choose follows from today’s model and stock."
            ),
            _log_limit(),
        ]


def _log_limit() -> str:
    return _(
        "It speaks of the last place of a list alone; the places above it follow from the rules, and there the log is silent."
    )


def _per_thousand(share: float) -> str:
    return f"{share * 1000:.1f}"


def _cells(outcome: Outcome) -> list[str]:
    return [
        fine(outcome.exposure_share),
        fine(outcome.sales_share),
        fine(outcome.kept_median),
        fine(outcome.kept_p5),
        fine(outcome.kept_p1),
        fine(outcome.changed),
        "–" if outcome.gap is None else f"{outcome.gap * 100:.2f}%",
    ]


def _spread_cells(outcome: Outcome) -> list[str]:
    """What an outcome says of households."""
    return [f"{outcome.reached_households:,}", f"{outcome.gini:.2f}", fine(outcome.lowest_tenth)]
