"""The registry of poor households, first slice: who is registered, where, on which days.

A *household* belongs to a village and has a code of that village's 12 digits and 4 more. Its *status periods* say on which
days it was poor, monitored or lifted with tracking; an exclusion constraint forbids two on one day. Every change of statuses
makes a *revision*, a rising number that an order line names, so that a benefit share can always say on which state of the
registry it rests. "Registered" means: a status in force on the day whose category counts as supported.
"""
