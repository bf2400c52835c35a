"""From basket to delivered goods and settled money.

A *basket* holds lines over many sellers. Placing it makes one *order group* with one *order* per seller; an *order line* is a
snapshot of what was bought: names, unit, grams, fen, lot, village, benefit share and the revision of the registry it rests
on. Prices are checked against the total the buyer saw, goods are taken under locks, and a basket is placed once. Money held
after payment goes to the seller when the order is both paid and delivered, by the split that was frozen at placement.
"""
