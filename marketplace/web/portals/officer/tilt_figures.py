"""The tilt report in words, a chart, a table and CSV. No query; what is counted is said in ``counted``."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.kernel.money import plain_yuan
from marketplace.recommendations.models import Policy, TiltAlarm, TiltReport
from marketplace.recommendations.report import ATTRIBUTION_DAYS, RULE, share_of
from marketplace.web import csv_files
from marketplace.web.filters import day as day_text
from marketplace.web.filters import short_day, yuan
from marketplace.web.portals.officer.alarms import measure_name
from marketplace.web.portals.officer.policy_figures import fine

# The ends of an interval that holds 95 times in 100.
_NORMAL = 1.96
_ERRORS = {"exposure": "exposure_error", "expected": "expected_error", "sold": "sold_error"}


def interval(row: TiltReport, measure: str) -> tuple[float, float] | None:
    """The ends of the interval of a day's share; None where the day cannot tell."""
    share, error = share_of(row, measure), getattr(row, _ERRORS[measure])
    if share is None or error is None:
        return None
    return max(0.0, share - _NORMAL * error), min(1.0, share + _NORMAL * error)


class Figures:
    """What the page of a policy's days shows; there is at least one day."""

    def __init__(self, policy: Policy, rows: Sequence[TiltReport], alarms: Sequence[TiltAlarm]) -> None:
        self._policy, self._rows, self._alarms = policy, rows, alarms

    def _whole(self, part: str, whole: str) -> float | None:
        total = sum(getattr(row, whole) for row in self._rows)
        return sum(getattr(row, part) for row in self._rows) / total if total else None

    @property
    def headline(self) -> str:
        """Target, what was reached and what was sold, in one sentence."""
        shown = self._whole("registered_exposure", "exposure")
        sold = self._whole("registered_fen", "sold_fen")
        days = ngettext("On one day", "On %(num)d days", len(self._rows))
        if shown is None:
            return _("%(days)s no list with goods of this policy was shown.", days=days)
        if self._policy.exposure_share is None:
            return _(
                "%(days)s goods of registered households got %(shown)s of what was shown and %(sold)s of what was bought.",
                days=days,
                shown=fine(shown),
                sold=fine(sold),
            )
        return _(
            "%(days)s goods of registered households got %(shown)s of what was shown, where %(target)s was set, and %(sold)s of"
            " what was bought.",
            days=days,
            shown=fine(shown),
            target=fine(self._policy.exposure_share),
            sold=fine(sold),
        )

    @property
    def tiles(self) -> list[dict[str, str]]:
        """The figures of all days together, each with what it is held against."""
        policy = self._policy
        costed = [(row.expected, row.kept_share) for row in self._rows if row.kept_share is not None and row.expected]
        weight = sum(expected / kept for expected, kept in costed if kept)
        kept = sum(expected for expected, _kept in costed) / weight if weight else None
        seen = self._whole("shown_registered_fen", "shown_fen")
        rows = [
            (_("Share of what was shown"), self._whole("registered_exposure", "exposure"), _target(policy.exposure_share)),
            (_("Share of expected sales"), self._whole("registered_expected", "expected"), _target(policy.sales_share)),
            (_("Share of what was bought"), self._whole("registered_fen", "sold_fen"), _target(policy.sales_share)),
            (
                _("Share of what was bought after being shown"),
                seen,
                _("bought within %(days)s days of being shown", days=ATTRIBUTION_DAYS),
            ),
            (
                _("Given up by readers, at most"),
                None if kept is None else 1 - kept,
                _("of the expected sales of lists without tilt"),
            ),
        ]
        return [{"label": label, "value": fine(value), "note": note} for label, value, note in rows]

    @property
    def chart(self) -> dict[str, Any]:
        """Target and realised share of what is shown by day, and the share of what was bought."""
        days = self._rows
        target = self._policy.exposure_share if self._policy.exposure_share is not None else self._policy.sales_share
        ends = [interval(row, "exposure") for row in days]
        highest = max(
            [target or 0.0]
            + [end[1] for end in ends if end]
            + [share for row in days for name in ("exposure", "sold") if (share := share_of(row, name)) is not None]
        )
        top = min(1.0, int(highest * 10 + 1) / 10)

        def across(place: int) -> float:
            return round(100 * place / max(len(days) - 1, 1), 2)

        def down(share: float) -> float:
            return round(100 - 100 * share / top, 2)

        def line(name: str) -> list[tuple[float, float]]:
            return [(across(at), down(share)) for at, row in enumerate(days) if (share := share_of(row, name)) is not None]

        known = [(across(at), end) for at, end in enumerate(ends) if end]
        band = [(x, down(end[1])) for x, end in known] + [(x, down(end[0])) for x, end in reversed(known)]
        lines = [
            {"name": _("Share of what was shown, with its interval"), "kind": "line", "points": line("exposure")},
            {"name": _("Share of what was bought"), "kind": "third", "points": line("sold")},
        ]
        if target is not None:
            level = down(target)
            lines.insert(0, {"name": _("Target"), "kind": "before", "points": [(0, level), (100, level)]})
        count = min(4, len(days))
        labels = [days[at * (len(days) - 1) // max(count - 1, 1)].reported_on for at in range(count)]
        return {
            "caption": _("Target and realised share by day"),
            "top": fine(top),
            "bottom": "0%",
            "axis": [short_day(one) for one in labels],
            "x_title": "",
            "lines": lines,
            "marks": [],
            "band": band if len(known) > 1 else None,
        }

    @property
    def table(self) -> dict[str, Any]:
        """The days, the newest first."""
        heads = [
            _("Day"),
            _("Lists"),
            _("Readers"),
            _("Share of what was shown"),
            _("Interval"),
            _("Share of expected sales"),
            _("Interval"),
            _("Given up, at most"),
            _("Order lines"),
            _("Sold"),
            _("Share of what was bought"),
            _("Interval"),
            _("Sold after being shown"),
            _("Share of that"),
        ]
        return {"heads": heads, "rows": [_cells(row) for row in reversed(self._rows)]}

    @property
    def alarms(self) -> list[dict[str, str]]:
        """The alarms of this policy, those that are over too."""
        return [
            {
                "measure": measure_name(alarm.measure),
                "began": day_text(alarm.began_on),
                "ended": day_text(alarm.ended_on) if alarm.ended_on else _("still lasts"),
            }
            for alarm in self._alarms
        ]

    @property
    def counted(self) -> list[str]:
        """How the figures were counted."""
        return [
            _("Counted are the goods this policy covers, in every list shown on a day that is over, in market time."),
            _("A place counts 1 over log2 of place + 1; of a cooperative’s goods the part that registered households brought."),
            _("Expected sales also weigh each place by how likely the model thought the reader to buy what stood there."),
            _(
                "Bought are order lines placed on the day and not cancelled since; the part of registered households is the"
                " share each line was sold with. The page of sales counts by the day of payment instead."
            ),
            _(
                "After being shown means that a list shown to the buyer in the %(days)s days before had this listing in it;"
                " it does not say that the list was the reason.",
                days=ATTRIBUTION_DAYS,
            ),
            _(
                "Intervals are normal ones for a ratio, 95 in 100, with readers as the units for lists and buyers for sales:"
                " how far the share could differ with other readers on such a day."
            ),
            _(
                "Given up is counted from the prices each list was made with, and can only be less: the true loss lies between"
                " nothing and this."
            ),
            _(
                "An alarm begins when a running sum of daily shortfalls beyond %(points)s point, in standard errors, exceeds"
                " %(limit)s (a control chart, CUSUM). A share that lies just that point short sets it off by chance about once"
                " in 930 days. It ends when the sum is back at zero.",
                points=f"{RULE.tolerance * 100:g}",
                limit=f"{RULE.limit:g}",
            ),
        ]


def _target(share: float | None) -> str:
    return _("no target set") if share is None else _("%(share)s was set", share=fine(share))


def _ends(row: TiltReport, measure: str) -> str:
    ends = interval(row, measure)
    return "–" if ends is None else f"{ends[0] * 100:.1f}–{fine(ends[1])}"


def _cells(row: TiltReport) -> list[str]:
    return [
        day_text(row.reported_on),
        f"{row.lists:,}",
        f"{row.readers:,}",
        fine(share_of(row, "exposure")),
        _ends(row, "exposure"),
        fine(share_of(row, "expected")),
        _ends(row, "expected"),
        fine(None if row.kept_share is None else 1 - row.kept_share),
        f"{row.order_lines:,}",
        yuan(row.sold_fen),
        fine(share_of(row, "sold")),
        _ends(row, "sold"),
        yuan(row.shown_fen),
        fine(row.shown_registered_fen / row.shown_fen if row.shown_fen else None),
    ]


def csv_text(policy: Policy | None, rows: Sequence[TiltReport]) -> str:
    """The days as CSV, in time: plain numbers, shares as parts of one with six decimals, empty where there is none."""
    header = [
        _("Day"),
        _("Target share of what is shown"),
        _("Target share of sales"),
        _("Lists"),
        _("Readers"),
        *(f"{name} ({part})" for name in _measures() for part in (_("share"), _("from"), _("to"))),
        _("Kept at least"),
        _("Order lines"),
        _("Sold (yuan)"),
        _("Sold by registered households (yuan)"),
        _("Sold after being shown (yuan)"),
        _("Sold after being shown by registered households (yuan)"),
    ]
    return csv_files.csv_text(header, [_csv_row(policy, row) for row in rows])


def _csv_row(policy: Policy | None, row: TiltReport) -> list[object]:
    shares = [value for name in _ERRORS for value in (share_of(row, name), *(interval(row, name) or (None, None)))]
    return [
        row.reported_on.isoformat(),
        _plain(policy.exposure_share if policy else None),
        _plain(policy.sales_share if policy else None),
        row.lists,
        row.readers,
        *map(_plain, shares),
        _plain(row.kept_share),
        row.order_lines,
        *map(plain_yuan, (row.sold_fen, row.registered_fen, row.shown_fen, row.shown_registered_fen)),
    ]


def _measures() -> list[str]:
    return [measure_name(name) for name in _ERRORS]


def _plain(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"
