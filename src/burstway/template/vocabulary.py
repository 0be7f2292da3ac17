"""Which attributes and configuration there are, and what Burstway does about each.

A name is one of four: Burstway acts on it; it is kept with the cluster and nothing acts on it yet; it changes
nothing here; or nobody has it, which is probably a slip of the pen. The second and the third have a reason,
which people are told. Names are compared whatever their case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

_FORM = "the form in CycleCloud's web page"
_PEOPLE = "a text for people"
_START = "Burstway starts nodes when Slurm asks for them, and no others"
_USERS = "Burstway sets up no users, passwords or keys on its nodes"
_CLOUD_LOGIN = "the cloud's credentials stand in Burstway's own settings"
_MACHINE = "a property of the machine that Burstway does not order yet"
_PLACEMENT = "Burstway does not choose yet where in the cloud a machine stands"
_NAMES = "a node is called CLUSTER-ARRAY-NUMBER here, in the cloud as in Slurm"
_AGENT = "Burstway's own agent sets a node up, not CycleCloud's"
_USER_DATA = "the user data of a machine is Burstway's own"
_PROXY = "Burstway's nodes reach the control plane by the site's network, without a return proxy"
_INIT = "cluster-init does not run yet"
_OUTBOUND = "whether nodes reach the internet is the network's affair: burstway network"
_DISKS = "disks are not made yet besides the image's own"
_SPOT = "interruptible machines are not ordered yet: all are on demand"
_PUBLIC = "machines have no public address yet"
_LIST = "where CycleCloud's list of clusters shows it"
_OTHER_CLOUD = "a property of another cloud's machines"
_PRICE = "machines are ordered on demand, without a limit to their price"
_CHEF = "Burstway runs no recipes of Chef"
_SLURM = "the site's own Slurm has its own settings"
_OTHER_SCHEDULER = "configuration of another scheduler: the site's is Slurm"
_JETPACK = "configuration of CycleCloud's agent and of its file systems"
_PROGRAMS = "configuration for programs on the node, which it is not handed to yet"
FORM_REASONS = (_FORM, _PEOPLE, _LIST)
"""Those of what only arranges CycleCloud's web page, which a real template has hundreds of lines of."""

NO_SINGLE_NODES = "the site keeps its own head node; Burstway starts no single nodes yet"
ONE_MACHINE = "a single node is one machine"
NOT_KEPT = "a password is in it, so it is not kept with the cluster"
NOT_STARTED = "Burstway does not start it, so what refers to it has no value"


@dataclass(frozen=True)
class Words:
    """The attributes of one kind of section, with their reasons. A name with a dot at its end stands for all
    that begin so."""

    acted_on: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def knows(self, key: str) -> bool:
        return _found(key, self._acted_on) is not None or self.reason(key) is not None

    def reason(self, key: str) -> str | None:
        """Why nothing acts on the attribute; None when something does, or when nobody has it."""
        if _found(key, self._acted_on) is not None:
            return None
        return _found(key, self._reasons)

    def keeps(self, key: str) -> bool:
        """Whether the attribute is kept with the cluster without being acted on."""
        return _found(key, self._kept) is not None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Those to suggest."""
        every = (*self.acted_on, *self.kept, *self.left_out)
        return tuple(name for name in every if not name.endswith("."))

    @cached_property
    def _acted_on(self) -> Mapping[str, str]:
        return {name.lower(): "" for name in self.acted_on}

    @cached_property
    def _kept(self) -> Mapping[str, str]:
        return _lower(self.kept)

    @cached_property
    def _reasons(self) -> Mapping[str, str]:
        return _lower({**self.left_out, **self.kept})


def _lower(reasons: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): reason for name, reason in reasons.items()}


def _found(key: str, names: Mapping[str, str]) -> str | None:
    """What stands for the key, or for what it begins with up to a dot."""
    key = key.lower()
    if key in names:
        return names[key]
    first, dot, _ = key.partition(".")
    return names.get(first + dot) if dot else None


def _all(names: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


CLUSTER = Words(
    left_out={
        "Autoscale": "Burstway starts nodes when Slurm asks for them, whatever Autoscale says",
        **_all("FormLayout", _FORM),
        **_all("Category CategoryOrder Priority IconUrl Icon", _LIST),
        **_all("Label Description Title", _PEOPLE),
        **_all("Abstract Extends ParentName", "clusters inherit nothing from each other here"),
        **_all("MaxCount MaxCoreCount", "limits are those of the node arrays"),
        **_all("Credentials", _CLOUD_LOGIN),
        **_all("Region SubnetId Tags Tags.", "what all nodes have belongs into [[node defaults]]"),
        **_all("IsTemplate Favorite Owner OwnedBy", _LIST),
        **_all("KeepAlive AutoStart StartupTimeout", _START),
        **_all("UseLowPrio", _SPOT),
        **_all("Azure. AWS. Gcp.", _MACHINE),
    }
)

NODE = Words(
    acted_on=(
        *("MachineType", "ImageName", "ImageId", "SubnetId", "MaxCount", "MaxCoreCount"),
        *("Azure.Publisher", "Azure.Offer", "Azure.Sku", "Azure.ImageVersion"),
        *("Extends", "Abstract", "Disabled"),
    ),
    kept={
        **_all("Region Zone", _PLACEMENT),
        **_all("InitialCount InitialCoreCount", _START),
        "Interruptible": _SPOT,
        "MaxPrice": _PRICE,
        "IsReturnProxy": _PROXY,
        "AssociatePublicIpAddress": _PUBLIC,
        **_all("Tags Tags.", "machines have Burstway's own tags only"),
    },
    left_out={
        **_all("Label Description Title Category", _PEOPLE),
        "Priority": "which array is filled first where jobs name no partition; in Slurm they do",
        **_all("Credentials", _CLOUD_LOGIN),
        **_all("KeyPairLocation KeyPair PublicKey Username Password AdminUsername", _USERS),
        **_all("Azure. AWS. Gcp. Azure Image ImageVersion EnableAcceleratedNetworking", _MACHINE),
        **_all("BootDiskSize BootDiskType StorageAccountType EphemeralDisk DiskEncryptionSetId", _DISKS),
        **_all(
            "EncryptionAtHost SecurityType EnableSecureBoot EnableVtpm HybridBenefit LicenseType", _MACHINE
        ),
        **_all("NetworkSecurityGroupId SecurityGroup SecurityGroups PrivateIp PrivateIpAddress", _MACHINE),
        **_all("EnableNodeHealthChecks EnableTerminateNotification TerminateNotificationTimeout", _MACHINE),
        **_all("EnableIpForwarding InstanceProfile Identities EbsOptimized Volumes", _MACHINE),
        **_all("PublicIp StaticPublicIpAddress PublicDnsLabel PublicHostname", _PUBLIC),
        **_all("PlacementGroupId ProximityPlacementGroupId FlexScaleSetId AvailabilityZone", _PLACEMENT),
        **_all("PlacementGroup PlacementGroups VirtualNetworkName ThrottleCapacity", _PLACEMENT),
        **_all("ThrottleCapacityTime CapacityReservationGroupId DedicatedHostGroupId", _PLACEMENT),
        **_all("ComputerName ComputerNamePrefix NodeNameIsHostname NodeNamePrefix Name Hostname", _NAMES),
        **_all("InstallJetpack JetpackPlatform JetpackVersion Locker StageResources", _AGENT),
        **_all("AwaitInstallation AwaitInstallationTimeout KeepAlive PhaseMap", _AGENT),
        **_all("CloudInit UserData CustomData", _USER_DATA),
        **_all("AdditionalClusterInitSpecs ClusterInitSpecs", _INIT),
        **_all("Autoscale AutoscaleEnabled Count TargetCount CoreCount TargetCoreCount", _START),
        **_all("MinCount MinCoreCount", _START),
        **_all("ShutdownPolicy", "a node that is given back is deleted, never kept deallocated"),
        **_all("BidPrice SpotPrice MinPrice", _PRICE),
        **_all("ReturnPath. ReturnProxyAddress", _PROXY),
        **_all("UsePublicNetwork", _OUTBOUND),
        **_all("ImageOS BatchAccount TerminationProtection Fixed", _MACHINE),
        **_all("EphemeralOSDisk", _DISKS),
        **_all("Preemptible", _SPOT),
        **_all("TagList", "machines have Burstway's own tags only"),
        **_all("JetpackOs DownloadJetpack", _AGENT),
        **_all("ClusterInit BlackboardLocker", _INIT),
        **_all("ChefRepoVersion CommonChefRepoVersion", _CHEF),
    },
)

_OF_A_DISK = {
    **_all("Name Order Label Optional", _PEOPLE),
    **_all("StorageAccountType SnapshotId VolumeId DeviceName Device Iops Type Encrypted Lun", _DISKS),
    **_all("DiskIOPSReadWrite DiskMBPSReadWrite DiskEncryptionSetId Ultra ConflictHandling", _DISKS),
    **_all("Azure. AWS. Gcp. Caching PerformanceTier ReadOnly MountPoint Count KeepOnTermination", _DISKS),
}

INSIDE: Mapping[str, tuple[Words, str]] = {
    "volume": (
        Words(kept=_all("Size SSD Persistent Mount Disabled", _DISKS), left_out=_OF_A_DISK),
        _DISKS,
    ),
    "network-interface": (
        Words(
            acted_on=("SubnetId",),
            kept=_all("AssociatePublicIpAddress Disabled", _PUBLIC),
            left_out={
                **_all("PrivateIp PrivateIpAddress NetworkSecurityGroupId NetworkSecurityGroup", _MACHINE),
                **_all(
                    "EnableIpForwarding EnableAcceleratedNetworking NetworkInterfaceId DeviceIndex", _MACHINE
                ),
                **_all("SecurityGroup SecurityGroups AttachToNetworkInterfaceId Description Order", _MACHINE),
                **_all("StaticPublicIpAddress PublicIp PublicIpAddress PublicDnsLabel ElasticIp", _PUBLIC),
                **_all("Azure. AWS. Gcp. ApplicationSecurityGroups LoadBalancer. AutoConfigure", _MACHINE),
            },
        ),
        "machines have one network interface, in their subnet and without a public address",
    ),
    "input-endpoint": (
        Words(
            kept=_all("PrivatePort PublicPort Protocol Disabled", _PUBLIC),
            left_out=_all("Public Name Description Order IdleTimeout LoadBalanced", _PUBLIC),
        ),
        f"{_PUBLIC}, and an endpoint is nothing without one",
    ),
    "cluster-init": (
        Words(
            kept=_all("Project Spec Version Disabled", _INIT),
            left_out=_all(
                "Optional Order Locker SourceLocker Name TargetDirectory Files run_list ClusterInit", _INIT
            ),
        ),
        _INIT,
    ),
}
"""Sections inside of nodes besides the configuration: kept with the cluster as a whole, each for one
reason."""

CONFIGURATION = Words(
    acted_on=(
        *("slurm.autoscale", "slurm.partition", "slurm.default_partition", "slurm.role"),
        "autoscale.enabled",
    ),
    left_out={
        **_all("slurm. munge. slurmdbd.", _SLURM),
        **_all(
            "pbspro. pbs. openpbs. pbsqueue. gridengine. sge. uge. ge. lsf. htcondor. condor.",
            _OTHER_SCHEDULER,
        ),
        **_all(
            "hpcpack. symphony. torque. moab. maui. univa. nomad. grid. autoscale. autoscaling.",
            _OTHER_SCHEDULER,
        ),
        **_all("cyclecloud. cshared. cuser. cluster. cganglia. ganglia. jetpack. cycle_server.", _JETPACK),
        **_all("run_list recipes roles", _CHEF),
    },
)

IN_PARAMETERS = Words(
    left_out={
        **_all("Label Description Title", _PEOPLE),
        **_all("Order Name Hidden HideLabel Disabled Required", _FORM),
        **_all("Conditions. Condition. Config. Widget.", _FORM),
    }
)

PARAMETER = Words(
    acted_on=(
        *("Label", "Description", "ParameterType", "DefaultValue", "Required", "Hidden", "Config.Entries"),
        *("Secret", "Conditions.Required", "Conditions.Excluded", "Conditions.Hidden"),
    ),
    left_out={
        **_all("Order Name HideLabel Disabled Title Help Category Optional Advanced", _FORM),
        **_all("Conditions. Config. Widget.", _FORM),
    },
)


def programs_configuration(key: str) -> str:
    """Why nothing acts on a key of the configuration, which is open to any key."""
    return CONFIGURATION.reason(key) or _PROGRAMS


def listed(names: Iterable[str]) -> str:
    return f"there are {', '.join(names)}"
