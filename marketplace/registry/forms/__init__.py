"""Collection forms: the provincial standard as a form for phones, and what comes back from the field.

A *form* (``questions``) is data: questions in sections, with labels in two languages, and bounds and conditions of a few
declared kinds, so that a spreadsheet (XLSForm), a phone (XForm) and a web page say exactly the same. The *standard form* is
made from ``registry.standard``; an *extension* of a lower level may add questions and never drops or alters one above.
A *version* that was published never changes. A *submission* stays under the version it was made with: it is kept first, sealed
and as it came, and turned into values of the household's file afterwards, once, however often it is sent. *Flags* say what is
odd about a submission; they open a look, and decide nothing.
"""
