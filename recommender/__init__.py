"""Relevance first, then the tilt: what each consumer wants, and lists that favour registered households at least cost.

Words. An *interaction* is one event of a consumer with an item; *relevance* s[u, i] is the calibrated probability of at
least one purchase within the label window. `*_id` is the outside world's, `*_number` a matrix row; only `IdMap` converts.
A *stranger* is a consumer without events, a *new listing* an item without. *Benefit* b[i] is the part of an item's
sellable lots that belongs to registered households; a *policy* sets targets, the *tilt* meets them.

Invariants. A list holds at most n candidates, none twice, best first, no padding. Same seed, log and settings give the
same bytes. A fitted model never changes: `fold_in` returns another. Nothing here knows Flask, SQLAlchemy or the shop.
"""

from recommender import tally
from recommender.calibration import ReliabilityBin, reliability_table
from recommender.candidates import CandidateSet, top_n
from recommender.config import RecommenderConfig
from recommender.controller import TiltController
from recommender.errors import (
    DamagedModelError,
    EmptyLogError,
    EngineUnavailableError,
    ForeignModelError,
    InvalidConfigError,
    InvalidInteractionsError,
    InvalidItemFeaturesError,
    InvalidRequestError,
    ModelFileError,
    NotFittedError,
    RecommenderError,
    UnsavableIdError,
)
from recommender.evaluation import Evaluation, evaluate
from recommender.ids import IdMap
from recommender.interactions import Interactions, Kind
from recommender.model import Recommendations, Recommender
from recommender.policy import TiltPolicy
from recommender.served import PolicyPart, TiltedList
from recommender.serving import Reason, RelevantItems
from recommender.tilt import TiltResult, tilt_lists
from recommender.together import rank_together, record_together, settle_together, tilt_together

__all__ = [
    "CandidateSet",
    "DamagedModelError",
    "EmptyLogError",
    "EngineUnavailableError",
    "Evaluation",
    "ForeignModelError",
    "IdMap",
    "Interactions",
    "InvalidConfigError",
    "InvalidInteractionsError",
    "InvalidItemFeaturesError",
    "InvalidRequestError",
    "Kind",
    "ModelFileError",
    "NotFittedError",
    "PolicyPart",
    "Reason",
    "Recommendations",
    "Recommender",
    "RecommenderConfig",
    "RecommenderError",
    "RelevantItems",
    "ReliabilityBin",
    "TiltController",
    "TiltPolicy",
    "TiltResult",
    "TiltedList",
    "UnsavableIdError",
    "evaluate",
    "rank_together",
    "record_together",
    "reliability_table",
    "settle_together",
    "tally",
    "tilt_lists",
    "tilt_together",
    "top_n",
]
