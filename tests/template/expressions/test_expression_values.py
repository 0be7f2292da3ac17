"""What expressions of templates are worth, where no oracle says it: CycleCloud's own, names, and texts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from burstway.template.data import UNDEFINED, Datum, Duration, Error, Record
from burstway.template.expressions import (
    ExpressionError,
    as_text,
    evaluate,
    parse,
    unknown_functions,
    unparse,
)

TEMPLATES = (
    Path(os.environ.get("BURSTWAY_TEST_DATA", Path(__file__).parents[4] / "shared/data")) / "templates"
)

SCOPE: dict[str, Datum] = {
    "clustername": "My Cluster_1",
    "generated": "Generated",
    "type": "Standard_NC6",
    "hw": Record((("Standard_D32", "D32"), ("standard_hc44", "HC44"))),
    "cores": 9,
    "packages": ("a", "B", 3),
    "vnet": Record((("resources", Record((("x", Record((("properties", Record((("y", 5),))),))),))),)),
    "wait": Duration(600),
    "autoscale": True,
}


def value(text: str) -> Datum:
    return evaluate(parse(text), lambda name: SCOPE.get(name.lower(), UNDEFINED))


HOST = (
    'toLower(regexps("([^a-zA-Z0-9-])", ifThenElse({0}=="Cluster Prefix", '
    'StrJoin("-", ClusterName, "scheduler"), '
    'ifThenElse(Size(Trim({0})) == 0 || {0} == "Generated", undefined, {0})), "-"))'
)

VALUES: list[tuple[str, Datum]] = [
    (HOST.replace("{0}", '"Cluster Prefix"'), "my-cluster-1-scheduler"),
    (HOST.replace("{0}", '" "'), UNDEFINED),
    (HOST.replace("{0}", "Generated"), UNDEFINED),
    (HOST.replace("{0}", "absent"), UNDEFINED),
    (HOST.replace("{0}", '"Head.Node"'), "head-node"),
    ('(regexp("_NC",Type) == true )?1:0', 1),
    ('(isError(HW[absent]) == true ) ? "a" : (HW["STANDARD_d32"] == "D32") ? strcat("x", 1) : ""', "x1"),
    ('(isError(1/0) == true) ? "a" : "b"', "a"),
    ("substr(ClusterName,-1,1)", "1"),
    ("strcat(toLower(substr(ClusterName,0,4)), 1.5, true)", "my c1.5true"),
    ("Type is undefined", False),
    ("absent is undefined", True),
    ("absent !== undefined", False),
    ('{[Label="Any"; Value=undefined], [Value=1]}', (Record((("Label", "Any"), ("Value", UNDEFINED))),
                                                     Record((("Value", 1),)))),
    ("vnet.resources['x'].properties[\"y\"]", UNDEFINED),
    ('vnet.resources["x"].properties["y"]', 5),
    ("vnet.resources.X.PROPERTIES.y + 1", 6),
    ('"b" in packages', True),
    ("3.0 in packages", True),
    ("{1} in packages", False),
    ('!("c" in {"a", "b"})', True),
    ('1 in "a"', Error()),
    ("in in {1}", False),
    ('Type === "standard_nc6" || Type == "standard_nc6"', True),
    ("cores/2", 4),
    ("$Autoscale ? $Cores : $absent", 9),
    ("ifThenElse($Autoscale, $Absent, $Cores)", UNDEFINED),
    ("ifUndefined(absent, 1/0)", Error()),
    ("ifUndefined(Cores, 1/0)", 9),
    ('strjoin("-", ClusterName, "")', "My Cluster_1-"),
    ('strjoin("-", "", "a")', "-a"),
    ('strjoin(", ", packages)', "a, B, 3"),
    ('startswith("my", "my cluster")', True),
    ('startsWith("my cluster", "my")', False),
    ('startsWith("My", "my")', False),
    ("trim(1)", Error()),
    ("trim(absent)", UNDEFINED),
    ('split("a, b")[1]', "b"),
    ('regexps("(\\\\w)(\\\\d)", "a1 b2", "$2\\\\1")', "1a 2b"),
    ('regexps("a", "a", "\\\\$1")', "$1"),
    ("wait == wait && wait * 2 > wait", True),
    ("wait + wait is wait * 2", True),
    ("wait < 3", Error()),
    ("isRelTime(wait - wait)", True),
    ("abs(-9223372036854775808)", -(2**63)),
    ("[a = cores; Cores = 3].a", 3),
    ('"a" "b" // end', "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_values(text: str, expected: Datum) -> None:
    """Expressions as templates have them, in CycleCloud's dialect."""
    found = value(text)
    assert type(found) is type(expected)
    assert found == expected


REASONS = {
    'strct("a")': "there is no function 'strct', did you mean strcat?",
    "qwertz()": "there is no function 'qwertz'",
    "Time()": "Time(…) gives something else every time",
    "substr(1, 2, 3, 4)": "substr takes 2 to 3 arguments, not 4",
    "trim()": "trim takes 1 argument, not 0",
    "ifThenElse(1, 2)": "ifThenElse takes 3 arguments, not 2",
    '"a" + "b"': "+ does not work on a text and a text: strcat(…) puts texts together",
    '"a" < 1': "< cannot compare a text with a whole number",
    '"a" ? 1 : 2': "a text stands where true or false is expected",
    "1 / 0": "a division by 0",
    "{1}[1]": "the list has 1 items, so there is no [1]",
    "1 .a": "a whole number has no members, so no a",
    'regexp("(", "a")': "regexp: '(' is no pattern: missing )",
    'regexp("(?=a)", "a")': "looks around or is possessive, which is not supported",
    'regexp("(a)\\\\1", "a")': "refers back to a group, which is not supported",
    'regexps("a", "a", "\\\\1")': "\\1 in '\\\\1' is a group that the pattern does not have",
    'strcat("a", [b = "x" + 1].b)': "+ does not work on a text and a whole number",
}


@pytest.mark.parametrize(("text", "words"), REASONS.items(), ids=str)
def test_reasons(text: str, words: str) -> None:
    """An error says what went wrong, also where it has passed through other operations."""
    found = value(text)
    assert isinstance(found, Error)
    assert words in found.reason


REFUSED = {
    "^": "the expression is empty",
    "1 +^": "expected a value, not the end",
    "(1^": "expected ), not the end (close the bracket with ))",
    "f(1, ^)": "expected a value, not ')'",
    "a ? b^": "expected :, not the end",
    "a ^= 1": "expected an operator or the end, not '=' (values are compared with ==)",
    "a ^b": "expected an operator or the end, not 'b' (a text stands in double quotes)",
    "a ^'b'": 'expected an operator or the end, not "\'" (a text stands in double quotes)',
    'a ^"b"': "expected an operator or the end, not '\"' (texts are put together with strcat(…))",
    "a ^and b": "expected an operator or the end, not 'and' (write &&)",
    "not ^true": "expected an operator or the end, not 'true' (write !)",
    "{1 ^2}": "not '2' (a comma or an operator is missing)",
    "[a = 1^, b = 2]": "expected ] or ;, not ','",
    "[^1 = 2]": "expected ], ; or a name, not '1'",
    "[a ^]": "expected =, not ']'",
    'a == ^"b': 'the text in quotes has no end (close it with ")',
    "a == ^'b": "the text in quotes has no end (close it with ')",
    "1 ^/* 2": "the comment has no end (close it with */)",
    "^1x": "'1x' is no number",
    "^1.": "'1.' is no number",
    "1 + ^99999999999999999999": "does not fit into 64 bits (write it as a real, with .0)",
    "^${a}": "expected a value, not '$' (a name follows the $",
    "^é": "expected a value, not 'é' (a name with such letters stands in single quotes)",
    "a ^@ b": "expected an operator or the end, not '@'",
    '^"a\\0"': "a text cannot have a character with the number 0",
}


@pytest.mark.parametrize("marked", REFUSED)
def test_refused(marked: str) -> None:
    """What is no expression is refused at its place, and with a remedy if one is likely."""
    place = marked.index("^")
    with pytest.raises(ExpressionError) as refused:
        parse(marked[:place] + marked[place + 1 :])
    error = refused.value
    said = f"{error.what} ({error.remedy})" if error.remedy else error.what
    assert REFUSED[marked] in said
    assert error.offset == place


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + $B.c[d]", [("a", 0), ("B", 4), ("d", 9)]),
        ("f(a, g(b))", [("a", 2), ("b", 7)]),
        ("[a = b; c = a; d = [e = c; f = g]]", [("b", 5), ("g", 31)]),
        ("[a = 1].a + A", [("A", 12)]),
        ("'a b' is undefined ?: in", [("a b", 0), ("in", 22)]),
        ("x ? y : z ? {u} : -v", [(name, at) for name, at in zip("xyzuv", [0, 4, 8, 13, 19], strict=True)]),
    ],
)
def test_names(text: str, names: list[tuple[str, int]]) -> None:
    """Names are those that records in the expression do not define, in their order, and with their places."""
    assert list(parse(text).names()) == names


def test_unknown_functions() -> None:
    """Calls of what is not in the language are found without evaluating them, in branches too."""
    unknown = unknown_functions(parse("true ? STRCAT(1) : strct(random(), ifThenElse(1, 2, trim(3)))"))
    assert [(name, offset) for name, offset, _ in unknown] == [("strct", 19), ("random", 25)]
    assert "did you mean strcat?" in unknown[0][2]


TEXTS: list[tuple[Datum, str, str]] = [
    (True, "true", "true"),
    (-1, "-1", "-1"),
    (1.5, "1.5", "1.5"),
    (2.0, "2.0", "2.0"),
    (1e300, "1e+300", "1e+300"),
    ('a"\n\\', 'a"\n\\', '"a\\"\\n\\\\"'),
    (UNDEFINED, "undefined", "undefined"),
    (Error("x"), "error", "error"),
    ((1, "a", ()), '{1, "a", {}}', '{1, "a", {}}'),
    (Record((("a", 1), ("A", 2), ("b c'", "x"))), "[A = 2; 'b c\\'' = \"x\"]", "[A = 2; 'b c\\'' = \"x\"]"),
    (Duration(600), "`10m`", "`10m`"),
    (Duration(90), "`90s`", "`90s`"),
    (Duration(604800), "`7d`", "`7d`"),
    (float("-inf"), 'real("-INF")', 'real("-INF")'),
]


@pytest.mark.parametrize(("datum", "text", "expression"), TEXTS, ids=[text for _, text, _ in TEXTS])
def test_texts(datum: Datum, text: str, expression: str) -> None:
    """A value within a text, and written as an expression, which has that value unless it is a time."""
    assert (as_text(datum), unparse(datum)) == (text, expression)
    if isinstance(datum, Record):
        assert dict(value(expression)) == dict(datum)  # type: ignore[arg-type]
    elif not isinstance(datum, Duration):
        assert value(expression) == datum


def test_lark_and_re2_are_loaded_late() -> None:
    """A program that reads no expression pays for neither."""
    code = "import sys, burstway.template.expressions; print({'lark', 're2'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the sample templates are not here")
def test_expressions_in_templates() -> None:
    """Every expression in a value of its own or behind := is read, calls functions that exist, and is no
    error where nothing is defined."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(TEMPLATES.glob("*.txt"))]
    written = [match for text in texts for match in re.findall(r"(?m)^\s*[\w.]+\s*:=\s*(.+?)\s*$", text)]
    written += [match for text in texts for match in re.findall(r"(?m)=[ \t]*\$\{([^{}\n]+)\}[ \t]*$", text)]
    assert len(written) > 300
    for text in written:
        expression = parse(text)
        assert not unknown_functions(expression), text
        assert not isinstance(evaluate(expression, lambda _: UNDEFINED), Error), text
