"""How poor a household or a place is: four numbers that stand beside each other and are never made into one.

The *income gap* (`fgt`, `income_card`), the *deprivation score* (`alkire_foster`), the *proxy means* (`proxy_means`) and the
*community rank* (`community`) see different things; `disagreement` says where they part, and that calls for a visit.
`targeting` and `inequality` judge what a programme did to a whole population, `survey` gives the standard errors, `assurances`
answers what income does not tell. Lines, cost ratios and standards are dated rows of a place (`dated`), never constants.

Everything here is a pure function of its arguments: no table, no clock, no decision about anybody.

The door shows one function for each of the four numbers, what they disagree on, and how a programme is judged: what a caller
asks for first. What these take and answer, and the rarer measures, are imported from the files that define them.
"""

from marketplace.registry.measures.alkire_foster import alkire_foster
from marketplace.registry.measures.community import community_ranking
from marketplace.registry.measures.disagreement import disagreement
from marketplace.registry.measures.fgt import fgt
from marketplace.registry.measures.proxy_means import proxy_means
from marketplace.registry.measures.targeting import targeting

__all__ = ["alkire_foster", "community_ranking", "disagreement", "fgt", "proxy_means", "targeting"]
