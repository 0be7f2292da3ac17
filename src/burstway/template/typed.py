"""A setting's value as a text, a list of words, a number or a boolean.

None is a setting that is absent, undefined, or wrong; what is wrong is reported at the value's own line and
column. Quotes do not matter here: a value given on the command line has none.
"""

import re

from burstway.template.data import Datum, Error, Record, Undefined
from burstway.template.expressions import as_text
from burstway.template.known import Known, Setting
from burstway.template.problems import Reporter
from burstway.template.source import quoted
from burstway.template.values import typed_word

_LARGEST = 10**12
"""Of a number in a setting; what is larger is a slip."""


def text(setting: Setting | None, report: Reporter) -> str | None:
    if setting is None or setting.value.undefined:
        return None
    if isinstance(setting.value.datum, Error):
        report.add(setting.value.place, failure(setting.value.datum))
        return None
    if setting.value.secret:
        what = f"a password is in {setting.key}, which is kept with the cluster for people to see"
        report.add(setting.value.place, what, "take it out")
        return None
    written = _only(setting.value)
    if written.isprintable() or all(character.isprintable() or character in "\n\t" for character in written):
        return written
    report.add(setting.value.place, f"{_said(setting)} has an invisible character", "write it without")
    return None


def failure(error: Error) -> str:
    return f"the expression is an error: {error.reason or 'it has no value'}"


def one_word(setting: Setting | None, report: Reporter) -> str | None:
    """A text without blanks and commas: a name, an image, a path in the cloud. A list of one is that one."""
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
    parts = _items(setting.value) if _is_list(setting.value) else written.split(",")
    found = tuple(part.strip() for part in parts if part.strip())
    if any(re.search(r"\s", word) for word in found):
        report.add(setting.value.place, f"{_said(setting)} has blanks inside", "write one word")
        return ()
    return found


def boolean(setting: Setting | None, report: Reporter) -> bool | None:
    written = text(setting, report)
    if setting is None or not written:
        return None
    found = typed_word(written)
    if not isinstance(found, bool):
        report.add(setting.value.place, f"{_said(setting)} is neither true nor false")
        return None
    return found


def whole_number(setting: Setting | None, report: Reporter, *, least: int) -> int | None:
    """A boolean is 0 or 1, as it is to CycleCloud: InitialCount = $HighAvailability."""
    written = text(setting, report)
    if setting is None or not written:
        return None
    if isinstance(setting.value.datum, bool):
        return int(setting.value.datum)
    found = _number(written)
    if found is None or found != int(found):
        report.add(setting.value.place, f"{_said(setting)} is not a whole number", f"{least} or more")
        return None
    if found < least:
        report.add(setting.value.place, f"{_said(setting)} is less than {least}")
        return None
    return int(found)


def number(setting: Setting | None, report: Reporter) -> float | None:
    written = text(setting, report)
    if setting is None or not written:
        return None
    found = _number(written)
    if found is None:
        report.add(setting.value.place, f"{_said(setting)} is not a number")
        return None
    return float(found)


def is_empty_list(value: Known) -> bool:
    """Whether it is a list with nothing in it but blanks, as `{}` and a lonely comma are."""
    return _is_list(value) and not value.broken and not any(part.strip() for part in _items(value))


def _number(written: str) -> int | float | None:
    """The number that stands there, quotes or none, as a template has numbers."""
    datum = typed_word(written)
    if isinstance(datum, bool) or not isinstance(datum, int | float) or abs(datum) >= _LARGEST:
        return None
    return datum


def _is_list(value: Known) -> bool:
    return isinstance(value.datum, tuple)


def _items(value: Known) -> list[str]:
    """The elements of a list as texts, without those that are undefined."""
    if value.items:
        return [item.written for item in value.items]
    data = value.datum if isinstance(value.datum, tuple) else ()
    return [_item(datum) for datum in data if not isinstance(datum, Undefined)]


def _item(datum: Datum) -> str:
    """An element of a list as a word; what a form made can be a record with a Name."""
    if isinstance(datum, Record):
        datum = datum.get("Name", datum.get("Value", ""))
    return "" if isinstance(datum, Undefined) else as_text(datum)


def _only(value: Known) -> str:
    items = _items(value) if _is_list(value) else []
    return items[0] if len(items) == 1 else value.written


def _said(setting: Setting) -> str:
    """`MaxCount = 'x'`, and where the value comes from when it is not written there."""
    origin = f" (from the parameter {setting.value.origin})" if setting.value.origin else ""
    written = "…" if setting.value.secret else setting.value.written
    return f"{setting.key} = {quoted(written)}{origin}"
