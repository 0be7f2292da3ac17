"""A template's text -> model.cluster.Cluster, or a TemplateError with all that is wrong.

Every step runs even when an earlier one found problems, so that one reading tells everything; a value that is
already a problem is not called missing. Only the chosen `[cluster]` and the parameters it can see are read
for meaning; of other clusters in the file only the syntax is checked.
"""

from collections.abc import Callable, Mapping, Sequence

from burstway.model.cluster import Cluster
from burstway.model.names import check_name
from burstway.template.arrays import Cloud, read_arrays
from burstway.template.expand import expand
from burstway.template.parameters import Parameter, declared_parameters, parameter_values, substitute
from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted
from burstway.template.syntax import Section, parse
from burstway.template.typed import boolean
from burstway.template.vocabulary import IN_FILE, check_cluster, check_sections


def read_cluster(
    text: str,
    file: str,
    *,
    cluster_name: str,
    parameters: Mapping[str, str],
    cores_of: Callable[[str], int | None],
    machine_types: Sequence[str] = (),
    template_cluster: str | None = None,
) -> Cluster:
    """The cluster that the template describes, under the name `cluster_name`.

    `template_cluster` says which [cluster NAME] of the file; None is the only one. `cores_of` gives a machine
    type's cores, None when the cloud has no such type; `machine_types` are those to suggest then. `file` only
    names the text in problems. Raises TemplateError, and InputError when `cluster_name` is none.
    """
    check_name("cluster", cluster_name)
    problems = Problems(Source.of(text, file))
    top = check_sections(parse(problems.source, problems), IN_FILE, problems)
    chosen = _choose([section for section in top if section.kind == "cluster"], template_cluster, problems)
    if chosen is None:
        problems.raise_any()
    assert chosen is not None
    declared = declared_parameters([*top, *chosen.sections], problems)
    values = parameter_values(declared, parameters, cluster_name, problems)
    check_cluster(chosen, problems)
    concrete = substitute(chosen, declared, values, problems)
    cluster = _read(concrete, cluster_name, Cloud(cores_of, machine_types), problems)
    problems.raise_any()
    return cluster


def describe_parameters(text: str, file: str) -> list[Parameter]:
    """The parameters that the template declares, in the order of the file. Raises TemplateError."""
    problems = Problems(Source.of(text, file))
    top = check_sections(parse(problems.source, problems), IN_FILE, problems)
    everywhere = declared_parameters(top, problems)
    for cluster in top:
        if cluster.kind == "cluster":
            inside = declared_parameters(cluster.sections, problems)
            everywhere = {**inside, **everywhere}
    problems.raise_any()
    return sorted(everywhere.values(), key=lambda parameter: parameter.place)


def _choose(clusters: list[Section], name: str | None, problems: Problems) -> Section | None:
    """The cluster of this name, or the only one; else None and a problem that says which there are."""
    found = [cluster for cluster in clusters if name is None or cluster.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    names = [cluster.name for cluster in clusters]
    nowhere = Place(problems.source.file)
    if not names:
        problems.add(nowhere, "the template has no section [cluster NAME]")
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


def _read(cluster: Section, name: str, cloud: Cloud, problems: Problems) -> Cluster:
    if boolean(cluster.attributes.get("autoscale"), problems) is False:
        place = cluster.attributes["autoscale"].value.place
        problems.add(place, "Autoscale = false is not supported yet", "every array grows up to its MaxCount")
    nodes = [node for node in expand(cluster, problems) if not node.abstract]
    for node in nodes:
        if node.section.kind == "node":
            what = f"{node.section} is not supported yet: only node arrays"
            problems.add(node.section.place, what, "leave it out, or make it a base: Abstract = true")
    arrays = [node for node in nodes if node.section.kind == "nodearray"]
    if not arrays and not problems.full:
        problems.add(cluster.place, f"{cluster} has no node array", "add one: [[nodearray hpc]]")
    return Cluster(name, read_arrays(arrays, name, cloud, problems))
