"""Household files from a table: read, checked, and written household by household.

A *table* (``tables``) is CSV or a spreadsheet with one row for each person and the code of their household; what concerns the
household stands on its head's row (``columns`` says which cell is what). A *check* (``checking``) says for every row what would
become of it and writes nothing; its good rows are the *plan*, kept sealed. A *run* (``running``) writes the plan, a household
in each transaction, through the same doors as a page does. It can be cut off anywhere and goes on where it was, and the same
table twice changes nothing.
"""
