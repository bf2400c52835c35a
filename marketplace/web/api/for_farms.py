"""Operations for a farm: for one's own, or for one whose mandate the caller holds and which a header names."""

from collections.abc import Callable
from typing import Any, TypeVar

from marketplace.identity.models import Scope
from marketplace.web.acting import HEADER, by_mandate
from marketplace.web.api.documents import BEARER, ApiBlueprint, problems, with_header

View = TypeVar("View", bound=Callable[..., Any])


def for_farm(*scopes: Scope, any_of: bool = False) -> Callable[[View], View]:
    """Let in farmers, and who holds a mandate that covers these scopes, all of them or ``any_of`` them; and document that."""

    def mark(view: View) -> View:
        return takes_header(problems(401, 403, 404)(by_mandate(*scopes, any_of=any_of)(view)), scopes)

    return mark


def takes_header(view: View, scopes: tuple[Scope, ...]) -> View:
    """Document the header that names a farm, and what a mandate over it must be for."""
    needed = " or ".join(f"`{scope}`" for scope in scopes)
    header = {
        "name": HEADER,
        "description": f"The public id of the farm to act for, under a mandate for {needed}; left out for your own farm",
        "schema": {"type": "string", "pattern": "^[a-z0-9]{14}$"},
    }
    documented: View = ApiBlueprint.doc(security=BEARER)(with_header(view, header))
    return documented
