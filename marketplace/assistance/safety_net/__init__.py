"""The safety net: everybody entitled to a benefit has it, or stands on a list with a clock.

A *benefit* is a dated rule of an area: whom it is for (a *condition*) and how much it is a year (an *amount*), both written
over the *facts* of a household's file in a small language without side doors (``expressions``). A *run* counts a county's
households and finds *entitlements*; no run grants, declines or takes anything away: that is a person's word, and money leaves
only with a second one's. What was paid is never taken back. A household whose file lacks an answer that a benefit asks for is
no refusal but a *gap*, listed too. A *notch* is an income from which one fen more loses more than one fen of benefits.
"""
