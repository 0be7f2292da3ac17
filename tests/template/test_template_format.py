"""What the formatter makes of templates: a fixed point that means the same, and looks well."""

import re
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_template_syntax import SAMPLES

from burstway.errors import TemplateError
from burstway.template.forms import Formula
from burstway.template.layout import format_template
from burstway.template.lines import Blank, Comment, Entry, Header, scan
from burstway.template.problems import Problems
from burstway.template.source import Place, Source
from burstway.template.syntax import Section, parse

UGLY = """\ufeff

# the head\t
#\tof the file

[ cluster  C ]\t#x
\tAutoscale=true


\tLabel  =  "a  b" #c
  # of the node
  [[node x]]

    A:={ [a="\t"; b=1],\t# one

\t\t[a="x"]
    }

    # of B
    B = \'\'\'a \t
\tb  \'\'\'   # c
    # own

[[nodearray y]]
    Extends = x
    # aligned with what is above
[[[configuration]]]
[[[volume]]]

    # alone

    Size =
    C = =undefined
[[[cluster-init a]]]
[[[cluster-init b]]]

[parameters P]
[[parameter Q]]
\t\tDefaultValue\t:=\tf(1,\t2)

# the end
"""

NEAT = """# the head
#   of the file

[cluster C]  #x
Autoscale = true

Label = "a  b"  #c

    # of the node
    [[node x]]
    A := { [a="\t"; b=1], # one

        [a="x"]
    }

    # of B
    B = \'\'\'a \t
\tb  \'\'\'  # c
    # own

    [[nodearray y]]
    Extends = x
    # aligned with what is above

        [[[configuration]]]
        [[[volume]]]

        # alone

        Size =
        C = =undefined

        [[[cluster-init a]]]
        [[[cluster-init b]]]

[parameters P]
    [[parameter Q]]
    DefaultValue := f(1, 2)

    # the end
"""


def test_looks() -> None:
    """Indentation, blanks, blank lines and comments are put in order; texts stay as they are."""
    assert format_template(UGLY, "t") == NEAT
    assert format_template(UGLY.replace("\n", "\r\n"), "t") == NEAT


def test_small_things() -> None:
    """An empty text stays empty, and the last line gets an end."""
    assert format_template("\ufeff\n\n \t\n", "t") == ""
    assert format_template("[c]", "t") == "[c]\n"
    assert format_template("  # x", "t") == "# x\n"


def test_errors_are_refused() -> None:
    """A template with errors is not touched: all of them are told. Warnings do not matter."""
    with pytest.raises(TemplateError) as refused:
        format_template("[c]\nx = `1`\ny\nz = 1\nz = 2", "t")
    assert [problem.line for problem in refused.value.problems if not problem.warning] == [2, 3]
    assert format_template("[c]\nz=1\nz=2\n[[[d]]]", "t") == "[c]\nz = 1\nz = 2\n\n        [[[d]]]\n"


def meaning(value: object) -> object:
    """What a tree says, without its places; blanks in expressions do not count outside of strings."""
    if isinstance(value, Place):
        return None
    if isinstance(value, Formula):
        parts = re.split(r'("(?:[^"\\\n]|\\.)*+")', value.text)
        return "Formula", tuple(part if at % 2 else "".join(part.split()) for at, part in enumerate(parts))
    if isinstance(value, dict):
        return [(key, meaning(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return [meaning(each) for each in value]
    if is_dataclass(value):
        return type(value).__name__, [meaning(getattr(value, each.name)) for each in fields(value)]
    return value


def read(text: str) -> tuple[Section, list[object], list[str], int]:
    """The tree; each line with what it says, but for values; the comments; and how many errors there are."""
    source = Source.of(text, "t")
    problems = Problems(source)
    lines = list(scan(source, problems))
    said: list[object] = []
    comments: list[str] = []
    for line in lines:
        if isinstance(line, Header):
            said.append((line.rank, line.kind, line.name))
        elif isinstance(line, Entry):
            said.append((line.key, line.operator, line.lines))
        if isinstance(line, Comment):
            comments.append(" ".join(line.text.split()))
        elif isinstance(line, Header | Entry) and line.comment:
            comments.append(" ".join(line.comment.split()))
    return parse(source, problems), said, comments, len(problems.errors)


def check_formatted(text: str) -> None:
    """Whatever is formatted is a fixed point, means the same, and is tidy; what is not has errors."""
    tree, said, comments, errors = read(text)
    if errors:
        with pytest.raises(TemplateError):
            format_template(text, "t")
        return
    formatted = format_template(text, "t")
    assert format_template(formatted, "t") == formatted
    again = read(formatted)
    assert again[1:] == (said, comments, 0)
    assert meaning(again[0]) == meaning(tree)
    check_tidy(formatted)


def check_tidy(formatted: str) -> None:
    source = Source.of(formatted, "t")
    assert "\r" not in formatted
    assert formatted == "" or (formatted.endswith("\n") and formatted[0] not in "\n\ufeff")
    lines = list(scan(source, Problems(source)))
    for line, following in pairwise(lines):
        assert not (isinstance(line, Blank) and isinstance(following, Blank))
        assert not (isinstance(line, Entry) and isinstance(following, Header))
    for line in lines:
        first = source.lines[line.place.line - 1]
        indent = first[: len(first) - len(first.lstrip())]
        assert set(indent) <= {" "}
        assert len(indent) % 4 == 0
        if not isinstance(line, Entry) or line.lines == 1:
            assert first == first.rstrip(" \t")


BLANKS = st.sampled_from(["", " ", "\t", "  \t "])
WORDS = st.sampled_from(
    ["a", "Größe", "x.y", "1", "-2", "22.05", "true", "a#b", "it's", "'q'", "i.e.", "<b>", "C:\\n"]
)
TEXTS = st.sampled_from(
    [
        '"a # b"',
        '"a\\"b\\\\"',
        '""',
        '"$p ${x}"',
        '"tab\tin"',
        '"<a href="x">y</a>"',
        "`10m`",
        "`1h 30m`",
        "'a # b'",
    ]
)
REFERENCES = st.sampled_from(
    ["$p", "$Param_1", "${a}", '${f("}", {1,\t2})}', "${ a ? b : c }", "a-$p-${b}.c"]
)
EXPRESSIONS = st.sampled_from(
    [
        "undefined",
        'a isnt "x # y"',
        "{[a=1],\n[b=2]}",
        "f(1, # c\n\t(2\n)  )",
        '{"a\t"\t,\n\n   b\n}',
        "'''t'''",
        "!a",
    ]
)
LONG = st.sampled_from(["'''a\n\t b \n'''", '"""\n[[x]]\n # y = $p\n"""', "'''x'''", "''''''", "'''q''''"])
COMMENTS = st.sampled_from(["", "", "", " # c", "\t#c\td", "  # [[x]] = '''", ' # "', "#"])


@st.composite
def entries(draw: st.DrawFn, record: bool) -> str:
    bare = WORDS | TEXTS | REFERENCES | st.just("")
    several = st.lists(bare, min_size=1, max_size=3).map(draw(st.sampled_from([", ", ",", " "])).join)
    value = several | bare | LONG | REFERENCES | st.just("${f(\n a)}")
    keys = ["Key", "slurm.x", "Condition:Required", "k-1_2"] + (["A B:c:7.6", "x : y"] if record else [])
    operator = draw(st.sampled_from(["=", "=", ":=", "= ="]))
    written = draw(value if operator == "=" else EXPRESSIONS | REFERENCES)
    before, after, comment = draw(BLANKS), draw(BLANKS), draw(COMMENTS)
    return draw(st.sampled_from(keys)) + before + operator + after + written + comment + draw(BLANKS)


@st.composite
def sections(draw: st.DrawFn) -> list[str]:
    kind = draw(
        st.sampled_from(["cluster", "node", "Configuration", "record", "list", "parameters", "volume"])
    )
    rank = draw(st.integers(1, 5))
    name = draw(
        st.sampled_from(["", " a", " \tVirtual  Machines ", " cyclecloud/slurm:x:1.2", " a.b", " $p"])
    )
    header = "[" * rank + draw(BLANKS) + kind + name + "]" * rank + draw(COMMENTS) + draw(BLANKS)
    between = st.just("") | st.just(" \t") | COMMENTS.map(str.strip) | st.just("# x = 1\n\t#\ty")
    body = st.one_of(entries(kind == "record"), entries(kind == "record"), between)
    lines = [header, *draw(st.lists(body, max_size=6))]
    return [draw(BLANKS) + line for line in lines]


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Whole templates with all the oddities that real ones have."""
    head = draw(st.sampled_from(["", "\ufeff", "# head\n", "\n\n# head\n\n"]))
    lines = [line for section in draw(st.lists(sections(), max_size=5)) for line in section]
    return head + draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join("\n".join(lines).split("\n"))


@settings(max_examples=250, deadline=None)
@given(text=templates())
@example(text=UGLY)
def test_any_template(text: str) -> None:
    """Formatting any template is a fixed point and keeps what it means, and its comments."""
    check_formatted(text)


@pytest.mark.skipif(not SAMPLES, reason="no sample templates here")
@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_samples(path: Path) -> None:
    """The same of templates that are in use, which have no errors."""
    text = path.read_bytes().decode()
    assert format_template(text, "t")
    check_formatted(text)
