"""Enterprise demands matched to many small households' supplies, with a share for registered households at the least cost.

Words. A *demand* wants grams of one product in one window; a *supply* is what a household can give of one lot; a *pair* is a
demand and a supply that fit. *Surplus* is what a kilogram is worth to the buyer beyond price and transport. *Fill* comes first:
no plan meets its share by buying less. The *tilt's price* is what a further fen of registered value costs in fen of surplus.
The *frontier* are the plans of which none has both more share and more worth. *Affinity* is how well a household is likely to
serve a demand; *feasibility* says what keeps supplies from a demand that nothing fits.
"""

from recommender.allocation.affinity import AffinityPrior, affinity
from recommender.allocation.allocating import Allocation, Unmet, allocate
from recommender.allocation.feasibility import STEPS, Change, Constraint, Failing, Feasibility, explain
from recommender.allocation.frontier import FrontierPoint, frontier
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, InvalidAllocationError

__all__ = [
    "STEPS",
    "AffinityPrior",
    "Allocation",
    "AllocationPolicy",
    "AllocationProblem",
    "Change",
    "Constraint",
    "Failing",
    "Feasibility",
    "FrontierPoint",
    "InvalidAllocationError",
    "Unmet",
    "affinity",
    "allocate",
    "explain",
    "frontier",
]
