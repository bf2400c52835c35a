"""Answers and prices: what the rules say, what goods cost, what the season asks for.

A *document* of the policy base has an issuer, an area (none is the nation), a number, a time in which it holds and
*articles*; a newer *version* takes its place from the day it begins, and no version is altered. A question finds articles by
their *relevance*; what does not hold on the day never answers, and what is below the least relevance goes to a *person* of the
asker's area, whose answer can become an article. An *entitlement* is an article on a *fact* that a household's file has.
Market prices are those of ``catalogue``; a *series* shows a gap as a gap, an *index* is chained week by week and says how, an
*alert* tells a seller once that a price was reached. An *advice card* is ours, for goods and a month, with its source.
"""
