"""What is for sale, from whom, and how much of it is there.

A *producer* is a household or a cooperative; a lone household sells under its village's name. A *product* is a kind of goods
(Gala apple), a *listing* one producer's offer of it with unit, canonical grams and a price in fen, a *lot* a harvest behind a
listing. A lot's *contributions* say whose grams it holds; its *benefit share* is the share of grams that come from households
registered on the day. Stock is a sum of immutable *movements*; ``Lot.on_hand`` and ``Listing.available`` repeat that sum for
speed, change in the same transaction under row locks, and cannot fall below zero.
"""
