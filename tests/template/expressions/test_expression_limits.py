"""Any text is an expression with a value, or refused, in a bounded time and without deep recursion."""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burstway.template.data import UNDEFINED, Datum, Error, Record
from burstway.template.expressions import ExpressionError, evaluate, parse, unparse
from burstway.template.expressions.functions import NAMES
from burstway.template.expressions.limits import (
    DEEPEST,
    LONGEST_EXPRESSION,
    LONGEST_SEARCHED,
    MOST_BRACKETS,
    Allowance,
)

MOST_SECONDS = 2.0
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
    before = time.perf_counter()
    refused: ExpressionError | None = None
    found: Datum | None = None
    try:
        found = evaluate(parse(text), scope)
    except ExpressionError as error:
        refused = error
    assert time.perf_counter() - before < MOST_SECONDS
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
