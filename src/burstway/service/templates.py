"""Templates: read for a cluster, or kept by name so that clusters can be made of them later.

A kept template is checked when it comes in, and needs no values of parameters then. Values that come with it
stay with it; those that are given when a cluster is made win over them.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from burstway.contracts import ClusterSource, Json, Offer, Store
from burstway.errors import ConflictError, InputError, Problem, TemplateError, UnknownError
from burstway.model.names import check_name
from burstway.template.parameters import ParameterValue
from burstway.template.to_model import (
    Reading,
    check_choice,
    check_template,
    kept_values,
    read_cluster,
)

MOST_CHARACTERS = 2_000_000
"""Of a template that is sent to the control plane, which others use meanwhile; the largest known has 100,000.
The commands that need no control plane read longer ones."""


class Templates:
    def __init__(self, store: Store, offers: Mapping[str, Offer]) -> None:
        self._store = store
        self._offers = offers

    def read(self, name: str, source: ClusterSource, from_files: Collection[str] = ()) -> Reading:
        """The cluster that the source describes, under this name, with what is to be said of it. `from_files`
        are the names of values that nobody typed for this template. Raises TemplateError."""
        _refuse_too_long(source)
        return read_cluster(
            source.text,
            source.file,
            cluster_name=name,
            template_cluster=source.section or None,
            parameters=source.parameters,
            from_files=from_files,
            cores_of=self._cores_of,
            machine_types=sorted(self._offers),
        )

    def check(self, name: str, source: ClusterSource, from_files: Collection[str] = ()) -> list[Problem]:
        """The warnings. Raises TemplateError with all errors, and InputError when `name` is none."""
        check_name("template", name)
        _refuse_too_long(source)
        problems = check_template(
            source.text,
            source.file,
            parameters=source.parameters,
            from_files=from_files,
            cores_of=self._cores_of,
            machine_types=sorted(self._offers),
            patient=True,
        )
        if errors := [problem for problem in problems if not problem.warning]:
            raise TemplateError(errors)
        check_choice(source.text, source.file, source.section or None)
        _, secret = _kept(source, from_files)
        return [*problems, *(_not_kept(name, source.file) for name in secret)]

    def keep(
        self,
        name: str,
        source: ClusterSource,
        from_files: Collection[str] = (),
        *,
        force: bool,
        dry_run: bool = False,
    ) -> bool:
        """Whether one of that name was replaced, which only `force` does. A dry run keeps nothing. Values
        that the template does not declare, and passwords, are not kept: whoever may look would see them."""
        values, _ = _kept(source, from_files)
        kept = replace(source, parameters=values)
        with self._store.write() as transaction:
            known = transaction.template(name) is not None
            if known and not force:
                raise ConflictError(
                    f"there is a template {name} already",
                    remedy="replace it with --force: clusters stay as they are",
                )
            if not dry_run:
                transaction.put_template(name, kept)
        return known

    def all(self) -> dict[str, ClusterSource]:
        with self._store.read() as transaction:
            return transaction.templates()

    def find(self, name: str) -> ClusterSource:
        with self._store.read() as transaction:
            found = transaction.template(name)
            if found is None:
                raise _unknown(name, transaction.templates())
        return found

    def delete(self, name: str) -> None:
        """Clusters that were made of it stay as they are."""
        with self._store.write() as transaction:
            if not transaction.delete_template(name):
                raise _unknown(name, transaction.templates())

    def _cores_of(self, machine_type: str) -> int | None:
        offer = self._offers.get(machine_type)
        return offer.cores if offer else None


def _refuse_too_long(source: ClusterSource) -> None:
    if len(source.text) > MOST_CHARACTERS:
        what = f"the template has {len(source.text):,} characters, more than {MOST_CHARACTERS:,}"
        raise InputError(what, where=source.file, remedy="is it a template?")


def _kept(
    source: ClusterSource, from_files: Collection[str]
) -> tuple[Mapping[str, ParameterValue], list[str]]:
    if not source.parameters:
        return {}, []
    return kept_values(source.text, source.file, source.section or None, source.parameters, from_files)


def _not_kept(name: str, file: str) -> Problem:
    what = f"the value that is given for {name} is secret, so it is not kept with the template"
    remedy = f"give it when a cluster is made of the template: -P {name}=…"
    return Problem(file, 0, 0, what, remedy, warning=True)


def with_values(source: ClusterSource, given: Mapping[str, Json]) -> ClusterSource:
    """The source with these values above its own. Names are the same whatever their case."""
    names = {name.lower() for name in given}
    own = {name: value for name, value in source.parameters.items() if name.lower() not in names}
    return replace(source, parameters={**own, **given})


def _unknown(name: str, found: Mapping[str, ClusterSource]) -> UnknownError:
    known = ", ".join(found) or "none, import one first: burstway cluster import NAME -f FILE -t"
    return UnknownError(f"there is no template {name!r}", remedy=f"the templates: {known}")
