"""The area tree: province > city > county > township > village.

An area is named by its statistical code of 2, 4, 6, 9 or 12 digits, and a code's prefix is its parent, so "within this
area" is a prefix search. Areas are never deleted: one that was dissolved or merged keeps its row with ``valid_to`` and
``replaced_by``. ``scope`` is the one place that turns an area into a condition.
"""
