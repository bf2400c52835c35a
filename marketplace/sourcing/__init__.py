"""What enterprises mean to buy, how sellers are found for it, and the contracts that become orders.

An *enterprise* is an organisation that buys; its *members* act for it, each up to a limit. A *demand* is goods it wants at one
*place* in one or more *deliveries*. Sellers are found by *matching* (a *plan* over declared *supplies*), by *quotes* that both
sides talk about, or by a *tender* whose *bids* are sealed until two persons open them together. What was chosen is a
*contract*: each of its deliveries becomes a purchase with the shop's own orders, stock, shares and deliveries, paid after
*acceptance*. Nothing is promised twice; what is agreed stays as it was agreed; only accepted goods are paid for. A *purchase
target* is the part of a year's food budget that an enterprise reserves for goods of registered households: its own promise,
seen by nobody else.
"""
