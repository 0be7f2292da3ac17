"""What each parameter is: what is given for it, else its default, worked out when it is first needed.

A default may refer to other parameters. A chain of them can be as long as the file and a circle has no end,
so they are worked out from a stack of our own, the ones that others need first.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from burstway.template.data import Datum, Error, Record
from burstway.template.forms import Value
from burstway.template.formulas import Formulas, Parsed
from burstway.template.given import given_value
from burstway.template.known import Known, undefined
from burstway.template.parameters import CLUSTER_NAME, Declared, ParameterValue
from burstway.template.problems import Problems
from burstway.template.resolve import Parameters, Resolver
from burstway.template.source import Place
from burstway.template.syntax import Section

_TYPE, _SECRET = "ParameterType", "Secret"


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known from outside of the template. `cluster_name` is "" as long as there is none; `values` are
    found by the parameter's name in lower case. `patient`: others may be given later.
    `refused` are those of the values that are a problem already."""

    values: Mapping[str, ParameterValue]
    cluster_name: str
    patient: bool = False
    refused: Set[str] = frozenset()


class Scope:
    def __init__(
        self,
        declared: Mapping[str, Declared],
        outside: Outside,
        foreign: Collection[str],
        problems: Problems,
        parsed: Parsed | None = None,
    ) -> None:
        """`foreign` are names, in lower case, of what Burstway does not start: they are undefined. `parsed`
        is shared by the scopes of one file, for its expressions are the same in each."""
        self.declared = declared
        self._outside = outside
        self.given = outside.values
        self._problems = problems
        place = Place(problems.source.file)
        name = outside.cluster_name
        value = Known(name, name, place) if name else undefined(place, broken=True)
        self._known = {CLUSTER_NAME.lower(): value}
        names = [parameter.name for parameter in declared.values()]
        defined = {*declared, CLUSTER_NAME.lower()}
        self.formulas = Formulas(defined, foreign, names, problems, parsed)
        self._working: list[str] = []
        self.resolver = Resolver(Parameters(self.find, outside.patient), self.formulas, problems)

    def find(self, name: str) -> Known | None:
        """The value of a parameter; None when the template declares none of this name."""
        key = name.lower()
        if key not in self._known and key in self.declared:
            if key in self._working:
                # An expression can reach a name that it does not show: [q = 1].Other is Other's value.
                self._report_circle(self._working[self._working.index(key) :])
            else:
                self._settle(key)
        return self._known.get(key)

    def _settle(self, first: str) -> None:
        """Works out this parameter, after all that it needs."""
        path: dict[str, Iterator[str]] = {first: self._needs(first)}
        while path:
            key = next(reversed(path))
            needed = None if key in self._known else next(path[key], None)
            if needed is None:
                path.pop(key)
                if key not in self._known:
                    self._work_out(key)
            elif needed in path:
                keys = [*path]
                self._report_circle(keys[keys.index(needed) :])
            elif needed not in self._known:
                path[needed] = self._needs(needed)

    def _needs(self, key: str) -> Iterator[str]:
        """The declared parameters that this one's default refers to."""
        declared = self.declared[key]
        for attribute in (declared.value(_TYPE), declared.value(_SECRET)):
            if attribute:
                yield from self._declared_names(self.formulas.names_in(attribute))
        if key in self._outside.values:
            return
        if declared.default:
            yield from self._declared_names(self.formulas.names_in(declared.default))
        for section in declared.structures("DefaultValue"):
            yield from self._declared_names(self.formulas.names_below(section))

    def _declared_names(self, names: Iterator[str]) -> Iterator[str]:
        yield from (name.lower() for name in names if name.lower() in self.declared)

    def _work_out(self, key: str) -> None:
        declared = self.declared[key]
        self._working.append(key)
        known = self._value(key, declared)
        secret = known.secret or self.is_secret(declared)
        self._working.pop()
        self._known.setdefault(key, replace(known, secret=secret))

    def is_secret(self, declared: Declared) -> bool:
        """Whether the parameter's values are for nobody to see: it is a Password, or says Secret = true. One
        that does not tell clearly is secret too."""
        kind, secret = self._said(declared.value(_TYPE)), self._said(declared.value(_SECRET))
        if any(said.broken or isinstance(said.datum, Error) for said in (kind, secret)):
            return True
        return kind.written.strip().lower() == "password" or secret.written.strip().lower() == "true"

    def _said(self, value: Value | None) -> Known:
        return self.resolver.resolve(value) if value else undefined(Place(self._problems.source.file))

    def _value(self, key: str, declared: Declared) -> Known:
        place = declared.section.place
        if key in self._outside.refused:
            return undefined(place, broken=True)
        if key in self._outside.values:
            return given_value(self._outside.values[key], declared.default, declared.kind, place)
        if structures := declared.structures("DefaultValue"):
            datum, secret = self.structure(structures)
            return replace(self.resolver.sized(datum, place), secret=secret)
        return self.resolver.resolve(declared.default) if declared.default else undefined(place)

    def structure(self, sections: list[Section]) -> tuple[Datum, bool]:
        """The value that [[[list NAME]]] and [[[record NAME]]] make: a record alone, else a list of them; and
        whether a password is in it."""
        entries = [[*self._entries(section)] for section in sections]
        secret = any(hidden for record in entries for _, _, hidden in record)
        records = tuple(Record(tuple((name, datum) for name, datum, _ in record)) for record in entries)
        return (records[0] if len(sections) == 1 and sections[0].kind == "record" else records), secret

    def _entries(self, section: Section) -> Iterator[tuple[str, Datum, bool]]:
        for attribute in section.attributes.values():
            known = self.resolver.resolve(attribute.value)
            yield attribute.key, known.datum, known.secret
        inner: dict[str, list[Section]] = {}
        for below in section.sections:
            if below.kind in ("list", "record"):
                inner.setdefault(below.name, []).append(below)
        for name, sections in inner.items():
            yield name, *self.structure(sections)

    def _report_circle(self, circle: list[str]) -> None:
        """`circle` holds each parameter once, before the one it needs; told from the first in the file."""
        declared = [self.declared[key] for key in circle]
        first = declared.index(min(declared, key=lambda parameter: parameter.section.place))
        names = [parameter.name for parameter in (*declared[first:], *declared[:first], declared[first])]
        default = declared[first].default
        place = default.place if default else declared[first].section.place
        what = f"the parameters go in a circle: {' → '.join(names)}"
        self._problems.add(place, what, "take one of them out")
        for parameter in declared:
            self._known[parameter.name.lower()] = undefined(parameter.section.place, broken=True)
