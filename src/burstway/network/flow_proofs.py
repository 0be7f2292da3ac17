"""All flows of a site proved in its network: which get through, and of the others the gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from burstway.flows.rules import Place, Rule, Tag
from burstway.flows.table import Ports
from burstway.network.model import Network
from burstway.network.prove import Gap, Proof, Prover
from burstway.network.space import ALL_ADDRESSES, ALL_PORTS, Intervals, Packets, merged, of_networks
from burstway.network.tags import PUBLIC


@dataclass(frozen=True, slots=True)
class FlowProof:
    """A flow in a network: `proofs` of all pairs of segments, those with gaps first. `unproved` says why
    there is none."""

    rule: Rule
    proofs: tuple[Proof, ...]
    unproved: str = ""

    @property
    def gaps(self) -> list[Gap]:
        return [gap for proof in self.proofs for gap in proof.gaps]

    @property
    def passes(self) -> bool | None:
        verdicts = [proof.passes for proof in self.proofs]
        if not verdicts or (None in verdicts and False not in verdicts):
            return None
        return all(verdicts)


def prove_rules(prover: Prover, rules: Iterable[Rule]) -> list[FlowProof]:
    return [_prove(prover, rule) for rule in rules]


def _prove(prover: Prover, rule: Rule) -> FlowProof:
    sources, targets = spaces(prover.network, rule.sources), spaces(prover.network, rule.targets)
    unknown = [tag for tag, space in (*sources, *targets) if not space]
    if unknown:
        why = f"the ranges of {unknown[0]} are not known: give the cloud's list of service tags"
        return FlowProof(rule, (), why)
    proofs = list(prover.prove(packets_of(rule, prover.network)))
    return FlowProof(rule, tuple(sorted(proofs, key=lambda proof: not proof.gaps)))


def packets_of(rule: Rule, network: Network) -> Packets:
    """All packets that the rule asks for. Those of a tag that is not known are none."""
    sources = merged(pair for _, space in spaces(network, rule.sources) for pair in space)
    targets = merged(pair for _, space in spaces(network, rule.targets) for pair in space)
    return Packets(str(rule.protocol), sources, targets, ports_space(rule.ports))


def ports_space(ports: Ports | None) -> Intervals:
    return ((ports.first, ports.last),) if ports else ALL_PORTS


def spaces(network: Network, places: Sequence[Place]) -> list[tuple[Place, Intervals]]:
    return [(place, _space(network, place)) for place in places]


def _space(network: Network, place: Place) -> Intervals:
    if not isinstance(place, Tag):
        return of_networks([place])
    if place.name.lower() == "internet":
        return PUBLIC
    if place.name == "*":
        return ALL_ADDRESSES
    return of_networks(network.tags.get(place.name.lower(), ()))
