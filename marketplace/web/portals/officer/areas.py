"""Which area an officer looks at, and which others there are to look at."""

from flask import session

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import child_length, contains
from marketplace.regions.models import Area
from marketplace.regions.queries import ancestors, children, get_area
from marketplace.web.access import account, area_in_scope
from marketplace.web.places import place_name

_AREA = "office_area"


def office_area(code: str | None) -> Area:
    """The area asked for, else the one looked at last, else one's own; outside one's scope there is none."""
    if code is None:
        kept = session.get(_AREA)
        code = kept if kept is not None and may_see(account(), RoleKind.OFFICER, kept) else None
    scope = area_in_scope(RoleKind.OFFICER, code)
    if not scope.isascii() or not scope.isdigit():
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=scope[:20])
    area = get_area(scope)
    session[_AREA] = area.code
    return area


def areas_to_choose(area: Area) -> list[tuple[str, str]]:
    """The officer's own areas, those above and beside this one within them, and those below it; in the tree's order."""
    own = scopes(account(), RoleKind.OFFICER)
    roots = [get_area(code) for code in own]
    above = [row for row in ancestors(area.code) if any(contains(scope, row.code) for scope in own)]
    below = [row for parent in above[-2:] for row in children(parent.code)]
    shortest = min(len(code) for code in own)
    chosen = {row.code: place_name(row.name) for row in [*roots, *above, *below]}
    return [(code, "　" * (len(code) > shortest) * _depth(shortest, code) + chosen[code]) for code in sorted(chosen)]


def _depth(shortest: int, code: str) -> int:
    depth, length = 0, child_length("0" * shortest)
    while length is not None and length <= len(code):
        depth, length = depth + 1, child_length("0" * length)
    return depth
