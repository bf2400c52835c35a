"""How much an article has to do with a question. Pure, no database.

Chinese is cut into pairs of characters, as the shop's search cuts it (``catalogue.search_terms``); English words lose a
plural s. What every question has in it (who, how, may I) is taken out first, so that it neither finds nor dilutes.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from marketplace.catalogue.search_terms import runs

Key = TypeVar("Key")
# The usual constants of BM25: how soon a repeated word stops adding, and how much a long text is held against it.
SATURATION, LENGTH_WEIGHT = 1.2, 0.75
# Below this part of what a perfect article would have, a person answers: questions out of the base's field reach less than it.
LEAST_RELEVANCE = 0.2
# Articles whose relevance differs by less than this are alike, and the narrower area's stands first.
LIKE_RELEVANCE = 0.05
LONGEST_QUESTION = 200

_ASKING_ZH = re.compile(
    "什么时候|多长时间|为什么|怎么样|怎么办|是不是|能不能|可不可以|有没有|要不要|多少钱|哪些|哪里|哪儿|什么|怎么|怎样|如何|多少|多久"
    "|请问|我们家|我家|我们|我想|想要|可以|能够|应该|需要|现在|一个|一年|每年|家里|有人|一下|知道|办理"
    "|[的了吗呢啊吧我你他她它们和与或及在是有能要到去把被就都也还很几个这那谁]"
)
_ASKING_EN = frozenset(
    [
        "a",
        "an",
        "the",
        "i",
        "me",
        "my",
        "we",
        "our",
        "you",
        "your",
        "he",
        "she",
        "it",
        "they",
        "is",
        "are",
        "am",
        "was",
        "be",
        "been",
        "do",
        "does",
        "did",
        "can",
        "could",
        "may",
        "might",
        "shall",
        "should",
        "will",
        "would",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "how",
        "much",
        "many",
        "long",
        "to",
        "of",
        "for",
        "in",
        "on",
        "at",
        "by",
        "with",
        "from",
        "and",
        "or",
        "if",
        "as",
        "there",
        "this",
        "that",
        "these",
        "those",
        "have",
        "has",
        "had",
        "get",
        "got",
        "any",
        "some",
        "about",
        "please",
        "need",
        "want",
        "year",
    ]
)


def terms(text: str) -> list[str]:
    """The terms of a text in their order, with repeats: pairs of Chinese characters, a lone one by itself, and Latin words.

    >>> terms("危房改造补助"), terms("What subsidies are there for houses?")
    (['危房', '房改', '改造', '造补', '补助'], ['subsidie', 'house'])
    >>> terms("我家能有多少钱")
    []
    """
    chinese, latin = runs(_ASKING_ZH.sub(" ", text))
    found = []
    for run in chinese:
        found += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return found + [_singular(word) for word in latin if word not in _ASKING_EN]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True)
class Base:
    """What is asked of: how many articles hold, and how many terms they have on average."""

    articles: int
    mean_length: float


def relevances(question: Sequence[str], found: Mapping[Key, Counter[str]], base: Base) -> dict[Key, float]:
    r"""The relevance of each article, from 0 to below 1: BM25 as a part of what an endless perfect article would reach.

    .. math:: r(q, d) = \frac{\sum_{t \in q} w_t \frac{f_{t,d}}{f_{t,d} + k (1 - b + b |d| / \bar d)}}{\sum_{t \in q} w_t},
              \quad w_t = \ln\left(1 + \frac{N - n_t + 0.5}{n_t + 0.5}\right)

    with :math:`f_{t,d}` how often term t is in article d, :math:`|d|` its length and :math:`\bar d` the mean one, N articles in
    all and :math:`n_t` of them with t. A term that no article has weighs most, so a question that is out of the base's field
    finds little even where it shares a common word.

    Parameters
    ----------
    question : sequence of str
        Its terms; repeats count once.
    found : mapping of key to counter of terms
        Every article that has at least one of them, so that each :math:`n_t` can be counted here.

    References
    ----------
    S. Robertson and H. Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond, section 3.

    Examples
    --------
    One article in all, of the mean length, with the only term of the question once: 1 / (1 + 1.2).

    >>> relevances(["危房"], {"d": Counter(["危房"])}, Base(1, 1.0))
    {'d': 0.4545454545454546}
    """
    wanted = list(dict.fromkeys(question))
    having = {term: sum(1 for each in found.values() if each[term]) for term in wanted}
    weights = {term: math.log(1 + (base.articles - n + 0.5) / (n + 0.5)) for term, n in having.items()}
    whole = sum(weights.values())
    if not whole:
        return {}
    return {
        key: sum(weights[term] * _part(counts[term], counts.total(), base) for term in wanted) / whole
        for key, counts in found.items()
    }


def _part(times: int, length: int, base: Base) -> float:
    held_against = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * length / base.mean_length
    return times / (times + SATURATION * held_against)


def in_order(rows: Iterable[tuple[Key, float, int]]) -> list[tuple[Key, float]]:
    """Articles with their relevance, the best first; of like ones the narrower area's.

    Each level of area, from the nation down, stands for ``LIKE_RELEVANCE``: a county's article goes before the province's
    unless that is more relevant by the difference of their levels. So the order is one order, whatever is compared with what.

    Parameters
    ----------
    rows : iterable of (key, relevance, level)
        ``level`` is 0 for the nation, 1 for a province, and so on.

    >>> in_order([("nation", 0.60, 0), ("province", 0.57, 1), ("county", 0.40, 3)])
    [('province', 0.57), ('nation', 0.6), ('county', 0.4)]
    """
    ranked = sorted(rows, key=lambda row: -(row[1] + LIKE_RELEVANCE * row[2]))
    return [(key, relevance) for key, relevance, _ in ranked]
