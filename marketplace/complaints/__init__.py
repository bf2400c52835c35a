"""Complaints and inspection: what people say is wrong, who may hear it, and where somebody goes to look unasked.

A *complaint* comes by any way, with a name or without one. Whoever sends it gets a *follow-up code*, of which only a digest is
kept; one without a name holds nothing of a person. It is heard at a *desk*: the *office* of its place, or, when it accuses
somebody, the *inspection*: accounts that audit the area and command nobody in it. The *line* of an accused office is every
officer over it and under it; nobody of the line reads the complaint, in any list, on any page. A *level* that lets the day go
by loses the complaint to the level above. An *inspection* is planned by risk, with a published formula, and partly by lot; its
*findings* are put right with proof, or appealed against once. For complaints with a name, acts against the complainant's
household are watched (``retaliation``).
"""
