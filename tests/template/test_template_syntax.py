"""How templates are written: lines, headers, keys and values, and what is wrong with them, at its place."""

import os
from pathlib import Path

import pytest

from burstway.template.data import Duration
from burstway.template.forms import Formula, Items, Literal, Mixture, Quotes, Reference, Value
from burstway.template.problems import Problems
from burstway.template.source import Place, Source
from burstway.template.syntax import MOST_CHARACTERS, Section, parse
from burstway.template.values import as_text

DATA = Path(os.environ.get("BURSTWAY_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
SAMPLES = sorted((DATA / "templates").glob("*.txt"))


def parsed(text: str) -> tuple[Section, list[str], list[str]]:
    """The root, the errors and the warnings."""
    source = Source.of(text, "t.txt")
    problems = Problems(source)
    root = parse(source, problems)
    return root, [str(each) for each in problems.errors], [str(each) for each in problems.warnings]


def value_of(written: str) -> tuple[Value, list[str]]:
    """The value in the line `x{written}`, and the warnings."""
    root, errors, warnings = parsed(f"[c]\nx{written}")
    assert errors == []
    return root.sections[0].attributes["x"].value, warnings


def outline(value: Value) -> object:
    """A form without its places: what it says, in short."""
    match value:
        case Literal(datum, text, _, quotes):
            return datum if datum == text and not quotes else (datum, text, str(quotes))
        case Reference(name, _):
            return Reference, name
        case Formula(text, _):
            return Formula, text
        case Mixture(pieces, _, _, quotes):
            return (Mixture, str(quotes), [outline(piece) for piece in pieces])
        case Items(items, _, _):
            return [outline(item) for item in items]
        case broken:
            return broken


def typed(datum: object, text: str) -> object:
    return datum, text, ""


def double(text: str) -> object:
    return text, text, '"'


VALUES: dict[str, tuple[str, object]] = {
    "a word": ("= lab.c1", "lab.c1"),
    "no blanks": ("=lab.c1", "lab.c1"),
    "blanks and tabs": ("\t = \t lab.c1 \t", "lab.c1"),
    "several words": ("= two  words", "two  words"),
    "nothing": ("=", ""),
    "nothing and a comment": ("= # nothing", ""),
    "a whole number": ("= 12", typed(12, "12")),
    "with a sign": ("= -1", typed(-1, "-1")),
    "with zeros": ("= 007", typed(7, "007")),
    "a fraction": ("= 22.10", typed(22.1, "22.10")),
    "an exponent": ("= 1e-3", typed(0.001, "1e-3")),
    "a fraction without an end of its own": ("= 1e999", "1e999"),
    "too many digits for a number": ("= " + "9" * 19, "9" * 19),
    "a version": ("= 20.11.7-1", "20.11.7-1"),
    "other digits": ("= \u0662", "\u0662"),
    "true": ("= TRUE", typed(True, "TRUE")),
    "false": ("= false", typed(False, "false")),
    "undefined is a word": ("= undefined", "undefined"),
    "a comment": ("= a # b", "a"),
    "a comment behind a tab": ("= a\t# b", "a"),
    "a # inside of a word": ("= a#b", "a#b"),
    "a # inside of quotes inside": ('= select "a # b" # c', 'select "a # b"'),
    "single quotes are part of a word": ("= 'a # b' # c", "'a # b'"),
    "an apostrophe": ("= it's # c", "it's"),
    "a unit is no relative time without backquotes": ("= 10m", "10m"),
    "any script": ("= Größe 東京", "Größe 東京"),
    "HTML": ('= <td class="a">b</td>', '<td class="a">b</td>'),
    "a path of Windows": (r"= C:\new", r"C:\new"),
    "quotes": ('= "a#b" # c', double("a#b")),
    "quotes around nothing": ('= ""', double("")),
    "quotes around a number": ('= "2"', double("2")),
    "a comment directly behind quotes": ('= "a"#b', double("a")),
    "escapes": (r'= "\"a\\b\"\n\t"', double('"a\\b"\n\t')),
    "backslashes that escape nothing": (r'= "C:\Program\d+"', double(r"C:\Program\d+")),
    "commas in quotes": ('= "a, b"', double("a, b")),
    "three quotes": ("= '''a \"b\" # c''' # d", ('a "b" # c', 'a "b" # c', "'''")),
    "three double quotes": ('= """a\n b"""', ("a\n b", "a\n b", '"""')),
    "three quotes over lines": (
        "= '''\n[[x]]\n# y\nz = 1\n''' # c",
        ("\n[[x]]\n# y\nz = 1\n",) * 2 + ("'''",),
    ),
    "three quotes around nothing": ("= ''''''", ("", "", "'''")),
    "a quote before three": ("= '''a 'b''''", ("a 'b'", "a 'b'", "'''")),
    "escapes in three quotes are none": (r"= '''a\n\"'''", (r"a\n\"", r"a\n\"", "'''")),
    "minutes": ("= `10m`", (Duration(600), "10m", "`")),
    "several units": ("= `1h30m`", (Duration(5400), "1h30m", "`")),
    "blanks in a time": ("= ` -1.5 D ` # c", (Duration(-129_600), "-1.5 D", "`")),
    "a reference": ("= $A_1", (Reference, "A_1")),
    "the longest name": ("= $p789.x", (Mixture, "", [(Reference, "p789"), ".x"])),
    "a $ that begins no name": ("= a$1 $ $$ $(x)", "a$1 $ $$ $(x)"),
    "a formula": ("= ${ a + 1 } # c", (Formula, "a + 1")),
    "braces in a formula": ('= ${size({1, [a="}"]}) # 2}', (Formula, 'size({1, [a="}"]}) # 2')),
    "a formula over lines": ("= ${f(a, # one\n    b)}", (Formula, "f(a,      \n    b)")),
    "a mixture": ("= ${a}-disk-$b", (Mixture, "", [(Formula, "a"), "-disk-", (Reference, "b")])),
    "a mixture in quotes": (
        r'= "a ${f(\"x\")} $b"',
        (Mixture, '"', ["a ", (Formula, 'f("x")'), " ", (Reference, "b")]),
    ),
    "a reference in quotes is a text": ('= "$a"', (Mixture, '"', [(Reference, "a")])),
    "a formula without an end in quotes": ('= "a ${b"', double("a ${b")),
    "a script": (
        "= '''echo ${x#y} ${z\n$y'''",
        (Mixture, "'''", ["echo ", (Formula, "x#y"), " ${z\n", (Reference, "y")]),
    ),
    "an expression": (':= A isnt true && x != "a # b" # c', (Formula, 'A isnt true && x != "a # b"')),
    "an expression behind a second =": ("= =undefined", (Formula, "undefined")),
    "an expression and blanks": ("  :=  undefined ", (Formula, "undefined")),
    "lists inside of a list": (":= {{1},{2}}", (Formula, "{{1},{2}}")),
    "an expression over lines": (
        ':= {[a="("; b=1],\n\t# two\n  [a="x"]\n} # c',
        (Formula, '{[a="("; b=1],\n\t     \n  [a="x"]\n}'),
    ),
    "an expression in three quotes is a text": (":= '''${a} $b'''", ("${a} $b", "${a} $b", "'''")),
    "a list": ('= a, 2,"c, d" , $e', ["a", typed(2, "2"), double("c, d"), (Reference, "e")]),
    "a list of texts": ('= "a", "b"', [double("a"), double("b")]),
    "a list of times": ("= `1s`, `2s`", [(Duration(1), "1s", "`"), (Duration(2), "2s", "`")]),
    "a list with a formula": (
        '= ${f(a, b)}, c-${g(1, "}")}',
        [(Formula, "f(a, b)"), (Mixture, "", ["c-", (Formula, 'g(1, "}")')])],
    ),
    "a comma at the end": ("= 10.0.4.0/24,", ["10.0.4.0/24"]),
    "a number with a comma": ("= 32,000", [typed(32, "32"), typed(0, "000")]),
    "a sentence": ('= For names, i.e. "a-", "b" or `x', ["For names", 'i.e. "a-"', '"b" or `x']),
    "recipes": ("= recipe[a::b],role[c]", ["recipe[a::b]", "role[c]"]),
}


@pytest.mark.parametrize(("written", "expected"), VALUES.values(), ids=VALUES)
def test_values(written: str, expected: object) -> None:
    """Each of these right sides has this form, and nothing is wrong with it."""
    value, warnings = value_of(written)
    assert outline(value) == expected
    assert warnings == []


WARNED: dict[str, tuple[str, str, str]] = {
    "quotes inside of quotes": (
        '[c]\nx = "see <a href="^https://y" target=\\"_blank\\"> # z</a>"',
        'see <a href="https://y" target="_blank"> # z</a>',
        "quotes inside of a text in quotes",
    ),
    "more behind quotes": ('[c]\nx = "a" ^b # c', '"a" b', "quotes inside of a text in quotes"),
    "more in a list of texts": ('[c]\nx = "a"^, "b" c"', 'a", "b" c', "quotes inside of a text in quotes"),
    "a blank of a web page": ("[c]\nx = a^\u00a0b", "a\u00a0b", "U+00A0, is part of the value"),
    "such a blank at the end": ("[c]\nx = a^\u00a0", "a", "U+00A0, is taken for a blank"),
    "such blanks in front": ("[c]\n^\u00a0\u00a0x = a", "a", "U+00A0, is taken for a blank"),
    "an attribute twice": ("[c]\nx = b\n^X = a", "a", "X stands in [c] a second time, after line 2"),
    "a section twice": ("[c]\nx = a\n^[C]", "a", "[c] stands here a second time, after line 1"),
    "an attribute twice in two sections": ("[parameters]\nx = b\n[parameters]\n^x = a", "a", "a second time"),
    "a rank skipped": ("[c]\nx = a\n^[[[d]]]", "a", "a section of rank 3 inside of [c] skips a rank"),
}


@pytest.mark.parametrize(("marked", "text", "words"), WARNED.values(), ids=WARNED)
def test_warned(marked: str, text: str, words: str) -> None:
    """What CycleCloud tolerates is read, as this text, with a warning at the marked place."""
    before, _, after = marked.partition("^")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    root, errors, warnings = parsed(before + after)
    assert errors == []
    assert any(each.startswith(f"t.txt:{line}:{column}: warning: ") and words in each for each in warnings)
    value = root.sections[0].attributes["x"].value
    assert isinstance(value, Literal)
    assert value.written == text


REFUSED = {
    "a stray line": ("^i\n[c]", "'i' is neither a section nor an attribute"),
    "an attribute outside of sections": ("^x = 1\n[c]", "x stands outside of every section"),
    "a key with blanks": ("[c]\n^two words = 1", "'two words' cannot be the name of an attribute"),
    "a key with two dots": ("[c]\n^a..b = 1", "cannot be the name of an attribute"),
    "no key": ("[c]\n^= 1", "'' cannot be the name of an attribute"),
    "a comment before the =": ("[c]\n^x # = 1", "cannot be the name of an attribute"),
    "an invisible key": ("[c]\n^a\u200bb = 1", "cannot be the name of an attribute"),
    "too few closing brackets": ("[c]\n ^[[node a]\nx = 1", "opens 2 and closes 1"),
    "too many closing brackets": ("[c]\n^[[node a]]]", "opens 2 and closes 3"),
    "no closing bracket": ("[c]\n^[[node", "opens 2 and closes 0"),
    "a bracket in a name": ("[c]\n^[[node [x]]", "opens 2 and closes 2 brackets"),
    "a header and more": ("[c] ^x = 1", "'x = 1' stands behind the section's header"),
    "a section without a kind": ("[c]\n^[[ ]]", "a section without a kind"),
    "a rank too deep": ("[c]\n^" + "[" * 17 + "x" + "]" * 17, "a section of rank 17; 16 are the most"),
    "quotes without an end": ('[c]\nx = ^"a\\"', "the text in quotes has no end"),
    "three quotes without an end": ("[c]\nx = ^'''a\n[d]\ny\n\"\"\"", "text over several lines has no end"),
    "more behind three quotes": ("[c]\nx = '''a\n''' ^b", "'b' stands behind the text over several lines"),
    "a control character": ("[c]\nx = a^\x1bb", "an invisible character, U+001B"),
    "a control character further down": ("[c]\nx = '''a\n b^\x00'''", "an invisible character, U+0000"),
    "a brace without an end": ("[c]\nx = a${b}^${c", "the ${ has no end"),
    "a brace without an end, alone": ("[c]\nx = ^${c\ny = 1", "the ${ has no end"),
    "a bracket without an end": ("[c]\nx := f^({1}, [\n[d y]\nz = 1", "the ( has no end"),
    "an expression that is not there": ("[c]\nx := ^# y", "there is no expression"),
    "no relative time": ("[c]\nx = ^`10`", "`10` is not a relative time"),
    "a relative time of words": ("[c]\nx = ^`10m soon`", "is not a relative time"),
    "a time without an end": ("[c]\nx = ^`10m", "is not a relative time"),
    "a placeholder": ("[c]\nx = ^<----the-subnet---->", "'<----the-subnet---->' is a placeholder"),
    "a placeholder alone": ("[c]\n  ^<--- more arrays --->", "is a placeholder"),
    "a statement of Jinja": ("[c]\n^{% if x == 1 %}", "a Jinja template that was not rendered"),
    "a comment of Jinja": ("^{# x\n[c]", "a Jinja template that was not rendered"),
    "a value of Jinja": ("[c]\nx = ^a-{{ b }}", "a Jinja template that was not rendered"),
    "a value of Jinja in a list": ("[c]\nx = a, ^{{ b }}", "a Jinja template that was not rendered"),
    "a value of Jinja with a parameter": ("[c]\nx = ^$a-{{ b }}", "a Jinja template that was not rendered"),
    "Jinja in a header": ("^[c {{ name }}]\nx = 1", "a Jinja template that was not rendered"),
    "Jinja in a key": ("[c]\n^x{{ i }} = 1", "a Jinja template that was not rendered"),
}


@pytest.mark.parametrize(("marked", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(marked: str, words: str) -> None:
    """Each of these is one error with these words at the marked line and column."""
    before, _, after = marked.partition("^")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    _, errors, _ = parsed(before + after)
    assert len(errors) == 1
    assert errors[0].startswith(f"t.txt:{line}:{column}: ")
    assert words in errors[0]


NOT_JINJA = (":= {{1},{2}}", '= "{{ x }}"', "= '''{% x %}'''", "= ${{{1}}[0]}", "= a{b}", "= {{1},{2}}")


@pytest.mark.parametrize("written", NOT_JINJA)
def test_not_jinja(written: str) -> None:
    """Braces in a text in quotes and in an expression are not Jinja's."""
    assert value_of(written)[1] == []


HEADERS = {
    "[cluster a]": (1, "cluster", "a"),
    "\t[[ parameters\tVirtual  Machines ]]  # x": (2, "parameters", "Virtual Machines"),
    "[[[cluster-init cyclecloud/slurm:scheduler:1.2]]]": (
        3,
        "cluster-init",
        "cyclecloud/slurm:scheduler:1.2",
    ),
    "[[[cluster-init a:default:$Version]]]#x": (3, "cluster-init", "a:default:$Version"),
    "[[[Configuration cyclecloud.mounts.nfs]]]": (3, "configuration", "cyclecloud.mounts.nfs"),
    "[[[volume]]]": (3, "volume", ""),
    "[environment ${x}]": (1, "environment", "${x}"),
}


@pytest.mark.parametrize(("line", "expected"), HEADERS.items(), ids=HEADERS)
def test_headers(line: str, expected: tuple[int, str, str]) -> None:
    """A header has its rank, its kind in lower case, and its name with single blanks."""
    root, errors, _ = parsed(line)
    assert errors == []
    [section] = root.sections
    assert (section.rank, section.kind, section.name) == expected


def test_keys() -> None:
    """A key is words with dots, dashes and typing errors; in a record it can have colons and blanks."""
    keys = ["MachineType", "slurm.x_y-z", "Condition:Required", "a/b", "größe", "1", "Tags.Cost:Center"]
    root, errors, _ = parsed("[c]\n" + "\n".join(f"{key}:=1\n" for key in keys))
    assert errors == []
    assert [each.key for each in root.sections[0].attributes.values()] == keys
    records = ["OpenLogic:CentOS-HPC:7.6:latest", "West Europe", "a..b"]
    root, errors, _ = parsed("[record DefaultValue]\n" + "\n".join(f" {key} = x" for key in records))
    assert errors == []
    assert [each.key for each in root.sections[0].attributes.values()] == records


ENDINGS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_line_endings(end: str) -> None:
    """Lines end as in an editor, whichever way, and a byte order mark is no part of the first one."""
    root, errors, warnings = parsed("\ufeff" + end.join(["[c]", "\tx = '''a", "b'''", "y=1", ""]))
    assert (errors, warnings) == ([], [])
    assert [outline(each.value) for each in root.sections[0].attributes.values()] == [
        ("a\nb", "a\nb", "'''"),
        typed(1, "1"),
    ]


def test_tree() -> None:
    """Sections belong to the last one of a smaller rank; lists and records stand side by side, other sections
    of the same kind and name are one; kinds and names have no case."""
    text = """
[cluster C]
  [[node x]]
    a = 1
    [[[configuration]]]
    k = 1
    [[[list L]]]
    [[[list L]]]
    [[[CONFIGURATION]]]
    k2 = 1
      [[[[[deep]]]]]
  [[NODE X]]
    b = 1
[parameters P]
"""
    root, errors, warnings = parsed(text)
    assert errors == []
    assert len(warnings) == 2
    cluster, parameters = root.sections
    [node] = cluster.sections
    assert [str(each) for each in (cluster, node, parameters)] == [
        "[cluster C]",
        "[[node x]]",
        "[parameters P]",
    ]
    assert list(node.attributes) == ["a", "b"]
    assert [str(each) for each in node.sections] == ["[[[configuration]]]", "[[[list L]]]", "[[[list L]]]"]
    assert list(node.sections[0].attributes) == ["k", "k2"]
    assert [str(each) for each in node.sections[0].sections] == ["[[[[[deep]]]]]"]


def test_places() -> None:
    """Everything remembers line and column: of what is replaced inside of a text as well."""
    text = "[c]\n  x = \"a\\\"${b}, \\n$c\" # y\n z = $p, \"\\t${q}\"\n u = '''a\n  $v'''\n w:=f(\n g)"
    root, errors, _ = parsed(text)
    assert errors == []

    def at(line: int, column: int) -> Place:
        return Place("t.txt", line, column)

    values = [attribute.value for attribute in root.sections[0].attributes.values()]
    x, z, u, w = values
    assert [each.place for each in root.sections[0].attributes.values()] == [
        at(2, 3),
        at(3, 2),
        at(4, 2),
        at(6, 2),
    ]
    assert isinstance(x, Mixture)
    assert [piece.place for piece in x.pieces] == [at(2, 8), at(2, 13), at(2, 15), at(2, 19)]
    assert isinstance(z, Items)
    assert isinstance(z.items[1], Mixture)
    assert [item.place for item in z.items] == [at(3, 6), at(3, 10)]
    assert z.items[1].pieces[1].place == at(3, 15)
    assert isinstance(u, Mixture)
    assert u.pieces[1].place == at(5, 3)
    assert isinstance(w, Formula)
    assert w.place.within(w.text, w.text.index("g")) == at(7, 2)


def test_a_list_is_a_text_too() -> None:
    """Where commas mean nothing, a list is the text that is written, with what is to be replaced in it."""
    value, _ = value_of("= Prefix, to get $ClusterName-1, or so")
    assert isinstance(value, Items)
    assert outline(as_text(value)) == (
        Mixture,
        "",
        ["Prefix, to get ", (Reference, "ClusterName"), "-1, or so"],
    )


def test_quotes_say_how_a_text_is_written() -> None:
    """The form of a text keeps its quotes, for inside of them fewer things are replaced."""
    written = {Quotes.NONE: "$a b", Quotes.DOUBLE: '"$a"', Quotes.TRIPLE_SINGLE: "'''$a'''"}
    for quotes, text in written.items():
        value, _ = value_of(f"= {text}")
        assert isinstance(value, Mixture)
        assert value.quotes is quotes


def test_a_template_is_bounded() -> None:
    """A text that is far larger than any template is refused without being read."""
    _, errors, _ = parsed("#" * (MOST_CHARACTERS + 1))
    assert errors == [f"t.txt: the template has more than {MOST_CHARACTERS:,} characters"]


@pytest.mark.skipif(not SAMPLES, reason="no sample templates here")
@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_samples(path: Path) -> None:
    """Templates that are in use have no errors of syntax, and a cluster and parameters in them."""
    root, errors, _ = parsed(path.read_text(encoding="utf-8"))
    assert errors == []
    assert {section.kind for section in root.sections} >= {"cluster"}
    assert all(section.rank == 1 for section in root.sections)
