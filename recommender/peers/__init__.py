"""Other methods that raise the exposure of a group, written anew from their papers, to be measured against.

Each peer is a function ``peer(market, strength) -> items`` of one knob; `recommender.peers.equal_share` turns the knob
until the achieved, position-weighted exposure share is the asked one, so that all are compared at the same share.
"""

from recommender.peers.cp_fair import cp_fair
from recommender.peers.det_greedy import det_greedy
from recommender.peers.equal_share import Peer, at_equal_share
from recommender.peers.fa_ir import fa_ir
from recommender.peers.fair_rec import fair_rec
from recommender.peers.fair_sync import fair_sync
from recommender.peers.market import Market
from recommender.peers.one_by_one import guarded
from recommender.peers.p_mmf import p_mmf
from recommender.peers.per_list import constant_boost, quota_per_list

__all__ = [
    "GUARDED_PEERS",
    "PEERS",
    "Market",
    "Peer",
    "at_equal_share",
    "constant_boost",
    "cp_fair",
    "det_greedy",
    "fa_ir",
    "fair_rec",
    "fair_sync",
    "guarded",
    "p_mmf",
    "quota_per_list",
]

_ONE_BY_ONE = (
    Peer("CPFair", cp_fair, 10.0),
    Peer("FairSync", fair_sync, 1.0),
    Peer("P-MMF", p_mmf, 1.0),
)
PEERS: tuple[Peer, ...] = (
    Peer("constant boost", constant_boost, 100.0),
    Peer("quota per list", quota_per_list, 1.0),
    Peer("FA*IR", fa_ir, 1.0),
    Peer("DetGreedy", det_greedy, 1.0),
    Peer("FairRec", fair_rec, 1.0),
    *_ONE_BY_ONE,
)
# The same promise to consumers as our guarded tilt makes, so that only the way to the share differs.
GUARDED_PEERS: tuple[Peer, ...] = tuple(guarded(peer, 0.8) for peer in _ONE_BY_ONE)
