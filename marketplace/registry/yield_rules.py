"""What a mu bears, and how strictly declared yields are held against sales, as they come with the program.

A county sets its own value for a crop or a shelf beside these, with the document that says so (``registry.rules``).
"""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_NBS = "National Bureau of Statistics, announcement on grain output in 2023, {kg_ha} kg per hectare, as kg per mu, rounded up"
_OWN = "No national figure is used; a generous bound of the program's own, until the county sets its own"
_PRACTICE = "No document sets it; the program's own, until a province sets its own"

YIELD = "yield_kg_per_mu."
TOLERANCE_PERCENT = "balance_tolerance_percent"
UNDECLARED_KG = "balance_undeclared_kg"
UNCONFIRMED_MU = "balance_unconfirmed_mu"

# By the name of a kind of goods or of its shelf; 15 mu are a hectare.
_YIELDS = {
    "rice": (476, _NBS.format(kg_ha="7,137")),
    "maize": (436, _NBS.format(kg_ha="6,532")),
    "wheat": (386, _NBS.format(kg_ha="5,781")),
    "orchard-fruit": (3000, _OWN),
    "citrus": (3500, _OWN),
    "berries-grapes": (2000, _OWN),
    "tropical-fruit": (3000, _OWN),
    "melons": (4000, _OWN),
    "leafy-greens": (5000, _OWN),
    "tomatoes-peppers": (6000, _OWN),
    "gourds-beans": (5000, _OWN),
    "roots-tubers": (4000, _OWN),
    "onions-herbs": (4000, _OWN),
    "mushrooms": (6000, _OWN),
    "nuts-dried": (500, _OWN),
}

RULES = (
    *(Rule(YIELD + name, "", _BEGINS_ON, kg, source) for name, (kg, source) in _YIELDS.items()),
    Rule(TOLERANCE_PERCENT, "", _BEGINS_ON, 120, _PRACTICE),
    Rule(UNDECLARED_KG, "", _BEGINS_ON, 5_000, _PRACTICE),
    Rule(UNCONFIRMED_MU, "", _BEGINS_ON, 20, _PRACTICE),
)
