"""The policies in force on a day, and which goods each covers: the nearest area's policy wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from sqlalchemy import ColumnElement, Integer, case, func, literal

from marketplace.catalogue.models import Listing
from marketplace.recommendations.models import Policy

# A day, whether a policy guarantees a floor, and for each policy its id and area: all that a statement follows from.
Signature = tuple[date, bool, tuple[tuple[int, str], ...]]


@dataclass(frozen=True)
class PoliciesInForce:
    """One policy at the most for each area, the widest area first."""

    day: date
    policies: Sequence[Policy]

    @property
    def guard(self) -> float:
        """The strictest consumer guard, because each policy has promised its own for the whole list."""
        return max((policy.consumer_guard for policy in self.policies), default=0.0)

    @property
    def with_floors(self) -> bool:
        """Whether any policy guarantees households a floor."""
        return any(policy.household_floor for policy in self.policies)

    def covering(self, area_code: str) -> Policy | None:
        """The policy that covers goods from an area: the nearest one's."""
        around = [policy for policy in self.policies if area_code.startswith(policy.area_code)]
        return max(around, key=lambda policy: len(policy.area_code), default=None)

    @property
    def policy_id(self) -> ColumnElement[int]:
        """The policy that covers a ``Listing``, 0 for none, as a column."""
        return policy_column(self.signature)

    @cached_property
    def signature(self) -> Signature:
        """What tells apart the statements that are made for policies."""
        return self.day, self.with_floors, tuple((policy.id, policy.area_code) for policy in self.policies)


@lru_cache(maxsize=64)
def policy_column(signature: Signature) -> ColumnElement[int]:
    """The policy that covers a ``Listing``, the nearest area's, 0 for none, as a column."""
    nearest = sorted(signature[2], key=lambda one: -len(one[1]))
    if not nearest:
        return literal(0, Integer)
    return case(*((func.starts_with(Listing.area_code, area_code), number) for number, area_code in nearest), else_=0)
