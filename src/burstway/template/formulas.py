"""Expressions in values: parsed once, and the names in them.

A name is a parameter's, or belongs to something that Burstway does not start (a noderef, an environment), or
nothing defines it, which is a warning: CycleCloud takes it as undefined. Inside of quotes a dollar belongs to
the template only where all that it names is declared, for scripts and HTML have dollars of their own.
"""

from collections.abc import Collection, Iterator
from typing import TypeAlias

from burstway.template.data import Error
from burstway.template.expressions import Expression, ExpressionError, parse, unknown_functions
from burstway.template.forms import Formula, Items, Literal, Mixture, Reference, Value
from burstway.template.problems import Problems
from burstway.template.source import Place, quoted
from burstway.template.syntax import Section
from burstway.template.typed import failure

Parsed: TypeAlias = dict[str, Expression | ExpressionError]
"""What each text is as an expression, or why it is none."""


class Formulas:
    def __init__(
        self,
        defined: Collection[str],
        foreign: Collection[str],
        known: Collection[str],
        problems: Problems,
        parsed: Parsed | None = None,
    ) -> None:
        """`defined` are names that have a meaning and `foreign` those of things that are not started, both in
        lower case; `known` are names to suggest. `parsed` is what is parsed already, and gets the rest."""
        self._defined = defined
        self._foreign = foreign
        self._suggested = known
        self._problems = problems
        self._parsed: Parsed = {} if parsed is None else parsed
        self._checked: dict[Place, Expression | None] = {}

    def expression(self, formula: Formula) -> Expression | None:
        """The expression; None when it is none, which is a problem then."""
        if formula.place not in self._checked:
            self._checked[formula.place] = self._check(formula)
        return self._checked[formula.place]

    def names_in(self, value: Value) -> Iterator[str]:
        """The names that the value depends on."""
        if isinstance(value, Reference):
            yield value.name
        elif isinstance(value, Formula):
            if expression := self.expression(value):
                yield from (name for name, _ in expression.names())
        elif isinstance(value, Mixture):
            for piece in value.pieces:
                if not value.quotes or self.is_meant(piece):
                    yield from self.names_in(piece)
        elif isinstance(value, Items):
            for item in value.items:
                yield from self.names_in(item)

    def names_below(self, section: Section) -> Iterator[str]:
        for attribute in section.attributes.values():
            yield from self.names_in(attribute.value)
        for inner in section.sections:
            yield from self.names_below(inner)

    def is_meant(self, piece: Literal | Reference | Formula) -> bool:
        """Whether a piece inside of quotes is the template's: it names something, all of it declared."""
        if isinstance(piece, Reference):
            return piece.name.lower() in self._defined
        if isinstance(piece, Literal):
            return False
        expression = self._parse(piece.text)
        if isinstance(expression, ExpressionError):
            return False
        names = [name.lower() for name, _ in expression.names()]
        return bool(names) and all(name in self._defined for name in names)

    def check(self, value: Value, place: Place | None = None) -> None:
        """Reports what is wrong in the value without working it out. `place` is that of the value that this
        one is a part of."""
        if isinstance(value, Formula):
            self._check_functions(value, place or value.place)
        elif isinstance(value, Reference):
            self.check_name(value.name, value.place)
        elif isinstance(value, Mixture):
            for piece in value.pieces:
                if not value.quotes or self.is_meant(piece):
                    self.check(piece, value.place)
        elif isinstance(value, Items):
            for item in value.items:
                self.check(item)

    def check_name(self, name: str, place: Place) -> None:
        if name.lower() in self._defined or name.lower() in self._foreign:
            return
        what = f"the template declares no parameter {quoted(name)}, so it has no value"
        self._problems.warn_unknown(place, what, name, self._suggested, f"declare it: [parameter {name}]")

    def _check_functions(self, formula: Formula, place: Place) -> None:
        """Reports functions that there are not, except for one that the value at `place` failed for."""
        if expression := self.expression(formula):
            for _, offset, what in unknown_functions(expression):
                if not self._problems.told(place, failure(Error(what))):
                    self._problems.warn(formula.place.within(formula.text, offset), what)

    def _parse(self, text: str) -> Expression | ExpressionError:
        if text not in self._parsed:
            try:
                self._parsed[text] = parse(text)
            except ExpressionError as refused:
                self._parsed[text] = refused
        return self._parsed[text]

    def _check(self, formula: Formula) -> Expression | None:
        expression = self._parse(formula.text)
        if isinstance(expression, ExpressionError):
            where = formula.place.within(formula.text, expression.offset)
            self._problems.add(where, expression.what, expression.remedy)
            return None
        for name, offset in expression.names():
            self.check_name(name, formula.place.within(formula.text, offset))
        return expression
