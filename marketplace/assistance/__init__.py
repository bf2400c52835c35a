"""Assistance: officers who answer for households, needs that helpers take on, and what households are entitled to.

*Duty* (``duty``): an *officer in duty* has a rank, and by it at most so many households; each household has one *first* helper
and at most one *second*. A *plan* gives all households without a helper one at once; a second person approves it. Who leaves
office hands each duty over within a term, and keeps it until then: no household is ever without. *Needs* (``needs``): a need is
raised, verified by an officer, shown without anybody being recognisable, pledged by one *helper unit*, delivered with a proof
and closed. *Safety net* (``safety_net``): dated rules say who is entitled to which *benefit*, and who goes without. A *paper*
is whatever one person drafts and another approves (``papers``).
"""
