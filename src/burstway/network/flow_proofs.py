"""All flows of a site proved in its network: which get through, and of the others the gaps."""

from collections.abc import Iterable
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
        """The certain ones first."""
        gaps = [gap for proof in self.proofs for gap in proof.gaps]
        return sorted(gaps, key=lambda gap: not gap.certain)

    @property
    def passes(self) -> bool | None:
        verdicts = [proof.passes for proof in self.proofs]
        if not verdicts or (None in verdicts and False not in verdicts):
            return None
        return all(verdicts)


def prove_rules(prover: Prover, rules: Iterable[Rule]) -> list[FlowProof]:
    return [_prove(prover, rule) for rule in rules]


def _prove(prover: Prover, rule: Rule) -> FlowProof:
    if unknown := unknown_tags(prover.network, (*rule.sources, *rule.targets)):
        why = f"the ranges of {unknown[0]} are not known: give the cloud's list of service tags"
        return FlowProof(rule, (), why)
    proofs = list(prover.prove(packets_of(rule, prover.network)))
    return FlowProof(rule, tuple(sorted(proofs, key=lambda proof: not proof.gaps)))


def packets_of(rule: Rule, network: Network) -> Packets:
    """All packets that the rule asks for. Those of a tag that is not known are none."""
    sources, targets = space_of_places(network, rule.sources), space_of_places(network, rule.targets)
    return Packets(str(rule.protocol), sources, targets, ports_space(rule.ports))


def ports_space(ports: Ports | None) -> Intervals:
    return ((ports.first, ports.last),) if ports else ALL_PORTS


def unknown_tags(network: Network, places: Iterable[Place]) -> list[Tag]:
    return [place for place in places if isinstance(place, Tag) and not _tagged(network, place)]


def space_of_places(network: Network, places: Iterable[Place]) -> Intervals:
    """All their addresses; a list of ten thousand ranges is merged once."""
    places = tuple(places)
    ranges = of_networks(place for place in places if not isinstance(place, Tag))
    tagged = [pair for place in places if isinstance(place, Tag) for pair in _tagged(network, place)]
    return merged((*ranges, *tagged)) if tagged else ranges


def _tagged(network: Network, tag: Tag) -> Intervals:
    if tag.name.lower() == "internet":
        return PUBLIC
    if tag.name == "*":
        return ALL_ADDRESSES
    return of_networks(network.tags.get(tag.name.lower(), ()))
