"""Any text is an expression with a value, or refused, in a bounded time and without deep recursion."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burstway.template.data import UNDEFINED, Datum, Duration, Error, Record
from burstway.template.expressions import ExpressionError, evaluate, parse, unparse
from burstway.template.expressions.functions import NAMES
from burstway.template.expressions.limits import (
    DEEPEST,
    LONGEST_EXPRESSION,
    LONGEST_SEARCHED,
    MOST_BRACKETS,
    Allowance,
)

MOST_SECONDS = 5.0
"""What anything here may take, on a machine that is busy with other tests. Most take some milliseconds."""

WORDS = (
    *(
        "a",
        "b",
        "vs",
        "$x",
        "'a b'",
        "1",
        "-2",
        "3.5",
        '"x"',
        '""',
        "true",
        "undefined",
        "error",
        "in",
        "is",
        "isnt",
    ),
    *(
        "==",
        "=?=",
        "!==",
        "===",
        "<",
        "<<",
        ">>>",
        "&&",
        "||",
        "+",
        "-",
        "*",
        "/",
        "%",
        "!",
        "~",
        "?",
        ":",
        "?:",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        "=",
        ".",
        "[a = ",
        "]]",
        "//",
        "/*",
        "*/",
        '"',
        "'",
        "\\",
        "\n",
        "0x1",
    ),
    *(f"{name}(" for name in NAMES),
)
texts = (
    st.text(max_size=40)
    | st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
    | st.lists(st.sampled_from(WORDS), max_size=30).map("".join)
)
data: st.SearchStrategy[Datum] = st.recursive(
    st.none().map(lambda _: UNDEFINED)
    | st.just(Error("given"))
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.lists(st.tuples(st.sampled_from("abA"), inner), max_size=3).map(
            lambda found: Record(tuple(found))
        )
    ),
    max_leaves=5,
)


def outcome(text: str, scope: Callable[[str], Datum] = lambda _: UNDEFINED) -> "Datum | None":
    """The text's value; None if it is refused."""
    before = time.process_time()
    refused: ExpressionError | None = None
    found: Datum | None = None
    try:
        found = evaluate(parse(text), scope)
    except ExpressionError as error:
        refused = error
    assert time.process_time() - before < MOST_SECONDS
    assert refused is None or (0 <= refused.offset <= len(text) and refused.what)
    return found


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts, value=data)
def test_any_text(text: str, value: Datum) -> None:
    """A text is refused at a place in it, or has a value that can be written."""
    found = outcome(text, lambda name: value if name in ("a", "x") else UNDEFINED)
    assert found is None or unparse(found) is not None


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), arguments=st.lists(data, max_size=4), infix=st.sampled_from(WORDS))
def test_any_arguments(name: str, arguments: list[Datum], infix: str) -> None:
    """Functions and operators have a value for every value."""
    scope = {f"v{index}": value for index, value in enumerate(arguments)}
    for text in (f"{name}({', '.join(scope)})", infix.join(scope), f"[a = v0][{infix} v1]"):
        outcome(text, lambda wanted: scope.get(wanted, UNDEFINED))


REPEATED = (
    *(
        "(",
        ")",
        "[",
        "{",
        "!",
        "- ",
        "-",
        "~",
        "a?",
        "a?b:",
        "a ?: ",
        "1+",
        "1||",
        "0 || ",
        "a.",
        "a[",
        "f(",
        "[a=",
    ),
    *(
        "{1,",
        "strcat(1,",
        '"',
        '"\\',
        "'",
        '"" ',
        "/*",
        "//",
        " ",
        "\n/**/",
        "7",
        "7.",
        ".",
        "a in ",
        "is ",
        ";",
        "é",
    ),
)


@pytest.mark.parametrize("unit", REPEATED)
@pytest.mark.parametrize("length", [LONGEST_EXPRESSION, 100_000])
def test_repetitions(unit: str, length: int) -> None:
    """Nothing repeated many times is too deep for the parser or takes long."""
    outcome(unit * (length // len(unit)))


VALUES: dict[str, tuple[str, Datum]] = {
    "a sum": ("+".join(["1"] * 9_999), 9_999),
    "alternatives": ("||".join(["false"] * 2_000), False),
    "comparisons": ("==".join(["1"] * 5_000), True),
    "tests": ("false?1:" * 2_000 + "2", 2),
    "fallbacks": ("a?:" * 5_000 + "3", 3),
    "brackets": ("(" * MOST_BRACKETS + "1" + ")" * MOST_BRACKETS, 1),
    "calls": ("string(" * DEEPEST + "1" + ")" * DEEPEST, "1"),
    "lazy calls": ("ifThenElse(true," * DEEPEST + "1" + ",2)" * DEEPEST, 1),
    "members": ("[a=" * (DEEPEST // 2) + "1" + "]" * (DEEPEST // 2) + ".a" * (DEEPEST // 2), 1),
    "references": ("[" + "".join(f"a{i} = a{i + 1};" for i in range(100)) + "a100 = 1].a0", 1),
}


@pytest.mark.parametrize("case", VALUES)
def test_large_expressions(case: str) -> None:
    """What is long, or nested to the limit, is worked out all the same."""
    text, expected = VALUES[case]
    assert outcome(text) == expected


REFUSED = {
    "brackets": "(" * (MOST_BRACKETS + 1) + "1" + ")" * (MOST_BRACKETS + 1),
    "calls": "string(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1),
    "signs": "-" * (DEEPEST + 1) + "a",
    "tests in tests": "a?" * (DEEPEST + 1) + "1" + ":1" * (DEEPEST + 1),
    "fallbacks": "(a ?: " * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1),
    "length": "1" + " " * LONGEST_EXPRESSION,
}


@pytest.mark.parametrize("case", REFUSED)
def test_too_large_expressions(case: str) -> None:
    """What is nested beyond the limit, or too long, is refused."""
    with pytest.raises(ExpressionError, match="more than"):
        parse(REFUSED[case])


def doubling(expression: str, members: int) -> str:
    """Each of the record's members uses the next twice."""
    chain = "".join(f"a{i} = {expression.replace('?', f'a{i + 1}')};" for i in range(members))
    return f'[{chain}a{members} = "x"].a0'


LONG_TEXT = "a" * LONGEST_SEARCHED

COSTLY: dict[str, tuple[str, Datum]] = {
    "sums": (doubling("? + ?", 60), UNDEFINED),
    "texts": (doubling("strcat(?, ?)", 60), UNDEFINED),
    "lists": (doubling("{?, ?}", 60), UNDEFINED),
    "records": (doubling("[b = ?; c = ?]", 60), UNDEFINED),
    "references": ("[" + "".join(f"a{i} = a{i + 1};" for i in range(1_000)) + "a1000 = 1].a0", UNDEFINED),
    "lists in lists": (
        "[" + "".join(f"a{i} = {{a{i + 1}}};" for i in range(1_000)) + "a1000 = 1]",
        UNDEFINED,
    ),
    "records in records": (
        "[" + "".join(f"a{i} = [b = a{i + 1}];" for i in range(1_000)) + "a1000 = 1]",
        UNDEFINED,
    ),
    "one long text": ("{" + ",".join("x" * 5_000) + "}", "x" * 100_000),
    "one long list": ("{" + ",".join("x" * 5_000) + "}", tuple(range(1_000))),
    "one long record": ("+".join(["x.a"] * 4_000), Record(tuple((f"a{i}", i) for i in range(1_000)))),
    "texts put together": ("strcat(" + ",".join("x" * 5_000) + ")", "x" * 100_000),
    "separators": ("join(x, " + ",".join("1" * 5_000) + ")", "x" * 100_000),
    "comparisons": (" && ".join(["x == x"] * 2_000), "x" * 100_000),
    "comparisons with members": ('anyCompare("==", {' + ",".join(["1", '"a"'] * 1_000) + "}, x)", LONG_TEXT),
    "replacements": ('replaceAll("", x, "' + "-" * 1_000 + '")', LONG_TEXT),
    "patterns": (" || ".join(['regexp("(a{1,30}){1,30}b$", x)'] * 500), LONG_TEXT),
    "groups": (" == ".join(['regexps("(a|aa|b)(.*?)(c|d)?", x, "<$1$2>")'] * 400), LONG_TEXT),
}


@pytest.mark.parametrize("case", COSTLY)
def test_costly_expressions(case: str) -> None:
    """What doubles at every step, or reads the same large value again and again, ends with a reason."""
    text, value = COSTLY[case]
    found = outcome(text, lambda name: value if name == "x" else UNDEFINED)
    assert isinstance(found, Error)
    assert found.reason.startswith("the expression is too costly: ")


PATTERNS: dict[str, tuple[str, str]] = {
    "a nested repetition": ("(a*)*b", LONG_TEXT),
    "many repetitions": ("a{500}a{500}", LONG_TEXT),
    "much of everything": ("(.*)(.*)(.*)(.*)(.*)(.*)[0-9]x", LONG_TEXT),
    "a large set": (r"\\pL{100}[^a]", LONG_TEXT),
    "a long pattern": ("a" * 2_000, "a"),
    "a long text": ("a", LONG_TEXT + "a"),
    "look-around": ("(?<!a)b", "b"),
    "a back reference": (r"(a)\\1", "aa"),
    "brackets": ("(" * 900, "a"),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_patterns(case: str) -> None:
    """No pattern takes long; what RE2 cannot do is an error that says so."""
    pattern, text = PATTERNS[case]
    scope = {"pattern": pattern.replace("\\\\", "\\"), "text": text}
    for call in (
        "regexp(pattern, text)",
        'regexps(pattern, text, "-")',
        "regexpMember(pattern, {text, text})",
    ):
        found = outcome(call, lambda name: scope.get(name, UNDEFINED))
        assert isinstance(found, bool | str | Error)
        if case in ("a long pattern", "a long text", "look-around", "a back reference", "brackets"):
            assert isinstance(found, Error)
            assert found.reason


def test_a_shared_allowance() -> None:
    """Expressions that share an allowance use it up together."""
    allowance = Allowance(steps=10)
    expression = parse("a + b + c")
    results = [evaluate(expression, lambda _: 1, limit=allowance) for _ in range(4)]
    assert results[:2] == [3, 3]
    assert all(isinstance(result, Error) for result in results[2:])


def nested(text: str) -> Datum:
    """The value when every name that starts with n is the expression `text`."""
    allowance, expression = Allowance(), parse(text)

    def scope(name: str) -> Datum:
        return evaluate(expression, scope, limit=allowance)

    return evaluate(expression, scope, limit=allowance)


@pytest.mark.parametrize(
    "text", ["n", "[x = 1].n", "ifThenElse(true," * 90 + "n" + ",2)" * 90, "{[a = {n}]}", "f(n) + n"]
)
def test_a_scope_that_evaluates(text: str) -> None:
    """A name that needs itself without end has a value: there is no limit of Python's to hit."""
    assert unparse(nested(text))


MEMBERS_OUTSIDE = {
    "a.b": "a",
    "[x = 1].x": "",
    "[x = 1].B": "B",
    "[X = 1].x + [x = 1].b.c": "b",
    "[a = [x = 1]; b = a.x; y = a.b].b": "",
    "[a = [x = 1]; b = a.y].b": "y",
    "[a = c ? [x = 1] : [y = 1]; b = a.y].b": "c y",
    '[a = {[x = 1]}; b = a.y; c = a[0].z; d = [e = a]["e"].v].b': "v y z",
    "ifThenElse(p, [x = 1], q).y": "p q y",
    "[a = b; b = a ?: [x = 1]; c = b.y].c": "y",
    "[a = a; b = a.y].b": "",
    "[x = 1].[y]": "refused",
    'p["x"] + [x = 1]["y"]': "p",
}


@pytest.mark.parametrize("text", MEMBERS_OUTSIDE)
def test_members_outside(text: str) -> None:
    """Names that the expression needs include members that are looked up around their record."""
    try:
        found = " ".join(sorted({name for name, _ in parse(text).names()}))
    except ExpressionError:
        found = "refused"
    assert found == MEMBERS_OUTSIDE[text]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts)
def test_names_are_all_that_is_asked_for(text: str) -> None:
    """A scope is asked for nothing that the expression does not name."""
    asked: set[str] = set()

    def scope(name: str) -> Datum:
        asked.add(name)
        return UNDEFINED

    with suppress(ExpressionError):
        expression = parse(text)
        evaluate(expression, scope)
        assert asked <= {name for name, _ in expression.names()}


RECORDS = {
    "records": "[a=[];" + ";".join(f"a{i}=[]" for i in range(2_000)) + "].a.b",
    "lists": "[" + "".join(f"a{i} = {{a{i + 1}, a{i + 2}, [], a{i}.b}};" for i in range(500)) + "].a0.b",
    "members": "[" + "".join(f"a{i} = a{(i * 7) % 900}.b;" for i in range(900)) + "].a0.b",
}


@pytest.mark.parametrize("text", RECORDS.values(), ids=RECORDS)
def test_names_of_large_expressions(text: str) -> None:
    """To find the names takes no longer than to parse."""
    expression = parse(text)
    before = time.process_time()
    assert expression.names() is not None
    assert time.process_time() - before < 2


TIMES = ("day * 1e308", "day * 1e308 - day * 1e308", "day / 1e-308", "1e308 * -day", 'day * real("NaN")')


@pytest.mark.parametrize("text", TIMES)
def test_times_that_are_too_long(text: str) -> None:
    """A time is finite, or an error."""
    assert isinstance(outcome(text, lambda _: Duration(86_400.0)), Error)


def test_a_long_text_in_a_list() -> None:
    """A text is put into lower case once, however many members it is compared with."""
    members = ",".join(["a"] * 5_000)
    for text in (f"x in {{{members}}}", f"member(x, {{{members}}})"):
        before = time.process_time()
        assert outcome(text, lambda name: "X" * 200_000 if name == "x" else "a") is False
        assert time.process_time() - before < 2


def test_what_the_parser_keeps() -> None:
    """A short expression is parsed once; of long ones few are kept, for they are large."""
    assert parse("1 + size(a)") is parse("1 + size(a)")
    long = [f"{i} + " + "+".join("a" * 500) for i in range(20)]
    first = parse(long[0])
    assert [parse(text) for text in long[1:]]
    assert parse(long[0]) is not first
