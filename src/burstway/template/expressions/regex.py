"""Regular expressions in a time that grows with the text, whatever the pattern.

A template brings its patterns along, and a backtracking engine can be kept busy for years by twenty
characters. RE2 has no look-around and no back references, and refuses those; CycleCloud has Java's syntax,
with which it agrees on all else that matters here.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from burstway.template.expressions.limits import (
    LARGEST_PATTERN,
    LONGEST_PATTERN,
    LONGEST_SEARCHED,
    check_length,
)
from burstway.template.source import quoted

Function: TypeAlias = Callable[..., bool | str]

_OPTIONS = "ims"
"""Options that RE2 has, with the meaning that they have in Java and PCRE. Unknown ones are passed over."""

_LOOK_AROUND = re.compile(r"\(\?<?[=!]|\(\?>|(?:[*+?}])\+")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\\k")
_REPLACED = re.compile(r"\\([0-9])")
_REPLACED_IN_JAVA = re.compile(r"[\\$]([0-9])|\\(\$)")


class PatternError(ValueError):
    """Why a pattern cannot be used, in words for a person."""


def matches(pattern: str, text: str, options: str = "") -> bool:
    """Whether the text has a match anywhere. Raises PatternError, as all functions here."""
    return _compiled(pattern, text, options).search(text) is not None


def replace_first(pattern: str, text: str, by: str, options: str = "") -> str:
    r"""The text with the first match replaced; \0 to \9 in `by` stand for the match and its groups."""
    return _replaced(_compiled(pattern, text, options), text, by, _REPLACED, once=True)


def replace_all(pattern: str, text: str, by: str, options: str = "") -> str:
    return _replaced(_compiled(pattern, text, options), text, by, _REPLACED, once=False)


def replace_all_java(pattern: str, text: str, by: str, options: str = "") -> str:
    r"""As replace_all, and $0 to $9 are groups too; \$ is a dollar."""
    return _replaced(_compiled(pattern, text, options), text, by, _REPLACED_IN_JAVA, once=False)


def cost(pattern: str, text: str, options: str = "") -> int:
    """What a search costs, in the unit of limits.MOST_WORK; 0 where it is refused."""
    try:
        size: int = _compiled(pattern, text, options).programsize
    except PatternError:
        return 0
    return len(text) * size // 4


def _replaced(compiled: Any, text: str, by: str, groups: re.Pattern[str], *, once: bool) -> str:
    for group in groups.finditer(by):
        if group[1] and int(group[1]) > compiled.groups:
            raise PatternError(f"{group[0]} in {quoted(by)} is a group that the pattern does not have")
    pieces = []
    length = end = 0
    for match in compiled.finditer(text):
        pieces += [text[end : match.start()], _filled(match, by, groups)]
        length += len(pieces[-1]) + len(pieces[-2])
        check_length(length)
        end = match.end()
        if once:
            break
    return "".join((*pieces, text[end:]))


def _filled(match: Any, by: str, groups: re.Pattern[str]) -> str:
    return groups.sub(lambda group: (match[int(group[1])] or "") if group[1] else "$", by)


def _compiled(pattern: str, text: str, options: str) -> Any:
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"a pattern with {len(pattern):,} characters, more than {LONGEST_PATTERN:,}")
    if len(text) > LONGEST_SEARCHED:
        raise PatternError(f"a text with {len(text):,} characters, more than {LONGEST_SEARCHED:,}")
    if "x" in options:
        raise PatternError("the option x is not supported: write the pattern without blanks and comments")
    return _compile(pattern, "".join(option for option in _OPTIONS if option in options))


@lru_cache(maxsize=100)
def _compile(pattern: str, options: str) -> Any:
    import re2

    settings = re2.Options()
    settings.log_errors = False
    settings.max_mem = LARGEST_PATTERN
    try:
        return re2.compile(f"(?{options}){pattern}" if options else pattern, settings)
    except re2.error as refused:
        raise PatternError(_explained(pattern, refused)) from None


def _explained(pattern: str, refused: Exception) -> str:
    if _LOOK_AROUND.search(pattern):
        return f"{quoted(pattern)} looks around or is possessive, which is not supported: write it without"
    if _BACK_REFERENCE.search(pattern):
        return f"{quoted(pattern)} refers back to a group, which is not supported: write it without"
    said = refused.args[0] if refused.args else ""
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"{quoted(pattern)} is no pattern: {said}"
