"""Articles as an office sends them: plain text with its article numbers, or a CSV table. Pure, no database."""

import csv
import io
import re
from dataclasses import dataclass

from marketplace.advisory.facts import WORDS
from marketplace.kernel.errors import N_, Invalid

MOST_ARTICLES, LONGEST_HEADING, LONGEST_WORDS = 300, 160, 5_000
COLUMNS = ("heading", "words", "heading_en", "words_en", "facts")
# 第十二条, 第12条, 一、, 1. at the beginning of a line.
_BEGINS = re.compile(r"(第[〇零一二三四五六七八九十百0-9]{1,6}条|[一二三四五六七八九十]{1,3}、|[0-9]{1,3}[.．、])\s*(.*)")


@dataclass(frozen=True)
class Draft:
    """An article before it is part of a document."""

    heading: str
    words: str
    heading_en: str = ""
    words_en: str = ""
    facts: tuple[str, ...] = ()


def read_articles(text: str) -> list[Draft]:
    """The articles of a CSV table, when its first line names its columns, else of plain text.

    Raises
    ------
    Invalid
        ``articles_missing``, ``articles_many``; with the article's number ``article_long``, ``article_empty``,
        ``fact_unknown``.
    """
    text = text.replace("\ufeff", "").replace("\r\n", "\n").strip()
    first = text.partition("\n")[0]
    found = _table(text) if {"heading", "words"} <= {cell.strip() for cell in first.split(",")} else _plain(text)
    return check_articles(found)


def check_articles(found: list[Draft]) -> list[Draft]:
    """The same articles, when each is whole; else ``Invalid`` as for ``read_articles``."""
    if not found:
        raise Invalid("articles_missing", N_("Please give at least one article."))
    if len(found) > MOST_ARTICLES:
        raise Invalid("articles_many", N_("A document has at most %(most)s articles. Please divide it."), most=MOST_ARTICLES)
    for number, draft in enumerate(found, 1):
        _check(number, draft)
    return found


def _table(text: str) -> list[Draft]:
    try:
        rows = list(csv.DictReader(io.StringIO(text), skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise Invalid("articles_unreadable", N_("This is no readable CSV table.")) from error
    if unknown := sorted({str(name) for row in rows for name in row if name not in COLUMNS}):
        raise Invalid("column_unknown", N_("There is no column %(name)s here."), name=unknown[0][:40])
    return [
        Draft(
            **{name: (row.get(name) or "").strip() for name in COLUMNS[:4]},
            facts=tuple((row.get("facts") or "").split()),
        )
        for row in rows
        if any(row.values())
    ]


def _plain(text: str) -> list[Draft]:
    """Each article begins on a line with its number; what stands before the first is a preamble and no article.

    >>> _plain("为了……\\n第一条 补助对象\\n危房户。\\n第二条 每户两万元。")
    [Draft(heading='第一条 补助对象', words='危房户。', heading_en='', words_en='', facts=()), Draft(heading='第二条', \
words='每户两万元。', heading_en='', words_en='', facts=())]
    """
    found: list[tuple[str, str, list[str]]] = []
    for line in (line.strip() for line in text.split("\n")):
        begins = _BEGINS.match(line)
        if begins:
            found.append((begins[1], begins[2], []))
        elif line and found:
            found[-1][2].append(line)
    return [
        # A number with a title above its text, or the text right behind the number.
        Draft(f"{number} {title}".strip(), "\n".join(lines)) if lines else Draft(number, title)
        for number, title, lines in found
    ]


def _check(number: int, draft: Draft) -> None:
    if not draft.heading or not draft.words:
        raise Invalid("article_empty", N_("Article %(number)s has no heading or no text."), number=number)
    if (
        max(len(draft.heading), len(draft.heading_en)) > LONGEST_HEADING
        or max(len(draft.words), len(draft.words_en)) > LONGEST_WORDS
    ):
        raise Invalid("article_long", N_("Article %(number)s is too long."), number=number)
    if unknown := [fact for fact in draft.facts if fact not in WORDS]:
        raise Invalid("fact_unknown", N_("Article %(number)s: there is no fact %(fact)s."), number=number, fact=unknown[0][:40])
