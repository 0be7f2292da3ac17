"""A template as it is best read: the formatter.

Each section is indented by its rank, its attributes and comments as it is. There is one blank around an
operator and none at the end of a line; at most one blank line in a row, none between a header and its first
attribute, and one above a header that follows anything but a header. Comments, the spelling of values, and
texts in three quotes stay as they are. A template that has been formatted is not changed by formatting it
again, and means what it did.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from burstway.template.extents import BLANK, CLOSING, TRIPLE, closing_brace
from burstway.template.lines import Blank, Comment, Entry, Header, Line, scan
from burstway.template.problems import Problems
from burstway.template.source import Source
from burstway.template.syntax import build

INDENT = 4
"""Blanks for each rank below the first."""

_TABS = re.compile(r'("(?:[^"\\\n]|\\.)*+")|\t+')


def format_template(text: str, file: str) -> str:
    """The template, formatted. Raises TemplateError with all of its errors; warnings do not matter."""
    source = Source.of(text, file)
    problems = Problems(source)
    lines = list(scan(source, problems))
    build(lines, source, problems)
    problems.raise_any()
    printed = list(_printed(_blocks(lines)))
    return "\n".join(printed) + "\n" if printed else ""


@dataclass(slots=True)
class _Block:
    """A header, an entry, or comments that stand together. `rank` is that of the section, and says how far it
    is indented. `attached` are comments that belong to what follows."""

    lines: list[Header | Entry | Comment]
    rank: int
    behind_blank: bool
    attached: bool = False

    @property
    def first(self) -> Header | Entry | Comment:
        return self.lines[0]


def _blocks(lines: Sequence[Line]) -> list[_Block]:
    blocks: list[_Block] = []
    rank, behind_blank = 1, False
    for line in lines:
        if isinstance(line, Header):
            rank = line.rank
        if isinstance(line, Blank):
            behind_blank = True
            continue
        if (
            isinstance(line, Comment)
            and not behind_blank
            and blocks
            and isinstance(blocks[-1].first, Comment)
        ):
            blocks[-1].lines.append(line)
        elif isinstance(line, Header | Entry | Comment):
            blocks.append(_Block([line], rank, behind_blank))
        behind_blank = False
    _attach(blocks)
    return blocks


def _attach(blocks: list[_Block]) -> None:
    """Comments directly above something belong to it; those directly below something else belong to the
    section so far; those that stand alone are indented as what follows."""
    for index in range(len(blocks) - 2, -1, -1):
        block, following = blocks[index], blocks[index + 1]
        if not isinstance(block.first, Comment):
            continue
        joined_above = index > 0 and not block.behind_blank
        block.attached = not following.behind_blank and not (
            joined_above and _is_aligned_above(blocks[index - 1], block, following)
        )
        if block.attached or not joined_above:
            block.rank = following.rank


def _is_aligned_above(above: _Block, block: _Block, following: _Block) -> bool:
    """Between an attribute and a header without blank lines, its column tells where a comment belongs."""
    column = block.first.place.column
    if not isinstance(following.first, Header):
        return False
    return column == above.first.place.column and column != following.first.place.column


def _printed(blocks: list[_Block]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        if index and _needs_blank(blocks, index):
            yield ""
        for line in block.lines:
            yield from _line(line, " " * (INDENT * (block.rank - 1)))


def _needs_blank(blocks: list[_Block], index: int) -> bool:
    block, above = blocks[index], blocks[index - 1]
    if above.attached:
        return False
    of = block.first
    if block.attached:
        of = blocks[index + 1].first
    if isinstance(of, Header):
        return block.behind_blank or not isinstance(above.first, Header)
    return block.behind_blank and not (isinstance(above.first, Header) and isinstance(of, Entry))


def _line(line: Header | Entry | Comment, indent: str) -> Iterator[str]:
    if isinstance(line, Comment):
        yield indent + line.text.expandtabs(INDENT)
        return
    comment = "  " + line.comment.expandtabs(INDENT) if line.comment else ""
    if isinstance(line, Header):
        title = f"{line.kind} {line.name}".rstrip()
        yield f"{indent}{'[' * line.rank}{title}{']' * line.rank}{comment}"
        return
    text = _expression(line.text, indent) if _is_expression(line) else line.text
    written = f"{indent}{line.key} {line.operator}{' ' if text else ''}{text}{comment}"
    yield from written.split("\n")


def _is_expression(entry: Entry) -> bool:
    text = entry.text
    if text[:3] in TRIPLE:
        return False
    if text.startswith("${"):
        return "\n" in text or closing_brace(text, 0, len(text)) == len(text)
    return entry.operator == ":=" or text.startswith("=")


def _expression(text: str, indent: str) -> str:
    """The expression without tabs; its further lines keep their places to each other."""
    first, *further = (_without_tabs(line) for line in text.split("\n"))
    if not further:
        return first
    closes = further[-1].lstrip(BLANK)[:1] in CLOSING.values()
    wanted = len(indent) + (0 if closes else INDENT)
    shift = wanted - min(len(line) - len(line.lstrip(BLANK)) for line in further if line)
    moved = (" " * shift + line if shift > 0 else line[-shift:] for line in further)
    return "\n".join((first, *(line.rstrip(BLANK) for line in moved)))


def _without_tabs(line: str) -> str:
    body = line.lstrip(BLANK)
    blanks = line[: len(line) - len(body)].expandtabs(INDENT)
    return (blanks + _TABS.sub(lambda found: found[1] or " ", body)).rstrip(BLANK)
