"""Rules by which demands are matched with supplies, as they come with the program.

They stand with the other dated rules of a province because the same offices set them, by the same documents; what they mean is
said where they are used, in ``sourcing``.
"""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2013, 1, 1)
_ASSUMED = "Assumed by the program until an office sets its own"

# What bringing a kilogram costs, in fen, and how far it is, in km, by the narrowest area that both ends share.
TRANSPORT_FEN_KG = "plan_transport_fen_kg"
DISTANCE_KM = "plan_distance_km"
# What the surest and nearest seller is worth beyond the least sure one, in fen a kilogram.
AFFINITY_FEN_KG = "plan_affinity_fen_kg"
# What it is worth that a registered household sells at all, in fen for a kilogram of its first part.
SPREAD_FEN_KG = "plan_spread_fen_kg"
# How much of the greatest possible fill every plan keeps, in parts of a thousand.
FILL_KEPT_PERMILLE = "plan_fill_kept_permille"
# How long a seller has to say yes or no.
ANSWER_TIME = "plan_answer_time"

RULES = (
    Rule(
        TRANSPORT_FEN_KG,
        "",
        _BEGINS_ON,
        {"village": 4, "township": 8, "county": 16, "city": 35, "province": 60, "nation": 120},
        _ASSUMED,
    ),
    Rule(
        DISTANCE_KM,
        "",
        _BEGINS_ON,
        {"village": 2, "township": 12, "county": 30, "city": 110, "province": 260, "nation": 1000},
        _ASSUMED,
    ),
    Rule(AFFINITY_FEN_KG, "", _BEGINS_ON, 10, _ASSUMED),
    Rule(SPREAD_FEN_KG, "", _BEGINS_ON, 20, _ASSUMED),
    Rule(FILL_KEPT_PERMILLE, "", _BEGINS_ON, 995, _ASSUMED),
    Rule(ANSWER_TIME, "", _BEGINS_ON, {"days": 2}, _ASSUMED),
)
