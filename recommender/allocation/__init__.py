"""Enterprise demands matched to many small households' supplies, with a share for registered households at the least cost.

Words. A *demand* wants grams of one product in one window; a *supply* is what a household can give of one lot; a *pair* is a
demand and a supply that fit. *Surplus* is what a kilogram is worth to the buyer beyond price and transport. *Fill* comes first:
no plan meets its share by buying less. The *tilt's price* is what a further fen of registered value costs in fen of surplus.
"""

from recommender.allocation.allocating import Allocation, Unmet, allocate
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, InvalidAllocationError

__all__ = ["Allocation", "AllocationPolicy", "AllocationProblem", "InvalidAllocationError", "Unmet", "allocate"]
