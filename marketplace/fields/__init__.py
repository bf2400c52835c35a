"""What is kept of whom: every column of every table, why, by what right, who reads it, and until when.

The *register* (``register/*.toml``, one file for each domain) names each column in exactly one *class*: ``none`` says nothing
of a person, ``personal`` does, and ``sensitive`` is what can harm somebody when it gets out (PIPL, article 28) or lets somebody
in; what is sensitive is sealed, or the register says why not. A *basis* is the ground of PIPL, article 13. A *group* is what a
person is told in plain words. A *keep rule* says until when; where it is a period, the nightly job ``forget`` holds it.
"""
