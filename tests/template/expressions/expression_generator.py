"""Expressions for the comparison with HTCondor: mostly of fitting kinds, now and then not.

Each production knows the kind of its value, whatever its operands: it is that, undefined or an error. So what
the dialect table lists is left out by construction: reals, lists and records never become texts, no number
leaves 64 bits on its way to a whole one, texts are ASCII and patterns come from a list.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random

BOOL, INT, REAL, TEXT, LIST, RECORD = "bool", "int", "real", "text", "list", "record"
KINDS = (BOOL, INT, REAL, TEXT)
"""Of whole expressions."""

OUTER = {
    "vb": BOOL,
    "vi": INT,
    "vr": REAL,
    "vs": TEXT,
    "vl": LIST,
    "vm": RECORD,
}
OUTER_AD = 'vb = true; vi = 5; vr = 2.5; vs = "Abc"; vl = {3, 1, 2}; vm = [x = 1; y = 7]'
"""What is defined around every expression. Lists have whole numbers, and records the members x and y, as all
lists and records that are generated."""

Names = Mapping[str, str]

_INTEGERS = (
    *("0", "1", "2", "3", "7", "-1", "-8", "10", "63", "64", "1000", "-0"),
    *("9223372036854775807", "-9223372036854775808", "4611686018427387904"),
)
_REALS = ("0.0", "1.0", "2.5", "-0.5", "1e3", "1.5E-2", "-7.75", ".5", "0.1", "-0.0", "99.99")
_TEXTS = (
    *('""', '"a"', '"A"', '"abc"', '"aBc"', '"b"', '"a,b"', '"a, b;c"', r'"a\"b"', r'"a\\bc"', r'"\101"'),
    *(
        '"12"',
        '" 12x"',
        '"-1.5e2"',
        '"true"',
        '"False"',
        '"a_b"',
        '"Z[^`"',
        '"x" "y"',
        '"0"',
        '"1e3 "',
        '".5"',
    ),
)
_BOOLS = ("true", "false", "TRUE", "False")
_NOTHING = ("undefined", "error", "UNDEFINED", "no_such_name", "(1/0)")
_SMALL = ("0", "1", "2", "3", "-1", "-2", "-9", "9", "undefined")
_PATTERNS = (
    *('"a"', '"B"', '"^a"', '"c$"', '"[a-c]+"', '"(a)(b)?"', r'"[^a-zA-Z0-9-]"', r'"\\d+"', '"a|b"', '"a.c"'),
    *('"x*y"', '"("', '"b{2"', '"[[:alpha:]]"', '"_D"', r'"\\w+,"', '"(?i)ABC"', '"$^"', '"a{1,2}"'),
)
_SHORT = ["==", "!=", "<", "<=", ">", ">=", "=?=", "=!=", "is", "isnt", "IS", "IsNt"]
_LITERALS = {INT: _INTEGERS, REAL: _REALS, TEXT: _TEXTS, BOOL: _BOOLS}


class Generator:
    def __init__(self, random: Random) -> None:
        self._random = random
        self.circular = False
        """Whether members of records may need themselves in the expression at hand. HTCondor's library does
        not notice that behind an index, and crashes; so there are no indices of records then."""

    def expression(self, depth: int = 3) -> str:
        self.circular = self._one_in(2)
        return self.of(self._random.choice(KINDS), depth, OUTER)

    def of(self, kind: str, depth: int, names: Names) -> str:
        """An expression of the kind. Operands that may be of any kind are `any`; others may be undefined."""
        if depth <= 0 or self._one_in(6):
            return self._leaf(kind, names)
        production = self._random.choice([*_FLOWS, *_PRODUCTIONS[kind], *_PRODUCTIONS[kind]])
        return production(self, kind, depth - 1, names)

    def any(self, depth: int, names: Names) -> str:
        return self.of(self.choose(BOOL, INT, REAL, TEXT, LIST, RECORD), depth, names)

    def fitting(self, kind: str, depth: int, names: Names) -> str:
        """An operand of the kind, or now and then one that makes the operation fail."""
        if self._one_in(15):
            kind = self.choose(TEXT, LIST, RECORD)
        return self.of(kind, depth, names)

    def textual(self, depth: int, names: Names) -> str:
        """Something that becomes the same text in both."""
        return self.of(self.choose(TEXT, TEXT, TEXT, INT, BOOL), depth, names)

    def number(self, depth: int, names: Names) -> str:
        return self.fitting(self.choose(INT, REAL, BOOL), depth, names)

    def inside(self, names: Names, members: Names) -> Names:
        """The names that members of a record may refer to."""
        if self.circular:
            return {**names, **members}
        return {name: kind for name, kind in names.items() if name not in members}

    def choose(self, *options: str) -> str:
        return self._random.choice(options)

    def draw(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _one_in(self, many: int) -> bool:
        return self._random.randrange(many) == 0

    def _leaf(self, kind: str, names: Names) -> str:
        known = [name for name, is_ in names.items() if is_ == kind]
        if known and self._one_in(3):
            return self._random.choice(known)
        if self._one_in(12):
            return self.draw(_NOTHING)
        if kind == LIST:
            return "{" + ", ".join(self.draw(_INTEGERS) for _ in range(self._random.randrange(4))) + "}"
        if kind == RECORD:
            return f"[x = {self.draw(_INTEGERS)}; y = {self.draw(_INTEGERS)}]"
        return self.draw(_LITERALS[kind])


Production = Callable[[Generator, str, int, Names], str]


def _parentheses(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"({make.of(kind, depth, names)})"


def _ternary(make: Generator, kind: str, depth: int, names: Names) -> str:
    test = make.of(make.choose(BOOL, BOOL, INT, REAL, TEXT), depth, names)
    return f"({test} ? {make.of(kind, depth, names)} : {make.of(kind, depth, names)})"


def _elvis(make: Generator, kind: str, depth: int, names: Names) -> str:
    last = make.of(kind, depth, names)
    last = last if last.isalnum() or (last[0] in "({[" and last[-1] in ")}]") else f"({last})"
    whole = f"{make.of(kind, depth, names)} ?: {last}"
    return whole if kind in KINDS and make.choose("y", "n") == "y" else f"({whole})"


def _if_then_else(make: Generator, kind: str, depth: int, names: Names) -> str:
    test = make.of(make.choose(BOOL, BOOL, INT, REAL, TEXT), depth, names)
    return f"IfThenElse({test}, {make.of(kind, depth, names)}, {make.of(kind, depth, names)})"


def _of_record(make: Generator, kind: str, depth: int, names: Names) -> str:
    """A member of a record whose members refer to each other and to what is around."""
    if kind == LIST:
        return _list(make, kind, depth, names)
    members = {"m": kind, "n": make.choose(BOOL, INT, TEXT, REAL), make.choose("o", "vi", "vs"): INT}
    inside = make.inside(names, members)
    written = "; ".join(f"{name} = {make.of(kind_of, depth, inside)}" for name, kind_of in members.items())
    closing = make.choose("]", ";]", " ; ]")
    indices = [] if make.circular or kind == RECORD else ['["m"]', '["M"]']
    access = make.choose(".m", ".M", " . m", ".'m'", *indices)
    return f"[{written}{closing}{access}"


def _of_list(make: Generator, kind: str, depth: int, names: Names) -> str:
    items = ", ".join(make.of(kind, depth, names) for _ in range(2))
    return f"{{{items}}}[{make.draw(_SMALL)}]"


_FLOWS: list[Production] = [_parentheses, _ternary, _elvis, _if_then_else, _of_record, _of_list]
"""What has the value of one of its parts."""


def _arithmetic(make: Generator, kind: str, depth: int, names: Names) -> str:
    operator = make.choose("+", "-", "*", "/", "%", " + ", " - ")
    other = make.fitting(make.choose(kind, kind, BOOL), depth, names)
    left, right = make.fitting(kind, depth, names), other
    return f"({left} {operator} {right})" if make.choose("y", "n") == "y" else f"{left} {operator} {right}"


def _bits(make: Generator, kind: str, depth: int, names: Names) -> str:
    operator = make.choose("&", "|", "^", "<<", ">>", ">>>")
    return f"({make.fitting(INT, depth, names)} {operator} {make.fitting(INT, depth, names)})"


def _sign(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{make.choose('-', '+', '- ')}{make.fitting(kind, depth, names)}"


def _complement(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"~{make.fitting(INT, depth, names)}"


def _member_of_vm(make: Generator, kind: str, depth: int, names: Names) -> str:
    return make.of(RECORD, depth, names) + make.choose(
        ".x", ".Y", *([] if make.circular else ['["y"]', '["z"]'])
    )


def _item(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{make.of(LIST, depth, names)}[{make.draw(_SMALL)}]"


def _size(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"size({make.any(depth, names)})"


def _compare_texts(make: Generator, kind: str, depth: int, names: Names) -> str:
    function = make.choose("strcmp", "stricmp")
    return f"{function}({make.textual(depth, names)}, {make.textual(depth, names)})"


def _to_integer(make: Generator, kind: str, depth: int, names: Names) -> str:
    function = make.choose("int", "floor", "ceiling", "round", "ceil")
    small = make.draw([*_REALS, *_TEXTS, *_BOOLS, *_NOTHING])
    return f"{function}({small})"


def _power(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"pow({make.choose('0', '1', '2', '3', '7')}, {make.choose('0', '1', '2', '9', 'undefined')})"


def _quantize(make: Generator, kind: str, depth: int, names: Names) -> str:
    by = make.choose("1", "8", "-3", "0", "1024", "{2, 5}", "{}", "undefined")
    of = "2.5" if kind == REAL else make.choose("0", "3", "-5", "17", "undefined")
    return f"quantize({of}, {by})"


def _of_integers(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{make.choose('sum', 'min', 'max')}({make.of(LIST, depth, names)})"


def _string_list_size(make: Generator, kind: str, depth: int, names: Names) -> str:
    more = make.choose("", ', ","', ', ";"', ', ""')
    return f"stringListSize({make.of(TEXT, depth, names)}{more})"


def _to_real(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"real({make.fitting(make.choose(REAL, INT, BOOL, TEXT), depth, names)})"


def _average(make: Generator, kind: str, depth: int, names: Names) -> str:
    items = ", ".join(make.number(depth, names) for _ in range(2))
    return f"avg({{1.5, {items}}})" if make.choose("a", "s") == "a" else f"sum({{0.5, {items}}})"


def _extreme_real(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{make.choose('min', 'max')}({{{make.number(depth, names)}, 1.5, {make.number(depth, names)}}})"


def _comparison(make: Generator, kind: str, depth: int, names: Names) -> str:
    of = make.choose(INT, REAL, TEXT, BOOL)
    left, right = make.fitting(of, depth, names), make.fitting(of, depth, names)
    if make.choose("a", "b", "c") == "c":
        right = make.any(depth, names)
    return f"({left} {make.choose(*_SHORT)} {right})"


def _row(make: Generator, kind: str, depth: int, names: Names) -> str:
    """Operators of all precedences without brackets."""
    operators = [
        "+",
        "-",
        "*",
        "/",
        "%",
        "<",
        "==",
        "!=",
        "&&",
        "||",
        "|",
        "^",
        "&",
        "<<",
        ">>",
        "is",
        "isnt",
    ]
    operands = [make.of(make.choose(INT, BOOL), 0, names) for _ in range(5)]
    row = operands[0]
    for operand in operands[1:]:
        row += f" {make.choose(*operators)} {make.choose('', '', '!', '~')}{operand}"
    return f"(({row}) == 0)"


def _logic(make: Generator, kind: str, depth: int, names: Names) -> str:
    left = make.fitting(make.choose(BOOL, BOOL, INT, REAL), depth, names)
    right = make.fitting(make.choose(BOOL, BOOL, INT, REAL), depth, names)
    return f"({left} {make.choose('&&', '||')} {right})"


def _not(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"!({make.fitting(make.choose(BOOL, INT, REAL), depth, names)})"


def _is_kind(make: Generator, kind: str, depth: int, names: Names) -> str:
    of = make.choose("Undefined", "Error", "String", "Integer", "Real", "Boolean", "List", "ClassAd")
    return f"is{of}({make.any(depth, names)})"


def _to_bool(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"bool({make.any(depth, names)})"


def _is_member(make: Generator, kind: str, depth: int, names: Names) -> str:
    items = f"{{{make.any(depth, names)}, {make.any(depth, names)}}}"
    items = items if make.choose("a", "b", "c") != "c" else make.any(depth, names)
    return f"{make.choose('member', 'identicalMember')}({make.any(depth, names)}, {items})"


def _compare_members(make: Generator, kind: str, depth: int, names: Names) -> str:
    symbol = make.choose('"<"', '"<="', '"=="', '"!="', '">="', '">"', '"is"', '"isnt"', '"~"', "undefined")
    function = make.choose("anyCompare", "allCompare")
    return f"{function}({symbol}, {make.fitting(LIST, depth, names)}, {make.any(depth, names)})"


def _matches(make: Generator, kind: str, depth: int, names: Names) -> str:
    options = make.choose("", "", ', "i"', ', "ims"', ', "zq"', ", 1", ", undefined")
    if make.choose("a", "b") == "a":
        return f"regexp({make.draw(_PATTERNS)}, {make.fitting(TEXT, depth, names)}{options})"
    items = f"{{{make.fitting(TEXT, depth, names)}, {make.of(TEXT, depth, names)}}}"
    pattern = make.choose('"a"', '"^B"', '"[0-9]+"', "1")
    return f"regexpMember({pattern}, {items}{options})"


def _in_string_list(make: Generator, kind: str, depth: int, names: Names) -> str:
    function = make.choose("stringListMember", "stringListIMember", "stringListsIntersect")
    more = make.choose("", "", ', ","', ', ";"')
    return f"{function}({make.fitting(TEXT, depth, names)}, {make.fitting(TEXT, depth, names)}{more})"


def _put_together(make: Generator, kind: str, depth: int, names: Names) -> str:
    items = ", ".join(make.textual(depth, names) for _ in range(int(make.choose("0", "1", "2", "3"))))
    return f"{make.choose('strcat', 'join')}({items})"


def _join_list(make: Generator, kind: str, depth: int, names: Names) -> str:
    items = ", ".join(make.textual(depth, names) for _ in range(int(make.choose("0", "1", "2"))))
    return f"join({make.choose('', 'undefined,', make.of(TEXT, depth, names) + ', ')}{{{items}}})"


def _change(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{make.choose('toLower', 'TOUPPER', 'string')}({make.textual(depth, names)})"


def _part(make: Generator, kind: str, depth: int, names: Names) -> str:
    more = make.choose("", f", {make.draw(_SMALL)}", f", {make.draw(_SMALL)}", ', "1"', ", 1.0")
    return f"substr({make.fitting(TEXT, depth, names)}, {make.draw(_SMALL)}{more})"


def _replaced(make: Generator, kind: str, depth: int, names: Names) -> str:
    by = make.choose('"-"', '""', r'"<\\0>"', r'"\\q\\"', "undefined", "1", make.of(TEXT, depth, names))
    pattern = make.choose('"a"', '"B"', '"[a-c]+"', '"[^a-z]"', '"(a)b"', '"("')
    options = make.choose("", "", ', "i"', ', "f"')
    text = make.fitting(TEXT, depth, names)
    return f"{make.choose('replace', 'replaceAll')}({pattern}, {text}, {by}{options})"


def _split_item(make: Generator, kind: str, depth: int, names: Names) -> str:
    more = make.choose("", ', ","', ', ";"', ', ", "')
    return f"split({make.of(TEXT, depth, names)}{more})[{make.choose('0', '1', '2')}]"


def _list(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{{{make.of(INT, depth, names)}, {make.of(INT, depth, names)}}}"


def _members_of_list(make: Generator, kind: str, depth: int, names: Names) -> str:
    return f"{{{make.of(RECORD, depth, names)}, {make.of(RECORD, depth, names)}}}.x"


def _record(make: Generator, kind: str, depth: int, names: Names) -> str:
    inside = make.inside(names, {"x": INT, "y": INT})
    return f"[X = {make.of(INT, depth, inside)}; y = {make.of(INT, depth, inside)}]"


_PRODUCTIONS: dict[str, list[Production]] = {
    INT: [
        *(_arithmetic, _arithmetic, _bits, _sign, _complement, _member_of_vm, _item, _size, _compare_texts),
        *(_to_integer, _power, _quantize, _of_integers, _string_list_size),
    ],
    REAL: [_arithmetic, _arithmetic, _sign, _to_real, _average, _extreme_real, _quantize],
    BOOL: [
        *(_comparison, _comparison, _row, _logic, _logic, _not, _is_kind, _to_bool, _is_member),
        *(_compare_members, _matches, _in_string_list),
    ],
    TEXT: [_put_together, _join_list, _change, _part, _replaced, _split_item],
    LIST: [_list, _members_of_list],
    RECORD: [_record],
}
