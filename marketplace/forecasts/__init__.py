"""Forecasts: what is likely to come, each beside the simplest guesses, measured on days that it had not seen.

A *run* knows nothing dated after its *cut*. It splits time strictly: what was known before the test begins is learnt from,
what came after is forecast and held against what happened, and the same days are given to the *baselines* (the last value,
the same season a year ago, a simple rule). Its *card* says what it learnt from, how far it erred, and how sure that is. A run
whose newest errors or inputs have moved away from those it was made on has *drifted*, by a dated rule. What a forecast leads to
is a list of households to call on, with reasons; it never changes a status, and no rule reads it.
"""
