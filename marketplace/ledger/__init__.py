"""Money that has moved. Knows no order, no programme, no person.

Amounts are integer fen. An entry adds to its account when it is positive. The entries of a transfer sum to zero, checked by
the database when the transaction ends. Nothing is updated or deleted (a trigger refuses); a mistake is reversed by a new
transfer that names the first. A transfer names its purpose, and one purpose is booked once, so a repeated message settles
once. Balances are sums of entries.

Money of a *fund* stands on accounts whose codes carry its *tag*, the fund and what its money is for. The entries of a transfer
sum to zero for every tag by itself, and no such account but the source goes below zero; the database refuses both.
"""
