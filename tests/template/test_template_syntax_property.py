"""Any text at all is a tree and problems, in a time that grows with the text."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_template_format import UGLY, check_formatted, templates
from test_template_syntax import SAMPLES, parsed

from burstway.errors import TemplateError
from burstway.template.layout import format_template
from burstway.template.problems import MOST_PROBLEMS, Problems
from burstway.template.source import Source
from burstway.template.syntax import MOST_RANKS, Section, parse

EXAMPLE = Path(__file__).parents[2] / "examples" / "hpc1.txt"
MATTER = st.text("[]{}()\"'`$#=:,\\%<>-\n\r\t ax1", max_size=120)
"""What has a meaning somewhere, and little else."""


@settings(max_examples=250, deadline=None)
@given(text=st.text(max_size=200) | MATTER)
def test_any_text(text: str) -> None:
    """Any text is formatted, or refused with problems; never another exception."""
    check_formatted(text)


def changed(text: str, changes: list[tuple[int, int, str, str]]) -> str:
    """Lines deleted, doubled, exchanged or cut, and characters put in, one after the other."""
    lines = text.split("\n")
    for at, to, what, put in changes:
        here, there = at % len(lines), to % len(lines)
        if what == "delete" and len(lines) > 1:
            del lines[here]
        elif what == "double":
            lines.insert(there, lines[here])
        elif what == "exchange":
            lines[here], lines[there] = lines[there], lines[here]
        elif what == "put":
            column = to % (len(lines[here]) + 1)
            lines[here] = lines[here][:column] + put + lines[here][column:]
        elif what == "cut":
            lines[here] = lines[here][: to % (len(lines[here]) + 1)]
    return "\n".join(lines)


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.integers(0, 5000),
        st.sampled_from(["delete", "double", "exchange", "put", "cut"]),
        st.text(max_size=3) | MATTER,
    ),
    max_size=6,
)
SEEDS = [UGLY, EXAMPLE.read_text(encoding="utf-8")]
SMALL_SAMPLES = [path.read_text(encoding="utf-8") for path in SAMPLES if path.stat().st_size < 13_000]


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(SEEDS + SMALL_SAMPLES) | templates(), changes=CHANGES)
def test_any_change(text: str, changes: list[tuple[int, int, str, str]]) -> None:
    """The same of templates that somebody has edited badly."""
    check_formatted(changed(text, changes))


LARGE = {
    "brackets": "[" * 100_000,
    "closing brackets": "[c" + "]" * 100_000,
    "a key": "[c]\n" + "a." * 50_000 + " = 1",
    "blanks": "[c]\nx = " + " " * 100_000 + "y",
    "comments": "[c]\nx = " + "a# " * 33_000,
    "escapes": '[c]\nx = "' + '\\"' * 50_000,
    "escapes in a bare value": "[c]\nx = a #" + '\\"' * 50_000,
    "quotes inside of quotes": '[c]\nx = "' + 'a"b' * 33_000 + '"',
    "quotes in a list": '[c]\nx = "a"' + ',"a' * 33_000,
    "quotes in a bare list": '[c]\nx = a, "' + ', \\"b' * 20_000,
    "open braces": "[c]\nx = a" + "${" * 50_000,
    "open braces in quotes": '[c]\nx = "' + "${" * 50_000 + '"',
    "open braces in lines": "[c]\nx = '''" + "${\n" * 33_000 + "'''",
    "closed and open braces": '[c]\nx = "' + "${a}${" * 16_000 + '"',
    "strings in braces": "[c]\nx = a" + '${"}' * 25_000,
    "formulas in a list": "[c]\nx = " + "${a}, " * 16_000,
    "formulas and escapes": '[c]\nx = "' + '${f(\\"\\")}' * 10_000 + '"',
    "references": "[c]\nx = " + "$a" * 50_000,
    "commas": "[c]\nx = " + "," * 100_000,
    "open expressions": "[c]\n" + "x := (\n" * 14_000,
    "long open expressions": "[c]\n" + f"x := {'(' * 1000}\n" * 100,
    "lines of an expression": "[c]\nx := {\n" + "[a=1],\n" * 14_000 + "}",
    "comments in an expression": "[c]\nx := {\n" + "# a\n" * 190 + "}\n" + "# " * 45_000,
    "texts over lines": "[c]\n" + "x = '''\n'''\n" * 8000,
    "texts without an end": "[c]\n" + "x = '''\ny = \"\"\"\n" * 6000,
    "quotes behind a text": "[c]\nx = '''" + "'" * 100_000,
    "a time": "[c]\nx = `" + "1m" * 50_000 + "`",
    "a time's digits": "[c]\nx = `" + "1" * 100_000 + "`",
    "digits": "[c]\nx = " + "1" * 100_000,
    "a placeholder": "[c]\nx = <" + "-" * 100_000,
    "Jinja": "[c]\nx = " + "{{" * 50_000,
    "statements of Jinja": "[c]\nx = " + "{%" * 50_000,
    "headers": "[c]\n" + "".join(f"[[node n{i}]]\n" for i in range(7000)),
    "the same header": "[c]\n" + "[[node n]]\n" * 9000,
    "the same key": "[c]\n" + "x = 1\n" * 16_000,
    "ranks": "".join("[" * rank + "x" + "]" * rank + "\n" for rank in range(1, 300)),
    "comment lines": "#\n" * 50_000,
    "blank lines": "\r" * 100_000,
    "odd blanks": "\u00a0\n" * 33_000,
    "comments between headers": "[c]\n# x\n" * 12_000,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_time(text: str) -> None:
    """100 kB of anything are read and formatted, or refused, within a second; four where the host does other
    work, and what grows with the square takes more than that."""
    start = time.process_time()
    with suppress(TemplateError):
        format_template(text, "t")
    assert time.process_time() - start < 4


def test_time_grows_with_the_text() -> None:
    """Eight times the text takes about eight times as long."""

    def seconds(text: str) -> float:
        source = Source.of(text, "t")
        start = time.process_time()
        parse(source, Problems(source))
        return time.process_time() - start

    body = UGLY.replace("\ufeff", "")
    small = min(seconds(body * 100) for _ in range(3))
    assert min(seconds(body * 800) for _ in range(2)) < small * 8 * 3


def deepest(section: Section) -> int:
    return 1 + max((deepest(inner) for inner in section.sections), default=0)


def test_depth_and_problems_are_bounded() -> None:
    """However deep a template is, its tree has so many ranks; a file that is none has so many problems."""
    root, errors, warnings = parsed(LARGE["ranks"])
    assert deepest(root) == MOST_RANKS + 1
    assert len(errors) == MOST_PROBLEMS + 1
    assert parsed("stray\n" * 1234)[1][-1] == f"t.txt: and {1234 - MOST_PROBLEMS:,} more problems"
    assert warnings == []
