"""Expressions against HTCondor's own ClassAd library: the same value, or both undefined, or both an error.

What may differ is in the dialect table, and each of its rows is checked to differ in just that way. Normally
the generated expressions are the same in every run; BURSTWAY_TEST_SEED gives others, and
BURSTWAY_TEST_EXPRESSIONS says how many.
"""

import math
import os
from functools import cache
from random import Random

import classad2
import pytest
from expression_generator import OUTER_AD, Generator

from burstway.template.data import UNDEFINED, Datum, Error, Record, Undefined
from burstway.template.expressions import ExpressionError, evaluate, parse, unparse
from burstway.template.expressions.dialect import DIFFERENCES, REFUSED, Difference
from burstway.template.expressions.functions import NAMES

SEED = int(os.environ.get("BURSTWAY_TEST_SEED", "1"))
MANY = int(os.environ.get("BURSTWAY_TEST_EXPRESSIONS", "12000"))
PORTIONS = 12

OUTER: dict[str, Datum] = {
    "vb": True,
    "vi": 5,
    "vr": 2.5,
    "vs": "Abc",
    "vl": (3, 1, 2),
    "vm": Record((("x", 1), ("y", 7))),
}


@cache
def outer_ad() -> classad2.ClassAd:
    """What is around every expression. Half of the library's functions are there only once it has written a
    record, hence the first line."""
    str(classad2.ExprTree("[a = 1]").eval())
    return classad2.ClassAd(f"[{OUTER_AD}]")


def oracle(text: str) -> Datum:
    """HTCondor's value; REFUSED if the text is none of its expressions."""
    around = outer_ad()
    try:
        tree = classad2.ExprTree(text)
    except classad2.ClassAdException:
        return REFUSED
    try:
        return datum(tree.eval(around))
    except classad2.ClassAdException:
        return Error("not evaluated")


def datum(value: object) -> Datum:
    if value is classad2.Value.Undefined:
        return UNDEFINED
    if value is classad2.Value.Error:
        return Error()
    if isinstance(value, classad2.ExprTree):
        return datum(value.eval())
    if isinstance(value, list):
        return tuple(map(datum, value))
    if isinstance(value, classad2.ClassAd):
        return Record(tuple((name, datum(value.eval(name))) for name in value))
    assert isinstance(value, bool | int | float | str)
    return value


def ours(text: str) -> Datum:
    try:
        return evaluate(parse(text), lambda name: OUTER.get(name.lower(), UNDEFINED))
    except ExpressionError:
        return REFUSED


def same(left: Datum, right: Datum) -> bool:
    """1, 1.0 and true are three values, and 0.0 is -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Record) and isinstance(right, Record):
        names = {name.lower() for name in left}
        return names == {name.lower() for name in right} and all(same(left[n], right[n]) for n in names)
    return left == right


def disagreement(text: str) -> str:
    """Empty if both agree."""
    theirs, we = oracle(text), ours(text)
    return "" if same(theirs, we) else f"{text}\n    HTCondor {theirs!r}\n    Burstway {we!r}"


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_generated_expressions(portion: int) -> None:
    """Any expression that keeps to what both languages have has the same value in both."""
    generator = Generator(Random(f"{SEED}-{portion}"))
    texts = [generator.expression(depth=1 + portion % 4) for _ in range(MANY // PORTIONS)]
    found = sorted(filter(None, map(disagreement, texts)), key=len)
    assert not found, f"BURSTWAY_TEST_SEED={SEED}, {len(found)} disagree, such as\n" + "\n".join(found[:5])


LITERALS = (
    *(
        "1",
        "-1",
        "- 1",
        "0",
        "1.5",
        ".5",
        "1e3",
        "1E-3",
        "1.5e+2",
        "-0.0",
        "TRUE",
        "fAlse",
        "Undefined",
        "ERROR",
    ),
    *('""', '"a\\n\\t\\r\\b\\f\\v\\a\\\\\\"\\\'\\?\\q"', r'"\101\7\1012\8\x41"', '"a" "b"  "c"', '"a/*b*/"'),
    *(
        "1 // 2\n",
        "1 /* 2 */ + /**/ 3",
        "1. ",
        "1.e5",
        "1.5e",
        "1K",
        "0x",
        '"a',
        "'a",
        "'vi'",
        "'v i'",
        '"\\0"',
    ),
    *("{}", '{1, {2, "a"}, undefined, error, 1/0}', "[]", "[a = 1;]", "[;a = 1;; b = 2;;]", "[a = 1; A = 2]"),
    *("['a b' = 1; 'a\\'b' = 2]", "{1,}", "{,}", "{1 2}", "[a = 1, b = 2]", "[a]", '["a" = 1]', "[1 = 1]"),
    *("(1", "1)", "{1", "[a = 1", "f(", "f(1,)", "f(,1)", "", " ", "1 2", "a b", "1 = 1", "a := 1", "1 <> 2"),
    *(
        "&1",
        "1 &",
        "1 && && 1",
        "!",
        "a.1",
        "a.",
        "a.true",
        "a.'true'",
        "1 ? 2",
        "1 ? : 2",
        "@",
        "#",
        "1 ** 2",
    ),
    *("2 ? 3 : 4 ? 5 : 6", "0 ? 3 : 0 ? 5 : 6", "1 ? 0 ? 2 : 3 : 4", "-vx ?: 3", "1 + vx ?: 3 * 2"),
)


@pytest.mark.parametrize("text", LITERALS)
def test_spellings(text: str) -> None:
    """Literals, comments, brackets and what is no expression are read alike."""
    assert not disagreement(text)


RECORDS = (
    *("[a = 1; b = [c = 2]].b.a", "[a = 1; b = [c = a]].b.c", "[b = [c = a]; a = 1].b.c", "[c = 2].vi"),
    *("[a = 1; b = [a = 2; c = a]].b.c", "[a = a].a", "[a = b; b = a].a", "[a = b ?: 1; b = a ?: 2].a"),
    *("[a = b ?: 1; b = a ?: 2].b", "[a = {1, a}].a[0]", "[x = 1; y = [x = x]].y.x", "[x = [y = x.y]].x.y"),
    *(
        "{[a = 1], [a = 2]}.a",
        "{1, [a = 1]}.a",
        "{{[a = 1]}}.a",
        "{}.a",
        "{undefined, error}.a",
        "{[b = 1]}.a",
    ),
    *(
        "[vi = 1].vi",
        "[a = vi].a",
        "vm.x",
        "vm.X",
        'vm["X"]',
        "vm.z",
        'vm["z"]',
        "vm[0]",
        "vl.x",
        "vs.x",
        "vl[3]",
    ),
    *(
        "[c = 2].vi + [a = [c = 2]; b = a.vi].b",
        "{[c = 2]}.vi",
        "[a = [x = 1; y = x]; x = 2].a.y",
        "[f = [g = [h = f.z]; z = 9]].f.g.h",
        "[a = x.y; x = [y = z; z = 3]].a",
    ),
    *(
        "[] is []",
        "[] is {}",
        "[] is 1",
        "[] == []",
        "{} == {}",
        "{} isnt {}",
        "size([a = 1; A = 2])",
        "[] + 1",
    ),
)


@pytest.mark.parametrize("text", RECORDS)
def test_records(text: str) -> None:
    """Members see each other and what is around them, and one that needs itself is undefined."""
    assert not disagreement(text)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.example)
def test_dialect(row: Difference) -> None:
    """HTCondor gives what the row says of it, and we give what it says of us, which is something else."""
    assert (written(oracle_of(row)), written(ours(row.example))) == (row.classad, row.ours)
    assert row.classad != row.ours


def oracle_of(row: Difference) -> Datum:
    return oracle(row.example)


def written(value: Datum) -> str:
    return REFUSED if value is REFUSED else unparse(value)


def test_every_function_is_compared() -> None:
    """A function that the generator does not know is CycleCloud's alone, with a row in the dialect table."""
    generator = Generator(Random(1))
    compared = " ".join(generator.expression() for _ in range(5_000)).lower()
    rows = " ".join(row.example for row in DIFFERENCES).lower()
    alone = {name for name in NAMES if f"{name.lower()}(" not in compared}
    assert {name for name in alone if f"{name.lower()}(" not in rows} == {"isRelTime"}
    assert not isinstance(ours("isRelTime(1)"), Error | Undefined)
