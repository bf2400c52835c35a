"""From basket to delivered goods and settled money.

A *basket* holds lines over many sellers. Placing it makes one *order group* with one *order* per seller; an *order line* is a
snapshot of what was bought: names, unit, grams, fen, lot, village, benefit share and the revision of the registry it rests
on. Prices are checked against the total the buyer saw, goods are taken under locks, and a basket is placed once. Money held
after payment goes to those who share in an order when it is both paid and accepted, by the *shares* that were frozen at
placement; it is accepted by its buyer's word, or when the time for a complaint is over.
"""
