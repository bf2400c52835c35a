"""Needs: what a household or a village lacks, and the helper unit that takes it on.

The table of needs carries a *card* that everybody may read and no household; which household a need is of stands in a table
of its own (``NeedOf``), read only within an area. A need has one *pledge* at a time. Which units suit a need is ranked, and a
whole county can be matched at once, but a person decides.
"""
