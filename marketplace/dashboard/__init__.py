"""What government sees: figures made from day-level facts, each able to say how it was counted.

A *sales fact* is one lot on one day: the paid order lines, grams and fen, and the fen that went to registered households as
the lines themselves say (the registry on the day of the order). A day can be built again at any time and comes out the same.
The share can also be counted *as of* another day: by the contributions to the lot and the registry of that day.
"""
