"""Portal: what is kept of whom, why, who reads it and until when; told from the register of fields."""

from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.fields.told import KeepWords, ToldGroup, people, told_of
from marketplace.kernel import clock
from marketplace.web.access import PUBLIC, allow

blueprint = Blueprint("kept_data", __name__)


@blueprint.get("/about/data")
@allow(PUBLIC)
def about_data() -> str:
    """What we keep about you, by kind of person."""
    today = clock.local_day(clock.now())
    return render_template(
        "public/kept_data.html",
        people=[
            {"key": key, "name": _(name), "groups": [_shown(group) for group in told_of(key, today=today)]}
            for key, name in people().items()
        ],
    )


def _shown(group: ToldGroup) -> dict[str, Any]:
    return {
        "key": group.key,
        "name": _(group.name),
        "what": _(group.what),
        "why": [_(words) for words in group.bases],
        "readers": [_(words) for words in group.readers],
        "keeps": [_keep_words(keep) for keep in group.keeps],
        "fields": group.fields,
        "sensitive": group.sensitive,
    }


def _keep_words(keep: KeepWords) -> str:
    if keep.days is None:
        return str(_(keep.words))
    return str(_(keep.words, span=ngettext("%(num)d day", "%(num)d days", keep.days)))
