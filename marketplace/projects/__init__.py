"""Assistance projects: declared by a village or township, judged at four levels, shown to everybody, followed to the end.

A *declaration* has eleven *items*; one that lacks any is refused by that item's name. A *template* is what holds at a place on
a day: categories, the negative list, the *rubric*, by which reviewers give *scores*, and what is asked besides the eleven. A
province writes its *versions* down itself, cities and counties add items, and a second person confirms each before its first
day; a declaration follows the template of the day it was first handed in. The amount decides up to which level a project is
scored; the levels above confirm, so four persons at four levels have always looked. A person of the *unit* that declares never
reviews. A *notice* then hangs out for everybody, for ten days at least, and is closed before anybody approves.
Public money stands at the project's own *place* (``funds.places``) and is never paid above what was approved. *Milestones* with
pictures say how far the work is, payments how far the money is; a *gap* that lasts is a warning for a person. A year, two and
three years after completion somebody looks whether the *asset* still works.
"""
