"""Which sections and attributes there are, and which of them Burstway acts on.

A name is one of four: Burstway acts on it; it changes nothing here, with the reason; CycleCloud has it and
Burstway does not act on it yet, which is an error, for a cluster that lacks what its template says is worse
than none; or nobody has it, which is a slip of the pen and gets a suggestion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from burstway.template.problems import Problems
from burstway.template.syntax import Attribute, Section


@dataclass(frozen=True)
class Words:
    """The attributes of one kind of section. `harmless` has the reasons. A name with a dot at its end stands
    for all that begin so."""

    acted_on: tuple[str, ...] = ()
    harmless: Mapping[str, str] = field(default_factory=dict)
    later: tuple[str, ...] = ()

    def check(self, attribute: Attribute, where: str, problems: Problems) -> None:
        key = attribute.key.lower()
        if _among(key, self._accepted):
            return
        if _among(key, self._later):
            problems.add(attribute.place, f"{attribute.key} is not supported yet", "leave it out")
            return
        known = [name for name in (*self.acted_on, *self.harmless, *self.later) if not name.endswith(".")]
        what = f"{where} has no attribute {attribute.key}"
        problems.add_unknown(attribute.place, what, attribute.key, known, _listed(self.acted_on))

    @cached_property
    def _accepted(self) -> frozenset[str]:
        return frozenset(name.lower() for name in (*self.acted_on, *self.harmless))

    @cached_property
    def _later(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.later)


_FORM = "the form in CycleCloud's web page"

CLUSTER = Words(
    acted_on=("Autoscale",),
    harmless={
        "FormLayout": _FORM,
        "Category": "where CycleCloud's list of clusters shows it",
        "IconUrl": "the picture in CycleCloud's list of clusters",
        "Label": "a text for people",
        "Description": "a text for people",
        "Priority": "the order in CycleCloud's list of clusters",
    },
    later=(
        *("Abstract", "Credentials", "Extends", "MaxCoreCount", "MaxCount", "ParentName", "Region"),
        *("Tags", "Tags."),
    ),
)

NODE = Words(
    acted_on=("MachineType", "ImageName", "SubnetId", "MaxCoreCount", "MaxCount", "Extends", "Abstract"),
    harmless={
        "Label": "a text for people",
        "Description": "a text for people",
        "Priority": "which array is filled first where jobs name no partition; in Slurm they do",
    },
    later=(
        *("AdditionalClusterInitSpecs", "AssociatePublicIpAddress", "Autoscale", "AWS.", "Azure", "Azure."),
        *("BidPrice", "BootDiskSize", "CloudInit", "ComputerName", "ComputerNamePrefix", "CoreCount"),
        *("Count", "Credentials", "Disabled", "DiskEncryptionSetId", "EnableAcceleratedNetworking"),
        *("EnableNodeHealthChecks", "EnableSecureBoot", "EnableTerminateNotification", "EnableVtpm"),
        *(
            "EncryptionAtHost",
            "EphemeralDisk",
            "FlexScaleSetId",
            "HybridBenefit",
            "Image",
            "ImageId",
            "ImageVersion",
        ),
        *("InitialCoreCount", "InitialCount", "InstallJetpack", "Interruptible", "IsReturnProxy"),
        *("JetpackPlatform", "KeepAlive", "KeyPairLocation", "Locker", "MaxPrice", "MinCoreCount"),
        *("MinCount", "Name", "NetworkSecurityGroupId", "NodeNameIsHostname", "NodeNamePrefix", "Password"),
        *("PlacementGroupId", "ProximityPlacementGroupId", "PublicKey", "Region", "ReturnPath."),
        *("ReturnProxyAddress", "SecurityGroup", "SecurityType", "ShutdownPolicy", "StageResources"),
        *("StorageAccountType", "Tags", "Tags.", "TargetCount", "TerminateNotificationTimeout"),
        *("ThrottleCapacity", "ThrottleCapacityTime", "UsePublicNetwork", "UserData", "Username", "Zone"),
    ),
)

CONFIGURATION = ("slurm.autoscale", "slurm.partition", "slurm.default_partition")

_FORM_ONLY = {
    "Order": _FORM,
    "Name": _FORM,
    "Hidden": _FORM,
    "HideLabel": _FORM,
    "Conditions.Hidden": _FORM,
    "Conditions.Excluded": _FORM,
    "Config.": "what the form offers; a value is checked where it is used, wherever it comes from",
    "Widget.": _FORM,
}

PARAMETERS = Words(harmless={"Label": _FORM, "Description": _FORM, **_FORM_ONLY})

PARAMETER = Words(
    acted_on=("Label", "Description", "ParameterType", "DefaultValue", "Required"),
    harmless=_FORM_ONLY,
    later=("Disabled", "Conditions.Required", "Conditions.Disabled"),
)

IN_FILE = (("cluster", "parameters", "parameter"), ("environment", "noderef"))
IN_CLUSTER = (("node", "nodearray", "parameters", "parameter"), ("environment", "noderef"))
IN_NODE = (("configuration",), ("volume", "network-interface", "cluster-init", "input-endpoint"))
IN_PARAMETERS = (("parameters", "parameter"), ())
IN_PARAMETER = ((), ("list", "record"))
"""Kinds of sections that may stand in one of another kind: those acted on, those that are not yet."""

Kinds = tuple[tuple[str, ...], tuple[str, ...]]

_NAMED = ("cluster", "node", "nodearray", "parameter")


def check_sections(section: Section, kinds: Kinds, problems: Problems) -> list[Section]:
    """The sections in `section` that are acted on; what is wrong with the others goes to `problems`."""
    acted_on, later = kinds
    good = []
    for inner in section.sections:
        where = str(section) if section.rank else "the file"
        if inner.kind in later:
            problems.add(inner.place, f"a section {inner} is not supported yet", "leave it out")
        elif inner.kind not in acted_on:
            what = f"{where} has no sections of the kind {inner.kind[:60]!r}"
            problems.add_unknown(inner.place, what, inner.kind, (*acted_on, *later), _listed(acted_on))
        elif inner.kind in _NAMED and not inner.name:
            problems.add(inner.place, f"the section {inner} needs a name")
        else:
            good.append(inner)
    return good


def check_attributes(section: Section, words: Words, problems: Problems) -> None:
    for attribute in section.attributes.values():
        words.check(attribute, str(section), problems)


def check_cluster(cluster: Section, problems: Problems) -> None:
    """Everything in the cluster except its parameters."""
    check_attributes(cluster, CLUSTER, problems)
    for node in check_sections(cluster, IN_CLUSTER, problems):
        if node.kind in ("node", "nodearray"):
            check_attributes(node, NODE, problems)
            for configuration in check_sections(node, IN_NODE, problems):
                _check_configuration(configuration, problems)


def _check_configuration(section: Section, problems: Problems) -> None:
    """Configuration is open to any key, so one that is unknown is not yet acted on rather than wrong."""
    check_sections(section, ((), ()), problems)
    for attribute in section.attributes.values():
        key = configuration_key(section, attribute)
        if key not in CONFIGURATION:
            known = CONFIGURATION
            problems.add_unknown(attribute.place, f"{key} is not supported yet", key, known, _listed(known))


def configuration_key(section: Section, attribute: Attribute) -> str:
    """`[[[configuration a.b]]]` with c = 1 is `a.b.c = 1`. In lower case."""
    return ".".join(part for part in (section.name, attribute.key) if part).lower()


def _among(key: str, names: frozenset[str]) -> bool:
    """Whether the key is one of the names, or begins with one that ends in a dot; all in lower case."""
    first, dot, _ = key.partition(".")
    return key in names or (dot != "" and first + dot in names)


def _listed(names: tuple[str, ...]) -> str:
    return f"there are {', '.join(names)}" if names else "leave it out"
