"""The households of the demo's registry: made up whole, by a seed. Only ``offices`` and ``loading`` know a database.

``families`` says who lives together and when they were born, ``lives`` what each does, ``livelihood`` why a household is poor
and what it lives on, ``histories`` since when it has been registered, ``identities`` what people are called; ``county`` puts
them together and ``rows`` writes them as the registry's tables have them.

What follows published figures
    - 13,600 poor households with 51,300 persons in Danzhai county, so 3.77 persons a household (end of 2013, the figure in Zhao
      Xu's paper).
    - Main causes: illness 42, disaster 20, schooling 10, lack of labour 8, all others 20 percent of the households (State
      Council's Leading Group Office of Poverty Alleviation and Development, 2015; its check of the registers gave 44.1 percent
      for illness, press conference of 21 June 2016). How the last 20 percent are divided is assumed.
    - Ages 0-14, 15-59, 60 and above: 24.0, 60.6, 15.4 percent; men 51.1 percent (Guizhou, census of 1 November 2020).
    - Income at registration lies under the national line of its year (2,300 yuan at prices of 2010; 2,736 in 2013 and so on,
      National Bureau of Statistics, China Statistical Yearbook).

What is assumed: kinds of households and of families, ethnic groups (Miao by far the most, then Shui, Han, Buyi, Dong),
schooling, health, work, land, dwellings, water, how incomes have grown since, and who is monitored.

Nobody real can be hit. All identity card numbers begin with ``002636``: GB/T 2260 gives its codes from 11 on, so no county has
had a code that begins with 00. All phone numbers begin with ``000``: after the international prefix 00 comes a country code,
and none begins with 0 (ITU-T E.164). Names are common surnames with common given names.
"""
