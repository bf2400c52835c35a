"""How poor a household or a place is: four numbers that stand beside each other and are never made into one.

The *income gap* (`fgt`, `income_card`), the *deprivation score* (`alkire_foster`), the *proxy means* (`proxy_means`) and the
*community rank* (`community`) see different things; `disagreement` says where they part, and that calls for a visit.
`targeting` and `inequality` judge what a programme did to a whole population, `survey` gives the standard errors, `assurances`
answers what income does not tell. Lines, cost ratios and standards are dated rows of a place (`dated`), never constants.

Everything here is a pure function of its arguments: no table, no clock, no decision about anybody. The names are imported
from the files that define them, so that who needs a poverty gap does not load the regressions.
"""
