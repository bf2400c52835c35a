"""Public money, traced from the budget that gave it to whoever got it.

A *fund* is one document's money of one budget. Its *earmarks* say how much of it is for which purpose of the dated standard.
Money stands at a *place*: an area's office, or a project there, written ``522636-7hk2x``. A *move* carries it: issued by two
persons, allocated down by the office that holds it, given back up, paid, reversed; each move is one transfer in the ledger.
A *payment* is ordered by one person and approved by another, to a household or to an organisation with its documents.

For every fund and purpose, always: what was paid and what stands at all places add up to what left the source. Money for one
purpose is never paid for another: a key of the payment, the transfer's zero sum by tag and a trigger that compares the two
each refuse it. A *finding* is for a person to look at, with its evidence; none decides anything. A *bank day* is what a bank
says moved on a day, held against the books; a person explains what does not match, and two persons close it.
"""
