"""Equity income: what belongs to a village works for an operator, and its households share in what that earns.

An *asset* (farmland, forest, own property, something collective, money of a fiscal fund) has *valuations*. A *contract* gives
it to an *operator* for a time: the *principal* is its value, the *floor rate* is owed each year whatever happens, the *agreed
ratio* of the profit is the *bonus*. Each household holds whole *units*; the units of a contract are always the same number
(a trigger), every change of them is a ``ShareMove``. A *dividend run* is one year: floor and bonus, to the fen.
No fen is promised that is not there: what the operator has not paid in of a floor, the guarantee advances, and a *claim* on
the operator says so. A household that leaves the registry holds its units until two persons have decided where they go.
"""
