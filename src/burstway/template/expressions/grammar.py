"""The grammar, and the tree that is built while it is read.

Lark reads it (LALR). Operators are not told apart by their precedence in the grammar: a rule for each of the
ten precedences would be ten reductions for every operand, most of the time that reading takes. Operands and
operators come as one row, and `chain` divides that.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from burstway.template.expressions.errors import ExpressionError
from burstway.template.expressions.limits import DEEPEST
from burstway.template.expressions.tokens import Token, tokens
from burstway.template.expressions.tree import (
    Call,
    Chain,
    Choice,
    Fallback,
    Fields,
    Index,
    Items,
    Literal,
    Member,
    Name,
    Node,
    Prefix,
)

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = """
?expression: row | row (branch row)+ -> choice
branch: QUESTION expression _COLON
?row: operand | operand (OPERATOR operand)+ -> chain
?operand: value | value (ELVIS value)+ -> fallback | PREFIX operand -> prefix
?value: VALUE -> literal
    | NAME -> name
    | NAME _CALL _CLOSE -> call
    | NAME _CALL expression (_COMMA expression)* _CLOSE -> call
    | value _DOT NAME -> member
    | value INDEX expression _CLOSE_SQUARE -> index
    | _OPEN expression _CLOSE
    | OPEN_LIST [expression (_COMMA expression)*] _CLOSE_LIST -> items
    | OPEN_RECORD _SEMICOLON* _CLOSE_SQUARE -> fields
    | OPEN_RECORD _SEMICOLON* field (_SEMICOLON+ field)* _SEMICOLON* _CLOSE_SQUARE -> fields
field: NAME _EQUALS expression
%declare VALUE NAME OPERATOR PREFIX QUESTION INDEX OPEN_LIST OPEN_RECORD ELVIS _CALL _CLOSE _COMMA _DOT
%declare _OPEN _CLOSE_SQUARE _CLOSE_LIST _SEMICOLON _EQUALS _COLON
"""

_LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!=", "=?=", "=!=", "===", "!==", "is", "isnt"),
    ("<", "<=", ">", ">=", "in"),
    ("<<", ">>", ">>>"),
    ("+", "-"),
    ("*", "/", "%"),
)
PRECEDENCE = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
"""The larger binds tighter. `in` binds like the comparisons; ClassAds have none."""

_SAME = {"is": "=?=", "===": "=?=", "isnt": "=!=", "!==": "=!="}
"""Other spellings of the operators for identity."""


@cache
def parser() -> "Lark":
    """Made with the first expression: a program that reads none does not load Lark."""
    from lark import Lark
    from lark.lexer import Lexer

    class Words(Lexer):
        def __init__(self, _: Any) -> None: ...

        def lex(self, text: str) -> Iterator[Any]:  # type: ignore[override]
            return tokens(text)

    return Lark(
        GRAMMAR,
        start="expression",
        parser="lalr",
        lexer=Words,
        transformer=_Builder(),
        maybe_placeholders=True,
    )


class _Builder:
    """What each rule of the grammar becomes."""

    def literal(self, children: list[Token]) -> Node:
        value = children[0].value
        assert isinstance(value, Literal)
        return value

    def name(self, children: list[Token]) -> Node:
        return Name(str(children[0].value), children[0].start_pos)

    def call(self, children: list[Any]) -> Node:
        name, *arguments = children
        depth = _depth(arguments, name)
        return Call(name.value.lower(), name.value, tuple(arguments), name.start_pos, depth)

    def member(self, children: list[Any]) -> Node:
        of, name = children
        return Member(of, name.value, name.start_pos, _depth((of,), name))

    def index(self, children: list[Any]) -> Node:
        of, bracket, by = children
        return Index(of, by, _depth((of, by), bracket))

    def items(self, children: list[Any]) -> Node:
        bracket, *items = children
        items = [item for item in items if item is not None]
        return Items(tuple(items), _depth(items, bracket))

    def field(self, children: list[Any]) -> tuple[str, Node]:
        name, value = children
        return name.value, value

    def fields(self, children: list[Any]) -> Node:
        bracket, *fields = children
        last = {name.lower(): (name, value) for name, value in fields}
        return Fields(tuple(last.values()), _depth((value for _, value in last.values()), bracket))

    def prefix(self, children: list[Any]) -> Node:
        operator, of = children
        return Prefix(operator.value, of, _depth((of,), operator))

    def branch(self, children: list[Any]) -> list[Any]:
        return children

    def choice(self, children: list[Any]) -> Node:
        rows, branches = children[::2], children[1::2]
        values = [value for _, value in branches]
        depth = _depth((*rows, *values), branches[0][0])
        return Choice(tuple(zip(rows[:-1], values, strict=True)), rows[-1], depth)

    def fallback(self, children: list[Any]) -> Node:
        values = children[::2]
        return Fallback(tuple(values), _depth(values, children[1]))

    def chain(self, children: list[Any]) -> Node:
        return _divided(children[::2], children[1::2])


def _divided(operands: list[Node], operators: list[Token]) -> Node:
    """Operands with operators between them, divided where the precedence is least; each further division is
    at a greater one, so there are ten at most inside of each other."""
    if not operators:
        return operands[0]
    levels = [PRECEDENCE[str(operator.value)] for operator in operators]
    least = min(levels)
    cuts = [index + 1 for index, level in enumerate(levels) if level == least]
    begins = [0, *cuts]
    ends = [*cuts, len(operands)]
    rows = [
        _divided(operands[begin:end], operators[begin : end - 1])
        for begin, end in zip(begins, ends, strict=True)
    ]
    between = [operators[cut - 1] for cut in cuts]
    spelled = [_SAME.get(str(operator.value), str(operator.value)) for operator in between]
    return Chain(rows[0], tuple(zip(spelled, rows[1:], strict=True)), _depth(rows, between[0]))


def _depth(below: Iterable[Node], at: Token) -> int:
    depth = 1 + max((node.depth for node in below), default=0)
    if depth > DEEPEST:
        what = f"more than {DEEPEST} operators, calls and records are inside of each other"
        raise ExpressionError(what, at.start_pos, "give a part of it a name: a parameter of its own")
    return depth
