"""A public log of what was booked, done and made known, in which nothing can be altered unseen.

The log is a Merkle tree (RFC 6962). A *leaf* stands for a row elsewhere: a transfer, an act of the audit trail, a village's
notice, or its closing. It is a commitment: the digest of the row with a random *salt*, so that nobody who does not know the row
can try out what it says. Leaves are only ever added, each hour, in a fixed order. Each day a *head* is signed: how many leaves
there are and the root over them; each head names the one before. An *inclusion proof* shows that a leaf is in the tree of a
head, a *consistency proof* that a later tree begins with an earlier one. A *slip* holds all that a household needs to check one
payment on paper, without asking us. The tree knows no money and no people; ``sources`` says which rows become leaves.
"""
