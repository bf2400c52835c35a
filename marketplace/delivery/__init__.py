"""How goods can travel and what it costs: terms as data, and the exact price of a set of parcels.

A *method* (a courier, a pickup run, a village hub's shipment) serves the sellers of one area. Its *zones* say where it goes
and in how many days; of several that hold a place, the nearest, which has the longest code, is the one that counts. A zone's
*rates* say what the first kilogram and each further started one cost, for each *temperature*; a zone without a rate for a
temperature does not take such goods, and one without any is closed.
A *hub* is where the households of a village bring their parcels: what it sends for one purchase is weighed together and is one
freight. *Pickup points* keep parcels for buyers, up to their capacity. Everything holds from a day to a day of the market;
nothing that has been in force is changed. This package knows places and nothing of goods, orders or people: grams and fen come
in, a price with its reasons goes out.
"""
