"""A value as it is written -> the value it is, and a section with such values.

A text can double at each step of a chain of parameters, so one value is bounded, and all of a template
together. What is not to be had for that is a problem, and counts as broken from then on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from burstway.template.data import UNDEFINED, Datum, Error, Record, Undefined
from burstway.template.expressions import as_text, evaluate
from burstway.template.expressions.limits import LONGEST_TEXT, Allowance
from burstway.template.forms import Formula, Items, Literal, Mixture, Reference, Value
from burstway.template.formulas import Formulas
from burstway.template.given import written_size
from burstway.template.known import Known, Part, Setting, undefined
from burstway.template.problems import Problems
from burstway.template.source import Place, cut
from burstway.template.syntax import Section
from burstway.template.values import as_text as list_as_text
from burstway.template.values import read_value

LEAST_CHARACTERS, LEAST_STEPS, LEAST_WORK = 5_000_000, 50_000, 200_000
"""What all values of a template together may have and cost that do not simply stand there, besides some for
each character of the template: characters, and what an expression's allowance counts. The largest template
known, of 100,000 characters, takes 500 steps."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Where a resolver finds values. `patient`: what has no value yet will have one, so that nothing which
    follows from it is a problem."""

    find: Callable[[str], Known | None]
    patient: bool


class Resolver:
    def __init__(self, parameters: Parameters, formulas: Formulas, problems: Problems) -> None:
        self.formulas = formulas
        self._parameters = parameters
        self._problems = problems
        size = problems.source.size
        self._allowance = Allowance(LEAST_STEPS + size, LEAST_WORK + 2 * size)
        self._characters_left = LEAST_CHARACTERS + 10 * size
        self.failed: list[Known] = []
        """The values of settings that are errors."""

    def resolve(self, value: Value) -> Known:
        if isinstance(value, Literal):
            return Known(value.datum, value.written, value.place)
        if isinstance(value, Reference):
            return self._reference(value)
        if isinstance(value, Formula):
            return self._formula(value)
        if isinstance(value, Mixture):
            return self._mixture(value)
        if isinstance(value, Items):
            return self._items(value)
        return undefined(value.place, broken=True)

    def part(self, section: Section) -> Part:
        """The section with all below it, except for what declares parameters or is not of this cluster."""
        settings = {
            key: Setting(attribute.key, attribute.place, self.resolve(attribute.value))
            for key, attribute in section.attributes.items()
        }
        self.failed.extend(s.value for s in settings.values() if isinstance(s.value.datum, Error))
        parts = [self.part(inner) for inner in section.sections if inner.kind not in _NOT_RESOLVED]
        name = self._name(section) if "$" in section.name else section.name
        return Part(section.rank, section.kind, name, section.place, settings, parts)

    def sized(self, datum: Datum, place: Place) -> Known:
        """The value with its text, if it is not too large."""
        if isinstance(datum, Undefined | Error):
            return Known(datum, "", place)
        if not self._affordable(written_size(datum, LONGEST_TEXT), place):
            return undefined(place, broken=True)
        return Known(datum, as_text(datum), place)

    def _name(self, section: Section) -> str:
        """A section's name with parameters in it, as in [[[cluster-init project:spec:$Version]]]."""
        value = read_value(section.name, "=", section.name_place or section.place, self._problems)
        known = [self.resolve(piece) for piece in (value.pieces if isinstance(value, Mixture) else (value,))]
        if any(piece.secret for piece in known):
            self._problems.warn(section.place, "a password is in the section's name", "take it out")
        name = "".join("…" if piece.secret else piece.written for piece in known)
        if not name.strip() and section.name and not any(piece.broken for piece in known):
            self._report_no_name(section)
        return name

    def _report_no_name(self, section: Section) -> None:
        """A node without a name could be nothing; other sections of one kind would be taken for one."""
        what = f"the name of {section} has no value"
        remedy = "give the parameter in it a value"
        if self._parameters.patient:
            return
        if section.kind in ("node", "nodearray"):
            self._problems.add(section.place, what, remedy)
        else:
            self._problems.warn(section.place, what, remedy)

    def _reference(self, value: Reference) -> Known:
        known = self._parameters.find(value.name)
        if known is None:
            self.formulas.check_name(value.name, value.place)
            return undefined(value.place)
        if not self._affordable(len(known.written), value.place):
            return undefined(value.place, broken=True)
        broken = known.broken or (self._parameters.patient and known.undefined)
        return replace(known, place=value.place, origin=value.name, broken=broken)

    def _formula(self, formula: Formula) -> Known:
        expression = self.formulas.expression(formula)
        if expression is None:
            return undefined(formula.place, broken=True)
        known = [self._parameters.find(name) for name, _ in expression.names()]
        if any(value is not None and value.broken for value in known):
            return undefined(formula.place, broken=True)
        datum = evaluate(expression, partial(self._datum, known), limit=self._allowance)
        if self._parameters.patient and isinstance(datum, Undefined | Error):
            broken = any(value is not None and value.undefined for value in known)
            return undefined(formula.place, broken=True) if broken else Known(datum, "", formula.place)
        secret = any(value is not None and value.secret for value in known)
        if secret and isinstance(datum, Error):
            datum = Error("it fails for the value of a password")
        # Whether there is a password, or the right one, tells too little of it to be kept from anybody.
        secret = secret and not isinstance(datum, bool)
        return replace(self.sized(datum, formula.place), secret=secret)

    def _datum(self, looked_at: list[Known | None], name: str) -> Datum:
        """What the name stands for, which an expression need not show: [q = 1].Other is Other's value."""
        known = self._parameters.find(name)
        looked_at.append(known)
        return UNDEFINED if known is None else known.datum

    def _mixture(self, value: Mixture) -> Known:
        pieces = [self._piece(piece, bool(value.quotes)) for piece in value.pieces]
        self._warn_of_members(value, pieces)
        for piece in pieces:
            if isinstance(piece.datum, Error):
                return Known(piece.datum, "", value.place)
        if any(piece.undefined for piece in pieces):
            return undefined(value.place, broken=any(piece.broken for piece in pieces))
        if not self._affordable(sum(len(piece.written) for piece in pieces), value.place):
            return undefined(value.place, broken=True)
        text = "".join(piece.written for piece in pieces)
        return Known(text, text, value.place, secret=any(piece.secret for piece in pieces))

    def _warn_of_members(self, value: Mixture, pieces: list[Known]) -> None:
        """`$T.x` is all of the record T and a text behind it, which nobody means."""
        for written, known, behind in zip(value.pieces, pieces, value.pieces[1:], strict=False):
            if not isinstance(written, Reference) or not isinstance(known.datum, Record):
                continue
            member = _MEMBER.match(behind.written) if isinstance(behind, Literal) else None
            if member:
                what = f"${written.name} is all of the record, and {cut(member[0])} a text behind it"
                remedy = f"did you mean ${{{written.name}{cut(member[0])}}}?"
                self._problems.warn(written.place, what, remedy)

    def _piece(self, piece: Literal | Reference | Formula, in_quotes: bool) -> Known:
        if isinstance(piece, Literal) or not in_quotes or self.formulas.is_meant(piece):
            return self.resolve(piece)
        text = f"${piece.name}" if isinstance(piece, Reference) else f"${{{piece.text}}}"
        return Known(text, text, piece.place)

    def _items(self, value: Items) -> Known:
        items = [single for item in value.items for single in self._singles(self.resolve(item))]
        if any(item.broken for item in items):
            return undefined(value.place, broken=True)
        defined = tuple(item for item in items if not item.undefined)
        if not self._affordable(sum(len(item.written) for item in defined), value.place):
            return undefined(value.place, broken=True)
        literal = len(defined) == len(items) and all(isinstance(item, Literal) for item in value.items)
        written = value.written if literal else self.resolve(list_as_text(value)).written
        written = written or ", ".join(item.written for item in defined)
        secret = any(item.secret for item in defined)
        data = tuple(item.datum for item in defined)
        return Known(data, written, value.place, items=defined, secret=secret)

    def _singles(self, known: Known) -> tuple[Known, ...]:
        """The items of a list inside of a list, which is one list; other values alone."""
        if not isinstance(known.datum, tuple):
            return (known,)
        items = known.items or tuple(self.sized(datum, known.place) for datum in known.datum)
        return tuple(replace(item, secret=True) for item in items) if known.secret else items

    def _affordable(self, size: int, place: Place) -> bool:
        self._characters_left -= size
        if size > LONGEST_TEXT:
            self._problems.add(place, f"the value is too large: more than {LONGEST_TEXT:,} characters")
        elif self._characters_left < 0:
            self._problems.add(place, "with this value, all values together are too large")
        return size <= LONGEST_TEXT and self._characters_left >= 0


_MEMBER = re.compile(r"(?:\.[A-Za-z_][A-Za-z0-9_]*)+")

_NOT_RESOLVED = ("parameters", "parameter", "environment", "noderef")
