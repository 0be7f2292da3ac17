"""A setting's value as a text, a list of words, a number or a boolean.

None is a setting that is absent, undefined, or wrong; what is wrong is reported at the value's own line and
column. Quotes do not matter here: a value given on the command line has none.
"""

import re

from burstway.template.data import Error, Record
from burstway.template.known import Known, Setting
from burstway.template.problems import Reporter
from burstway.template.source import quoted

_WHOLE = re.compile(r"([+-]?[0-9]{1,12})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_BOOLEANS = {"true": True, "false": False}


def text(setting: Setting | None, report: Reporter) -> str | None:
    if setting is None or setting.value.undefined:
        return None
    if isinstance(setting.value.datum, Error):
        report.add(setting.value.place, failure(setting.value.datum))
        return None
    written = setting.value.written
    if written.isprintable() or all(character.isprintable() or character in "\n\t" for character in written):
        return written
    report.add(setting.value.place, f"{_said(setting)} has an invisible character", "write it without")
    return None


def failure(error: Error) -> str:
    return f"the expression is an error: {error.reason or 'it has no value'}"


def one_word(setting: Setting | None, report: Reporter) -> str | None:
    """A text without blanks and commas: a name, an image, a path in the cloud."""
    written = text(setting, report)
    if setting is None or written is None:
        return None
    if "," in written:
        report.add(setting.value.place, f"{_said(setting)} is a list, and one is wanted", "write one")
        return None
    if re.search(r"\s", written):
        report.add(setting.value.place, f"{_said(setting)} has blanks inside", "write one word")
        return None
    return written


def words(setting: Setting | None, report: Reporter) -> tuple[str, ...]:
    """The words of a list, or of a text with commas, without empty ones."""
    written = text(setting, report)
    if setting is None or written is None:
        return ()
    parts = [_item(item) for item in _items(setting.value)] if _is_list(setting.value) else written.split(",")
    found = tuple(part.strip() for part in parts if part.strip())
    if any(re.search(r"\s", word) for word in found):
        report.add(setting.value.place, f"{_said(setting)} has blanks inside", "write one word")
        return ()
    return found


def boolean(setting: Setting | None, report: Reporter) -> bool | None:
    written = text(setting, report)
    if setting is None or not written:
        return None
    found = _BOOLEANS.get(written.lower())
    if found is None:
        report.add(setting.value.place, f"{_said(setting)} is neither true nor false")
    return found


def whole_number(setting: Setting | None, report: Reporter, *, least: int) -> int | None:
    """A boolean is 0 or 1, as it is to CycleCloud: InitialCount = $HighAvailability."""
    written = text(setting, report)
    if setting is None or not written:
        return None
    if isinstance(setting.value.datum, bool):
        return int(setting.value.datum)
    match = _WHOLE.fullmatch(written) if written.isascii() else None
    if match is None:
        report.add(setting.value.place, f"{_said(setting)} is not a whole number", f"{least} or more")
        return None
    number = int(match[1])
    if number < least:
        report.add(setting.value.place, f"{_said(setting)} is less than {least}")
        return None
    return number


def number(setting: Setting | None, report: Reporter) -> float | None:
    written = text(setting, report)
    if setting is None or not written:
        return None
    if not _NUMBER.fullmatch(written) or not written.isascii():
        report.add(setting.value.place, f"{_said(setting)} is not a number")
        return None
    return float(written)


def _is_list(value: Known) -> bool:
    return isinstance(value.datum, tuple)


def _items(value: Known) -> tuple[object, ...]:
    if value.items:
        return tuple(item.written for item in value.items)
    return value.datum if isinstance(value.datum, tuple) else ()


def _item(item: object) -> str:
    """An element of a list as a word; what a form made can be a record with a Name."""
    if isinstance(item, Record):
        item = item.get("Name", item.get("Value", ""))
    return item if isinstance(item, str) else str(item)


def _said(setting: Setting) -> str:
    """`MaxCount = 'x'`, and where the value comes from when it is not written there."""
    origin = f" (from the parameter {setting.value.origin})" if setting.value.origin else ""
    written = "…" if setting.value.secret else setting.value.written
    return f"{setting.key} = {quoted(written)}{origin}"
