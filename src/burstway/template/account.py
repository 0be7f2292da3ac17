"""Accounts for everything that a cluster says: acted on, left out with a reason, or warned of.

An attribute that is kept with the cluster and says what is so anyway, as Interruptible = false does, is as
good as acted on.
"""

from collections.abc import Iterable

from burstway.template.expand import configuration_key
from burstway.template.known import Part, Setting
from burstway.template.left_out import LeftOuts
from burstway.template.problems import Problems, suggestion
from burstway.template.sections import known_sections, places
from burstway.template.source import Place
from burstway.template.syntax import Section
from burstway.template.vocabulary import (
    CLUSTER,
    CONFIGURATION,
    IN_PARAMETERS,
    INSIDE,
    NODE,
    NOT_KEPT,
    NOT_STARTED,
    PARAMETER,
    Words,
    programs_configuration,
)

_NO_CHANGE = ("", "0", "-1", "false")


class Account:
    def __init__(self, left_outs: LeftOuts, problems: Problems) -> None:
        self._left_outs = left_outs
        self._problems = problems

    def cluster(self, cluster: Part) -> None:
        """The cluster with its nodes, without its parameters."""
        self._settings(cluster, CLUSTER)
        for node in cluster.parts:
            if node.kind not in ("node", "nodearray") or not node.name:
                continue
            self._settings(node, NODE)
            for inner in node.parts:
                if inner.kind == "configuration":
                    self._configuration(inner)
                elif inner.kind in INSIDE:
                    self._inside(inner)

    def parameters(self, sections: Iterable[Section]) -> None:
        """Sections of parameters, with all inside them; other sections besides them are passed over."""
        for section in sections:
            if section.kind == "parameters":
                self._attributes(section, IN_PARAMETERS)
                self.parameters(known_sections(section))
            elif section.kind == "parameter":
                self._attributes(section, PARAMETER)
                self._structures(section)
                self.parameters(known_sections(section))

    def outside(self, sections: Iterable[Section]) -> None:
        """Environments and noderefs, each as a whole."""
        for section in sections:
            if section.kind in ("environment", "noderef"):
                for place in places(section):
                    self._left_outs.add(str(section), place, NOT_STARTED)

    def _settings(self, part: Part, words: Words) -> None:
        for setting in part.settings.values():
            reason = words.reason(setting.key)
            if reason is None:
                self._check_known(setting.key, setting.place, str(part), words)
            elif not words.keeps(setting.key) or not _changes_nothing(setting):
                self._left_outs.add(setting.key, setting.place, NOT_KEPT if setting.value.secret else reason)

    def _attributes(self, section: Section, words: Words) -> None:
        for attribute in section.attributes.values():
            reason = words.reason(attribute.key)
            if reason is None:
                self._check_known(attribute.key, attribute.place, str(section), words)
            else:
                self._left_outs.add(attribute.key, attribute.place, reason)

    def _structures(self, section: Section) -> None:
        """[[[list Config.Entries]]] and the like: the default and the entries are described, others are the
        form's."""
        for inner in section.sections:
            if inner.kind not in ("list", "record"):
                continue
            reason = PARAMETER.reason(inner.name)
            if reason is None:
                self._check_known(inner.name, inner.place, str(section), PARAMETER)
                continue
            for place in places(inner):
                self._left_outs.add(str(inner), place, reason)

    def _configuration(self, part: Part) -> None:
        for setting in part.settings.values():
            key = configuration_key(part, setting)
            if CONFIGURATION.knows(key) and CONFIGURATION.reason(key) is None:
                continue
            similar = _meant(key)
            if similar:
                self._problems.warn(setting.place, f"nothing acts on {key}", similar)
            else:
                reason = NOT_KEPT if setting.value.secret else programs_configuration(key)
                self._left_outs.add(key, setting.place, reason)

    def _inside(self, part: Part) -> None:
        words, reason = INSIDE[part.kind]
        for place in part.lines():
            self._left_outs.add(str(part), place, reason)
        for setting in part.settings.values():
            self._check_known(setting.key, setting.place, str(part), words)

    def _check_known(self, key: str, place: Place, where: str, words: Words) -> None:
        if not words.knows(key):
            what = f"{where} has no attribute {key}"
            self._problems.warn_unknown(place, what, key, words.names, "it is passed over")


def _meant(key: str) -> str:
    """What the key of a configuration was to be, if it is probably a slip: one like those that are acted on,
    or one of a program that is nearly called Slurm. A name with Slurm's in it is another program's."""
    first, dot, rest = key.partition(".")
    if first.lower() == "slurm":
        return suggestion(key, CONFIGURATION.acted_on, cutoff=0.9)
    if not dot or "slurm" in first.lower() or CONFIGURATION.knows(key):
        return ""
    return f"did you mean slurm.{rest}?" if suggestion(first, ("slurm",)) else ""


def _changes_nothing(setting: Setting) -> bool:
    return setting.value.undefined or setting.value.written.lower() in _NO_CHANGE
