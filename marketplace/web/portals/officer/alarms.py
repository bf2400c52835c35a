"""Alarms in words: which share of which policy lags, and since when."""

from flask_babel import gettext as _

from marketplace.recommendations.models import TiltAlarm
from marketplace.recommendations.policies import policies_for
from marketplace.recommendations.report import alarms
from marketplace.regions.queries import area_names
from marketplace.web.filters import day as day_text
from marketplace.web.places import place_name


def measure_name(measure: str) -> str:
    """What is measured, as it is called on the pages."""
    names = {"exposure": _("share of what is shown"), "expected": _("share of expected sales"), "sold": _("share of sales")}
    return names[measure]


def alarm_sentences(area_code: str) -> list[str]:
    """A sentence for each alarm that lasts, of policies of an area and those above it."""
    policies = {policy.id: policy for policy in policies_for(area_code)}
    found = alarms(list(policies), open_only=True)
    names = area_names(policies[alarm.policy_id].area_code for alarm in found)
    return [_sentence(alarm, place_name(names[policies[alarm.policy_id].area_code])) for alarm in found]


def _sentence(alarm: TiltAlarm, area: str) -> str:
    return _(
        "Policy of %(area)s: since %(day)s the %(measure)s has stayed behind its target by more than chance explains.",
        area=area,
        day=day_text(alarm.began_on),
        measure=measure_name(alarm.measure),
    )
