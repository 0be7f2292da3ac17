"""An attribute's value as a text, a whole number or a boolean.

None is an attribute that is absent, undefined, or wrong; what is wrong is in the problems, at the value's
own line and column. Quotes do not matter here: a value given on the command line has none.
"""

import re

from burstway.template.problems import Problems
from burstway.template.source import quoted
from burstway.template.syntax import Attribute
from burstway.template.values import Form

_WHOLE = re.compile(r"-?[0-9]{1,12}")
_BOOLEANS = {"true": True, "false": False}


def is_missing(attribute: Attribute | None) -> bool:
    """Absent, undefined or empty; not: written in a way that is already a problem."""
    return attribute is None or (not attribute.value.text and attribute.value.form is not Form.BROKEN)


def text(attribute: Attribute | None, problems: Problems) -> str | None:
    if attribute is None or attribute.value.text is None:
        return None
    written = attribute.value.text
    if all(character.isprintable() or character in "\n\t" for character in written):
        return written
    problems.add(attribute.value.place, f"{_said(attribute)} has an invisible character", "write it without")
    return None


def one_word(attribute: Attribute | None, problems: Problems) -> str | None:
    """A text without blanks and commas: a name, an image, a path in the cloud."""
    written = text(attribute, problems)
    if attribute is None or written is None:
        return None
    if "," in written:
        problems.add(attribute.value.place, f"{_said(attribute)}: a list is not supported yet", "write one")
        return None
    if re.search(r"\s", written):
        problems.add(attribute.value.place, f"{_said(attribute)} has blanks inside", "write one word")
        return None
    return written


def boolean(attribute: Attribute | None, problems: Problems) -> bool | None:
    if attribute is None or attribute.value.text is None:
        return None
    found = _BOOLEANS.get(attribute.value.text.lower())
    if found is None:
        problems.add(attribute.value.place, f"{_said(attribute)} is neither true nor false")
    return found


def whole_number(attribute: Attribute | None, problems: Problems, *, least: int) -> int | None:
    if attribute is None or attribute.value.text is None:
        return None
    if not _WHOLE.fullmatch(attribute.value.text):
        problems.add(attribute.value.place, f"{_said(attribute)} is not a whole number", f"{least} or more")
        return None
    number = int(attribute.value.text)
    if number < least:
        problems.add(attribute.value.place, f"{_said(attribute)} is less than {least}")
        return None
    return number


def _said(attribute: Attribute) -> str:
    """`MaxCount = 'x'`, and where the value comes from when it is not written there."""
    origin = f" (from the parameter {attribute.value.parameter})" if attribute.value.parameter else ""
    return f"{attribute.key} = {quoted(attribute.value.text or '')}{origin}"
