"""What enterprises mean to buy, and how far they have come.

A *purchase target* is the part of a year's purchases, by value, that an enterprise wants to spend on goods of registered
households. It is the enterprise's own promise; nobody else sees it.
"""
