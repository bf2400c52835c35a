"""The registry of poor households: who is registered on which days, and the file of each household.

A *household* belongs to a village and has a code of that village's 12 digits and 4 more. Its *status periods* say on which
days it was poor, monitored or lifted with tracking; an exclusion constraint forbids two on one day. Every change of statuses
makes a *revision*, a rising number that an order line names, so that a benefit share can always say on which state of the
registry it rests. "Registered" means: a status in force on the day whose category counts as supported.

The *file* (``filing``, ``files``, ``file_requests``) holds members and, year by year, the fields of the provincial *standard*.
A value stands because of a *change*, which says who noted it, how they know and when. What concerns a past year, or who
somebody is, needs a second person; two values of people who had not seen each other's become a *conflict*. Tables of the file
are read only with a *reach* (``reading``); what names or describes a person is sealed with the household's key (``sealing``).
"""
