"""The bridge to the recommender: what people did, what was shown to them, under which policy, by which model.

An *event* is a view, a basket or a purchase of a signed-in consumer who has not switched personalisation off. A *policy* names
the share of exposure (or of expected sales) that goods of registered households are to have, and from which day. It *covers*
the goods of its area, but not those of a nearer area's policy. A *served list* keeps what was shown where, in which place,
with the probabilities and multipliers that led to it. *Tilt sums* are a controller's memory: plain sums to which every web
process adds. A *new listing* is owed its first exposure for a fortnight. A *model version* is one trained model on disk.
"""
