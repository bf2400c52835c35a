"""The language of benefits: whom a benefit is for and how much it is, written over a household's facts.

::

    income_fen < dibao_line_fen * persons and not special_hardship
    min(percent(medical_fen, 70), yuan(20000))
    yuan(3000) if gravely_ill >= 1 else fen(1)

Sums, differences, products, comparisons, ``and or not``, ``a if b else c``, ``min max percent`` and amounts ``yuan(n)`` and
``fen(n)``: nothing else is read, and nothing is ever executed. Money and numbers do not mix: money times a number is money,
money plus a number is a fault. Each text is checked when it is written: its bounds follow from those of the facts, so no
household can make it overflow. All is whole fen; ``percent`` rounds half up.
"""

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from marketplace.assistance.safety_net.facts import FACTS, Facts, Unit
from marketplace.kernel.errors import N_, Invalid

LONGEST = 300
# Beyond this a value could no longer be kept as a whole number of 64 bits after a per cent of it was taken.
_WIDEST = 10**15
_MOST_PERCENT = 1000
_ALPHABET = re.compile(r"[A-Za-z0-9_+\-*<>=!(), ]+")
_GLUED = re.compile(r"\b[0-9]+[A-Za-z_]")
_ARITHMETIC: dict[type, str] = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply"}
_COMPARED: dict[type, str] = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
_BINARY: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    **{name: getattr(operator, name) for name in _COMPARED.values()},
}
WORDS = {
    "add": N_("%(a)s plus %(b)s"),
    "subtract": N_("%(a)s less %(b)s"),
    "multiply": N_("%(a)s times %(b)s"),
    "lt": N_("%(a)s is less than %(b)s"),
    "le": N_("%(a)s is at most %(b)s"),
    "gt": N_("%(a)s is more than %(b)s"),
    "ge": N_("%(a)s is at least %(b)s"),
    "eq": N_("%(a)s is %(b)s"),
    "ne": N_("%(a)s is not %(b)s"),
    "and": N_("%(a)s, and %(b)s"),
    "or": N_("%(a)s, or %(b)s"),
    "not": N_("it is not so that %(a)s"),
    "if": N_("%(b)s if %(a)s, else %(c)s"),
    "min": N_("the lesser of %(a)s and %(b)s"),
    "max": N_("the greater of %(a)s and %(b)s"),
    "percent": N_("%(b)s per cent of %(a)s"),
}
_LOOSE = {"and", "or", "if", "add", "subtract"}


@dataclass(frozen=True)
class Node:
    """A part of an expression with its unit and the bounds of its value; ``at`` is the number or fact of a leaf."""

    op: str
    parts: tuple["Node", ...]
    unit: Unit
    low: int
    high: int
    at: int | str = 0


@dataclass(frozen=True)
class Expression:
    """A checked text: what it asks for, and its value for the facts of a household."""

    text: str
    root: Node
    names: frozenset[str]
    value: Callable[[Facts], int]


@lru_cache(maxsize=2048)
def read_expression(text: str, unit: Unit) -> Expression:
    """Read and check a text whose value has a unit.

    Raises
    ------
    Invalid
        ``expression`` with the part at fault, ``expression_unit``, ``expression_unknown`` for a fact there is not,
        ``expression_wide`` where an amount could leave its bounds.

    >>> found = read_expression("max(dibao_line_fen * persons - income_fen, fen(0))", Unit.FEN)
    >>> found.value({"dibao_line_fen": 400_000, "persons": 3, "income_fen": 1_199_999})
    1
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST or not _ALPHABET.fullmatch(text) or _GLUED.search(text):
        raise _fault(text)
    try:
        tree = ast.parse(text, mode="eval")
        root = _node(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _fault(text) from None
    if root.unit is not unit:
        raise Invalid("expression_unit", N_("“%(part)s” has the wrong kind of value here."), part=text[:80])
    return Expression(text, root, frozenset(_names(root)), _compiled(root))


def _fault(part: str) -> Invalid:
    return Invalid("expression", N_("“%(part)s” cannot be read as a rule."), part=part[:80])


def _node(tree: ast.AST) -> Node:
    match tree:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            made = Node("number", (), Unit.COUNT, number, number, number)
        case ast.Name(id=name):
            made = _fact(name)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            made = _arithmetic(_ARITHMETIC[type(sign)], _node(left), _node(right), tree)
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARED:
            made = _same(_COMPARED[type(sign)], _node(left), _node(right), tree, Unit.YES_NO)
        case ast.BoolOp(op=word, values=[first, *others]):
            made = _node(first)
            for other in others:
                made = _yes_no("and" if isinstance(word, ast.And) else "or", (made, _node(other)), tree)
        case ast.UnaryOp(op=ast.Not(), operand=of):
            made = _yes_no("not", (_node(of),), tree)
        case ast.IfExp(test=test, body=body, orelse=other):
            made = _choice(_node(test), _node(body), _node(other), tree)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            made = _call(name, [_node(each) for each in arguments], tree)
        case _:
            raise _fault(ast.unparse(tree) if isinstance(tree, ast.expr) else "")
    if made.high > _WIDEST or made.low < -_WIDEST:
        raise Invalid("expression_wide", N_("“%(part)s” could become too large."), part=ast.unparse(tree)[:80])
    return made


def _fact(name: str) -> Node:
    if name not in FACTS:
        raise Invalid("expression_unknown", N_("The file knows no “%(name)s”."), name=name[:40])
    return Node("fact", (), FACTS[name].unit, 0, FACTS[name].most, name)


def _wrong_unit(tree: ast.AST) -> Invalid:
    return Invalid("expression_unit", N_("“%(part)s” has the wrong kind of value here."), part=ast.unparse(tree)[:80])


def _arithmetic(op: str, a: Node, b: Node, tree: ast.AST) -> Node:
    if Unit.YES_NO in (a.unit, b.unit):
        raise _wrong_unit(tree)
    if op == "multiply":
        if a.unit is Unit.FEN and b.unit is Unit.FEN:
            raise _wrong_unit(tree)
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return Node(op, (a, b), Unit.FEN if Unit.FEN in (a.unit, b.unit) else Unit.COUNT, min(ends), max(ends))
    if a.unit is not b.unit:
        raise _wrong_unit(tree)
    low, high = (a.low + b.low, a.high + b.high) if op == "add" else (a.low - b.high, a.high - b.low)
    return Node(op, (a, b), a.unit, low, high)


def _same(op: str, a: Node, b: Node, tree: ast.AST, unit: Unit) -> Node:
    if a.unit is not b.unit or a.unit is Unit.YES_NO:
        raise _wrong_unit(tree)
    return Node(op, (a, b), unit, 0, 1)


def _yes_no(op: str, parts: tuple[Node, ...], tree: ast.AST) -> Node:
    if any(part.unit is not Unit.YES_NO for part in parts):
        raise _wrong_unit(tree)
    return Node(op, parts, Unit.YES_NO, 0, 1)


def _choice(test: Node, body: Node, other: Node, tree: ast.AST) -> Node:
    if test.unit is not Unit.YES_NO or body.unit is not other.unit:
        raise _wrong_unit(tree)
    return Node("if", (test, body, other), body.unit, min(body.low, other.low), max(body.high, other.high))


def _call(name: str, given: list[Node], tree: ast.AST) -> Node:
    match name, given:
        case "yuan" | "fen", [Node(op="number", at=int(number))]:
            fen = number * (100 if name == "yuan" else 1)
            return Node("amount", (), Unit.FEN, fen, fen, fen)
        case "percent", [of, Node(op="number", at=int(share)) as by] if share <= _MOST_PERCENT and of.unit is not Unit.YES_NO:
            return Node("percent", (of, by), of.unit, percent(of.low, share), percent(of.high, share))
        case "min" | "max", [a, b] if a.unit is b.unit and a.unit is not Unit.YES_NO:
            pick = min if name == "min" else max
            return Node(name, (a, b), a.unit, pick(a.low, b.low), pick(a.high, b.high))
    raise _fault(ast.unparse(tree))


def percent(amount: int, share: int) -> int:
    """A share of an amount in hundredths, rounded half up.

    >>> percent(1, 50), percent(1, 49), percent(12_345, 70)
    (1, 0, 8642)
    """
    return (2 * amount * share + 100) // 200


def _names(node: Node) -> set[str]:
    own = {str(node.at)} if node.op == "fact" else set()
    return own.union(*(_names(part) for part in node.parts))


def _compiled(node: Node) -> Callable[[Facts], int]:
    """The value of a part as a function of the facts."""
    at = node.at
    match node.op, [_compiled(part) for part in node.parts]:
        case "number" | "amount", []:
            return lambda facts: at  # type: ignore[return-value]
        case "fact", []:
            return lambda facts: facts[at]  # type: ignore[index]
        case "and", [a, b]:
            return lambda facts: a(facts) and b(facts)
        case "or", [a, b]:
            return lambda facts: a(facts) or b(facts)
        case "not", [a]:
            return lambda facts: not a(facts)
        case "if", [a, b, c]:
            return lambda facts: b(facts) if a(facts) else c(facts)
        case "min", [a, b]:
            return lambda facts: min(a(facts), b(facts))
        case "max", [a, b]:
            return lambda facts: max(a(facts), b(facts))
        case "percent", [a, b]:
            return lambda facts: percent(a(facts), b(facts))
        case op, [a, b]:
            act = _BINARY[op]
            return lambda facts: act(a(facts), b(facts))
    raise AssertionError(node.op)


def in_words(node: Node, say: Callable[[str], str], money: Callable[[int], str]) -> str:
    """An expression as a sentence; ``say`` gives the words in the reader's language, ``money`` an amount of fen."""
    if node.op == "fact":
        return say(FACTS[str(node.at)].label)
    if node.op == "amount":
        return money(int(node.at))
    if node.op == "number":
        return str(node.at)
    parts = [in_words(part, say, money) for part in node.parts]
    # What would read otherwise without them is put in brackets.
    bracketed = [
        f"({words})" if part.op in _LOOSE and not (part.op == node.op and node.op in ("and", "or", "add")) else words
        for part, words in zip(node.parts, parts, strict=True)
    ]
    return say(WORDS[node.op]) % dict(zip("abc", bracketed, strict=False))
