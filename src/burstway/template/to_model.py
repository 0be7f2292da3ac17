"""A template's text -> model.cluster.Cluster, or a TemplateError with all that is wrong.

Every step runs even when an earlier one found problems, so that one reading tells everything; a value that is
already a problem is not called missing. Only the chosen `[cluster]` and the parameters it can see are read
for meaning; of other clusters in the file only the syntax is checked, except by `check_template`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from burstway.errors import Problem
from burstway.model.cluster import Cluster
from burstway.model.names import check_name
from burstway.template.account import Account
from burstway.template.arrays import ArrayReader, Cloud
from burstway.template.data import Error
from burstway.template.describe import describe
from burstway.template.expand import expand
from burstway.template.fitting import GivenNames, refused_values, report_unfitting
from burstway.template.formulas import Parsed
from burstway.template.left_out import LeftOut, LeftOuts
from burstway.template.nodes import leave_counts_out, read_nodes
from burstway.template.parameters import (
    Parameter,
    ParameterValue,
    declared_parameters,
    given_values,
)
from burstway.template.problems import Problems
from burstway.template.required import report_missing
from burstway.template.scope import Outside, Scope
from burstway.template.sections import check_sections, known_sections
from burstway.template.source import Place, Source, quoted
from burstway.template.syntax import Section, parse
from burstway.template.typed import failure

__all__ = [
    "LeftOut",
    "Parameter",
    "ParameterValue",
    "Reading",
    "check_choice",
    "check_template",
    "describe_parameters",
    "kept_values",
    "read_cluster",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """A cluster, what is probably a mistake in its template, and what Burstway does not act on. `kept` are
    those of the given values that may be kept with the cluster, under the names as the template spells
    them."""

    cluster: Cluster
    warnings: list[Problem]
    left_out: tuple[LeftOut, ...]
    kept: Mapping[str, ParameterValue]


@dataclass(frozen=True, slots=True)
class _Given:
    parameters: Mapping[str, ParameterValue]
    from_files: Collection[str]
    cluster_name: str
    patient: bool = False


def read_cluster(
    text: str,
    file: str,
    *,
    cluster_name: str,
    parameters: Mapping[str, ParameterValue],
    from_files: Collection[str] = (),
    cores_of: Callable[[str], int | None],
    machine_types: Sequence[str] = (),
    template_cluster: str | None = None,
) -> Reading:
    """The cluster that the template describes, under the name `cluster_name`.

    `template_cluster` says which [cluster NAME] of the file; None is the only one. `parameters` are values as
    JSON has them; a text is read as the parameter's default and type suggest. Those whose names stand in
    `from_files` come from a file: others win over them, and one that the template does not declare is a
    warning, while it is an error for the others. `cores_of` gives a machine type's cores, None when the cloud
    has no such type; `machine_types` are those to suggest then. `file` only names the text in problems.
    Raises TemplateError, and InputError when `cluster_name` is none.
    """
    check_name("cluster", cluster_name)
    problems = Problems(Source.of(text, file))
    root = parse(problems.source, problems)
    top = known_sections(root)
    left_outs = LeftOuts()
    check_sections(root, left_outs, problems, without=("cluster",))
    chosen = _choose([section for section in top if section.kind == "cluster"], template_cluster, problems)
    if chosen is None:
        problems.raise_any()
    assert chosen is not None
    check_sections(chosen, left_outs, problems)
    scope = _scope(top, chosen, _Given(parameters, frozenset(from_files), cluster_name), problems, {})
    report_missing(scope, problems)
    cluster = _read(top, chosen, scope, cluster_name, Cloud(cores_of, machine_types), left_outs, problems)
    problems.raise_any()
    return Reading(cluster, problems.warnings, left_outs.listed(), _kept(scope))


def check_template(
    text: str,
    file: str,
    *,
    parameters: Mapping[str, ParameterValue] | None = None,
    from_files: Collection[str] = (),
    cores_of: Callable[[str], int | None] | None = None,
    machine_types: Sequence[str] = (),
    patient: bool | None = None,
) -> list[Problem]:
    """All problems of every cluster in the file, errors and warnings, in the order of the file.

    When it is `patient`, as it is by default without `parameters`, a required one that has no value is no
    problem; without `cores_of` no cloud is known, and machine types are taken as they are. Raises
    what `cores_of` raises.
    """
    patient = not parameters if patient is None else patient
    problems = Problems(Source.of(text, file))
    root = parse(problems.source, problems)
    check_sections(root, LeftOuts(), problems)
    top = known_sections(root)
    clusters = [section for section in top if section.kind == "cluster"]
    if not clusters:
        problems.add(Place(file), _NO_CLUSTER)
    declared = _names([*top, *(section for cluster in clusters for section in cluster.sections)], problems)
    if len(clusters) > MOST_CLUSTERS:
        what = f"the file has {len(clusters):,} clusters; no more than {MOST_CLUSTERS} of them are checked"
        problems.add(clusters[MOST_CLUSTERS].place, what, "make several files of it")
    names = frozenset(from_files)
    parsed: Parsed = {}
    for cluster in clusters[:MOST_CLUSTERS]:
        here = _names([*top, *cluster.sections], problems)
        # What no cluster declares is told once, for the first.
        first = cluster is clusters[0]
        values = {
            name: value
            for name, value in (parameters or {}).items()
            if name.lower() in here or (first and name.lower() not in declared)
        }
        scope = _scope(top, cluster, _Given(values, names, "", patient), problems, parsed)
        if not patient:
            report_missing(scope, problems)
        _read(top, cluster, scope, "cluster", Cloud(cores_of, machine_types), LeftOuts(), problems)
        for section in (*(one for one in top if one.kind != "cluster"), cluster):
            _check_values(section, scope)
    return problems.all


def describe_parameters(text: str, file: str) -> list[Parameter]:
    """The parameters that the template declares, in the order of the file. Raises TemplateError."""
    problems = Problems(Source.of(text, file))
    top = known_sections(parse(problems.source, problems))
    inside = [section for cluster in top if cluster.kind == "cluster" for section in cluster.sections]
    declared = declared_parameters([*inside, *top], problems)
    scope = Scope(declared, Outside({}, ""), (), problems)
    described = [describe(parameter, scope) for parameter in declared.values()]
    problems.raise_any()
    return sorted(described, key=lambda parameter: parameter.line)


def kept_values(
    text: str,
    file: str,
    template_cluster: str | None,
    parameters: Mapping[str, ParameterValue],
    from_files: Collection[str] = (),
) -> tuple[Mapping[str, ParameterValue], list[str]]:
    """The given values that may be kept with the template for this cluster of it, under the names as it
    spells them, and the names of the secret ones, which may not. Raises nothing."""
    problems = Problems(Source.of(text, file))
    top = known_sections(parse(problems.source, problems))
    chosen = _choose([section for section in top if section.kind == "cluster"], template_cluster, problems)
    if chosen is None:
        return {}, []
    scope = _scope(top, chosen, _Given(parameters, frozenset(from_files), "", patient=True), problems, {})
    kept = _kept(scope)
    secret = [name for key in scope.given if (name := scope.declared[key].name) not in kept]
    return kept, secret


def _kept(scope: Scope) -> Mapping[str, ParameterValue]:
    declared = [(scope.declared[key], value) for key, value in scope.given.items()]
    return {parameter.name: value for parameter, value in declared if not scope.is_secret(parameter)}


def check_choice(text: str, file: str, template_cluster: str | None) -> None:
    """Raises TemplateError when `read_cluster` could not tell which [cluster NAME] of the file is meant."""
    problems = Problems(Source.of(text, file))
    top = known_sections(parse(problems.source, problems))
    if _choose([section for section in top if section.kind == "cluster"], template_cluster, problems) is None:
        problems.raise_any()


MOST_CLUSTERS = 30
"""That are checked at once: each is read with all parameters of the file. The most in a file known are 3."""

_NO_CLUSTER = "the template has no section [cluster NAME]"


def _choose(clusters: list[Section], name: str | None, problems: Problems) -> Section | None:
    """The cluster of this name, or the only one; else None and a problem that says which there are."""
    found = [cluster for cluster in clusters if name is None or cluster.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    names = [cluster.name for cluster in clusters]
    nowhere = Place(problems.source.file)
    if not names:
        problems.add(nowhere, _NO_CLUSTER)
    elif name is None:
        problems.add(
            found[1].place, f"the template has several clusters: {_some(names)}", "choose one: -c NAME"
        )
    else:
        what = f"the template has no cluster {quoted(name)}"
        problems.add_unknown(nowhere, what, name, names, f"it has {_some(names)}")
    return None


def _some(names: list[str], most: int = 20) -> str:
    return ", ".join([*names[:most], "…"] if len(names) > most else names)


def _scope(top: list[Section], chosen: Section, given: _Given, problems: Problems, parsed: Parsed) -> Scope:
    sections = [*top, *chosen.sections]
    declared = declared_parameters(sections, problems)
    values = given_values(declared, given.parameters, given.from_files, problems)
    names = GivenNames(given.parameters, given.from_files)
    refused = refused_values(declared, values, names, problems)
    foreign = {section.name.lower() for section in sections if section.kind in ("environment", "noderef")}
    outside = Outside(values, given.cluster_name, given.patient, refused)
    scope = Scope(declared, outside, foreign, problems, parsed)
    report_unfitting(scope, values.keys(), names, problems)
    return scope


def _names(sections: list[Section], problems: Problems) -> Set[str]:
    """The parameters that these sections declare, in lower case."""
    return declared_parameters(sections, Problems(problems.source)).keys()


def _read(
    top: list[Section],
    chosen: Section,
    scope: Scope,
    name: str,
    cloud: Cloud,
    left_outs: LeftOuts,
    problems: Problems,
) -> Cluster:
    part = scope.resolver.part(chosen)
    account = Account(left_outs, problems)
    account.cluster(part)
    account.parameters([*top, *chosen.sections])
    account.outside([*top, *chosen.sections])
    nodes = [node for node in expand(part, problems) if not node.abstract]
    arrays = [node for node in nodes if node.part.kind == "nodearray"]
    singles = [node for node in nodes if node.part.kind == "node"]
    read = ArrayReader(name, cloud, left_outs, problems).read(arrays)
    leave_counts_out(singles, arrays, left_outs)
    cluster = Cluster(name, read, read_nodes(singles, left_outs, problems))
    unclear = any(setting.value.broken for node in arrays for setting in node.settings.values())
    if not read and not unclear and not problems.errors:
        problems.warn(chosen.place, f"{chosen} has no node array for jobs", "add one: [[nodearray hpc]]")
    for known in scope.resolver.failed:
        if isinstance(known.datum, Error) and not problems.told(known.place, failure(known.datum)):
            problems.warn(known.place, failure(known.datum), "the attribute has no value")
    return cluster


_FILTER = "config.filter"
"""Chooses among what the form offers, by names that an image or a machine type has and no parameter."""


def _check_values(section: Section, scope: Scope) -> None:
    """Every expression in the section and all names in its values, also where nothing needs them."""
    for key, attribute in section.attributes.items():
        if key != _FILTER:
            scope.formulas.check(attribute.value)
    for inner in section.sections:
        if inner.kind not in ("environment", "noderef"):
            _check_values(inner, scope)
