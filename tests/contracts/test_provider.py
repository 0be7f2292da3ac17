"""The Provider seam: one suite, on the fake and on the lab; and below it what makes the lab's machines real.

Every test rents machines under keys of its own, and the cloud is emptied after it.
"""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from burstway.clock import ManualClock
from burstway.contracts import CloudError, FailureKind, Instance, LaunchResult, NetworkPlan, Order, Provider
from burstway.flows.nftables import render_nftables
from burstway.flows.rules import Rule, Tag
from burstway.flows.table import Ports
from burstway.flows.table import Protocol as Transport
from burstway.lab.cloud import LabCloud, start_cloud
from burstway.lab.enter import run_in
from burstway.lab.remains import processes_of, remove
from burstway.providers.fake import FakeCloud
from burstway.providers.lab.layout import Layout, layout
from burstway.providers.lab.provider import LabProvider

PATIENCE_S = 20.0
ON_LAB = (pytest.mark.lab, pytest.mark.xdist_group("lab-cloud"))
_numbers = count(1)


class Rented(Protocol):
    """A cloud, and time."""

    provider: Provider
    offer: str

    def wait(self) -> None:
        """The cloud's listing lag is over."""


class RentedFake:
    def __init__(self) -> None:
        self._clock = ManualClock()
        self.provider: Provider = FakeCloud(self._clock, listing_lag_s=30)
        self.offer = "fake.c1"

    def wait(self) -> None:
        self._clock.advance(self.provider.listing_lag_s)


class RentedLab:
    def __init__(self, provider: LabProvider) -> None:
        self.provider: Provider = provider
        self.offer = "lab.c1"

    def wait(self) -> None:
        time.sleep(self.provider.listing_lag_s)


@pytest.fixture(params=["fake", pytest.param("lab", marks=ON_LAB)])
def rented(request: pytest.FixtureRequest) -> Iterator[Rented]:
    if request.param == "fake":
        yield RentedFake()
        return
    with emptied(request.getfixturevalue("lab_cloud")) as provider:
        yield RentedLab(provider)


@contextmanager
def emptied(place: Layout) -> Iterator[LabProvider]:
    """The lab's cloud, which is empty and closed again afterwards."""
    provider = LabProvider(place.socket)
    try:
        yield provider
    finally:
        rented = [instance.id for instance in provider.instances()]
        with LabCloud(place) as cloud:  # test_terminating_at_once is about those that have not begun to boot
            until(lambda: all(machine["pid"] for machine in cloud.status()["machines"]))
        provider.terminate(rented)
        provider.prepare(NetworkPlan(place.cloud, ()))
        provider.close()


def order(offer: str, user_data: str = "") -> Order:
    number = next(_numbers)
    return Order(f"uni/hpc1-hpc-{number}/1", f"hpc1-hpc-{number}", offer, "image", "subnet", user_data)


def made(results: list[LaunchResult]) -> list[Instance]:
    assert [result.failure for result in results] == [None] * len(results)
    return [result.instance for result in results if result.instance]


# --- every cloud ------------------------------------------------------------------------------------------


def test_offers_are_there_and_priced(rented: Rented) -> None:
    """There is something to rent, each at a price in a currency, with where the price comes from."""
    offers = rented.provider.offers()
    assert rented.offer in {offer.name for offer in offers}
    assert len({offer.name for offer in offers}) == len(offers)
    for offer in offers:
        assert offer.cores > 0
        assert offer.memory_mib > 0
        assert offer.price_per_hour > 0
        assert offer.currency
        assert offer.source


def test_offers_by_name(rented: Rented) -> None:
    """What is listed is found by its name, once; a name that the cloud does not know is left out."""
    listed = rented.provider.offers()[0]
    assert list(rented.provider.offers([listed.name, "no-such-machine"])) == [listed]
    assert list(rented.provider.offers(["no-such-machine"])) == []


def test_an_order_is_a_machine(rented: Rented) -> None:
    """Key, node and offer come back on the instance, in the answer and in the list, with an address."""
    asked = order(rented.offer)
    [result] = rented.provider.launch([asked])
    [instance] = made([result])
    assert result.key == instance.key == asked.key
    assert (instance.node, instance.offer) == (asked.node, asked.offer)
    assert instance.id
    assert instance.address
    assert instance.created_at > 0
    rented.wait()
    assert rented.provider.instances() == [instance]


def test_the_same_order_twice_in_a_batch_is_one_machine(rented: Rented) -> None:
    """Each order is answered, with the same machine."""
    asked = order(rented.offer)
    first, second = made(rented.provider.launch([asked, asked]))
    assert first == second
    rented.wait()
    assert rented.provider.instances() == [first]


def test_the_same_order_in_two_calls_is_one_machine(rented: Rented) -> None:
    """Whether the machine is listed yet or not."""
    asked = order(rented.offer)
    instances = made(rented.provider.launch([asked]))
    instances += made(rented.provider.launch([asked, order(rented.offer)]))
    rented.wait()
    instances += made(rented.provider.launch([asked]))
    assert len({instance.id for instance in instances}) == 2
    assert instances[0] == instances[1] == instances[3]
    assert len(rented.provider.instances()) == 2


def test_two_lives_of_a_node_are_two_machines(rented: Rented) -> None:
    """It is the key that makes an order the same, not the node's name."""
    first = order(rented.offer)
    second = Order(first.key + "0", first.node, first.offer, first.image, first.subnet, "")
    one, other = made(rented.provider.launch([first, second]))
    assert one.id != other.id
    assert one.node == other.node


def test_an_unknown_machine_type_fails_its_own_order_only(rented: Rented) -> None:
    """The failure is typed and names the type; the other orders of the batch are carried out."""
    good, bad, also_good = order(rented.offer), order("no-such-machine"), order(rented.offer)
    results = {result.key: result for result in rented.provider.launch([good, bad, also_good])}
    assert set(results) == {good.key, bad.key, also_good.key}
    refused = results[bad.key]
    assert refused.instance is None
    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.INVALID
    assert "no-such-machine" in refused.failure.message
    assert len(made([results[good.key], results[also_good.key]])) == 2
    rented.wait()
    assert {instance.key for instance in rented.provider.instances()} == {good.key, also_good.key}


def test_a_batch_of_ten(rented: Rented) -> None:
    """Ten orders in one call are ten machines, each with an address of its own, answered in full."""
    asked = [order(rented.offer) for _ in range(10)]
    instances = made(rented.provider.launch(asked))
    assert [instance.key for instance in instances] == [each.key for each in asked]
    assert [instance.node for instance in instances] == [each.node for each in asked]
    assert len({instance.id for instance in instances}) == 10
    assert len({instance.address for instance in instances}) == 10
    rented.wait()
    assert sorted(rented.provider.instances(), key=str) == sorted(instances, key=str)
    rented.provider.terminate([instance.id for instance in instances])
    rented.wait()
    assert rented.provider.instances() == []


def test_an_empty_batch(rented: Rented) -> None:
    """Nothing asked, nothing done."""
    assert rented.provider.launch([]) == []
    rented.provider.terminate([])
    assert rented.provider.instances() == []


def test_terminating_the_absent_succeeds(rented: Rented) -> None:
    """A machine that never was, and one that is gone already."""
    [instance] = made(rented.provider.launch([order(rented.offer)]))
    rented.provider.terminate(["no-such-instance"])
    rented.wait()
    assert rented.provider.instances() == [instance]
    for _ in range(2):
        rented.provider.terminate([instance.id, "no-such-instance"])
    rented.wait()
    rented.provider.terminate([instance.id])
    assert rented.provider.instances() == []


def test_terminating_one_leaves_the_others(rented: Rented) -> None:
    """Only what is named is given back."""
    one, two, three = made(rented.provider.launch([order(rented.offer) for _ in range(3)]))
    rented.provider.terminate([two.id])
    rented.wait()
    assert sorted(rented.provider.instances(), key=str) == sorted([one, three], key=str)


def test_an_ended_order_is_not_carried_out_again(rented: Rented) -> None:
    """An order repeated after its machine was given back does not buy another."""
    asked = order(rented.offer)
    (machine,) = made(rented.provider.launch([asked]))
    rented.provider.terminate([machine.id])
    assert made(rented.provider.launch([asked])) == [machine]
    rented.wait()
    assert rented.provider.instances() == []


def test_terminating_at_once(rented: Rented) -> None:
    """A machine can be given back the moment it was ordered, before it has begun to boot."""
    for number in [1, 1, 1, 3, 1, 1]:
        instances = made(rented.provider.launch([order(rented.offer) for _ in range(number)]))
        rented.provider.terminate([instance.id for instance in instances])
    rented.wait()
    assert rented.provider.instances() == []


def test_preparing_twice(rented: Rented) -> None:
    """The same plan twice is one plan, and machines are rented after it as before."""
    inside = IPv4Network("10.80.0.0/16")
    rule = Rule("any", (IPv4Network("10.10.0.0/24"),), (inside,), Transport.TCP, Ports(40_000, 40_010))
    for _ in range(2):
        rented.provider.prepare(NetworkPlan(inside, (rule,)))
    made(rented.provider.launch([order(rented.offer)]))
    rented.provider.prepare(NetworkPlan(inside, ()))


def test_found_is_json_and_changes_nothing(rented: Rented) -> None:
    """Documents with names of their own, each JSON; asking again gives the same ones."""
    found = rented.provider.found()
    assert len({document.name for document in found}) == len(found)
    assert all(json.loads(document.text) for document in found)
    assert rented.provider.found() == found


def test_many_callers_at_a_time_buy_one_machine_a_key(rented: Rented) -> None:
    """A control plane that was killed may still be asking while the next one asks again."""
    if isinstance(rented.provider, FakeCloud):
        pytest.skip("the fake is for one caller at a time")
    asked = [order(rented.offer) for _ in range(3)]
    answers: list[LaunchResult] = []
    callers = [
        threading.Thread(target=lambda: answers.extend(rented.provider.launch(asked))) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len({instance.id for instance in made(answers)}) == 3
    assert len(answers) == 12


# --- the lab's machines -----------------------------------------------------------------------------------


class Site:
    """The lab as someone sees it who can enter its machines."""

    def __init__(self, place: Layout, cloud: LabCloud, provider: LabProvider) -> None:
        self.place = place
        self.cloud = cloud
        self.provider = provider

    def rent(self, number: int = 1, user_data: str = "") -> list[Instance]:
        """So many machines, booted."""
        orders = [order("lab.c1", user_data) for _ in range(number)]
        instances = made(self.provider.launch(orders))
        for instance in instances:
            until(lambda name=instance.node: (self.root(name) / "run/booted").exists())  # type: ignore[misc]
        return instances

    def observer(self) -> str:
        """A machine of the site, made once; its address."""
        address = str(self.place.site[20])
        if self.cloud.find("observer") is None:
            self.cloud.machine("observer", "site", "head", address, {})
        return address

    def root(self, machine: str) -> Path:
        """The machine's root file system as this host reaches it; nothing is there before it has one."""
        found = self.cloud.find(machine)
        assert found is not None
        return Path(str(found["root"])) if found["pid"] else Path("/nonexistent")

    def run(self, machine: str, *command: str) -> str:
        done = run_in(self.cloud, machine, command)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def listening(self, machine: str, *ports: int) -> Iterator[None]:
        """Something in the machine answers on these ports with the address that it was asked from."""
        names = {port: f"listen-{machine}-{port}" for port in ports}
        for port, name in names.items():
            self.cloud.start(name, machine, ["/usr/bin/python3", "-c", LISTEN, str(port)])
        try:
            for port in ports:
                until(lambda port=port: self.reaches(machine, "127.0.0.1", port))  # type: ignore[misc]
            yield
        finally:
            for name in names.values():
                self.cloud.stop(name)

    def reaches(self, machine: str, address: str, port: int) -> str:
        """What answers on a TCP connection from the machine; empty when none comes about."""
        done = run_in(self.cloud, machine, ["/usr/bin/python3", "-c", CONNECT, address, str(port)])
        return done.stdout.strip()


LISTEN = """\
import socket, sys
with socket.create_server(("", int(sys.argv[1]))) as door:
    while True:
        connection, peer = door.accept()
        with connection:
            connection.sendall(peer[0].encode())
"""

CONNECT = """\
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1) as connection:
    connection.settimeout(1)
    print(connection.recv(99).decode())
"""


def until(done: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def site(lab_cloud: Layout) -> Iterator[Site]:
    """The lab with a site that has no firewall: what these tests are about is the cloud's own filter."""
    with emptied(lab_cloud) as provider, LabCloud(lab_cloud) as cloud:
        cloud.load("firewall", "", "nothing")
        yield Site(lab_cloud, cloud, provider)


def on_lab(test: Callable[..., None]) -> Callable[..., None]:
    for mark in ON_LAB:
        test = mark(test)
    return test


@on_lab
def test_a_machine_has_its_own_name_and_address(site: Site) -> None:
    """Its host name is the node's, its address the cloud's word, and it sees no other links or processes."""
    one, two = site.rent(2)
    for instance in (one, two):
        assert site.run(instance.node, "hostname") == instance.node
        links = site.run(instance.node, "ip", "-brief", "-4", "address").splitlines()
        assert sorted(line.split()[0].partition("@")[0] for line in links) == ["eth0", "lo"]
        assert any(f" {instance.address}/" in line for line in links)
        pids = [name for name in site.run(instance.node, "ls", "/proc").split() if name.isdecimal()]
        assert len(pids) < 20
        assert "tini" in site.run(instance.node, "cat", "/proc/1/comm")
    assert one.address != two.address
    assert IPv4Network(one.address).subnet_of(site.place.subnet)
    assert socket.gethostname() not in (one.node, two.node)


@on_lab
@pytest.mark.parametrize("folder", ["/", "/etc", "/usr/lib", "/var/lib", "/root", "/tmp"])
def test_a_machine_has_its_own_disk(site: Site, folder: str) -> None:
    """What one machine writes is neither on this host nor on another machine, and ends with it."""
    one, two = site.rent(2)
    name = f"{folder.rstrip('/')}/burstway-contract-{os.getpid()}"
    site.run(one.node, "sh", "-c", f"echo mine >{name}")
    assert site.run(one.node, "cat", name) == "mine"
    assert not Path(name).exists()
    assert run_in(site.cloud, two.node, ["test", "-e", name]).returncode == 1
    site.provider.terminate([one.id])
    [again] = made(site.provider.launch([order("lab.c1")]))
    until(lambda: (site.root(again.node) / "run/booted").exists())
    assert run_in(site.cloud, again.node, ["test", "-e", name]).returncode == 1


@on_lab
def test_a_machine_does_not_hold_this_hosts_secrets(site: Site) -> None:
    """Home directories, the munge key, SSH host keys, this project and the lab's own folder are not there."""
    [instance] = site.rent()
    project = Path(__file__).resolve().parents[2]
    for folder in ("/root", "/home", "/etc/slurm", str(project), "/run/burstway-lab"):
        assert site.run(instance.node, "sh", "-c", f"find {folder} -not -type d 2>/dev/null || true") == ""
    for name in ("/etc/munge/munge.key", "/etc/resolv.conf", str(Path(__file__).resolve())):
        assert run_in(site.cloud, instance.node, ["test", "-e", name]).returncode == 1
    assert site.run(instance.node, "sh", "-c", "ls /etc/ssh | grep ssh_host_ || true") == ""


@on_lab
def test_the_user_data_is_run(site: Site) -> None:
    """Once, as root, on the machine, and nobody else there can read it."""
    script = '#!/bin/sh\necho "$(id -u) $(hostname)" >>/var/said\n'
    [instance] = site.rent(user_data=script)
    until(lambda: (site.root(instance.node) / "var/said").exists())
    time.sleep(0.3)
    assert site.run(instance.node, "cat", "/var/said") == f"0 {instance.node}"
    assert site.run(instance.node, "stat", "-c", "%a %u", "/var/lib/cloud/user-data") == "600 0"


@on_lab
def test_without_a_plan_nothing_crosses_the_border(site: Site) -> None:
    """Not from the node, and not to the node."""
    address = site.observer()
    [one] = site.rent()
    site.provider.prepare(NetworkPlan(site.place.cloud, ()))
    with site.listening("observer", 40_001), site.listening(one.node, 40_002):
        assert site.reaches(one.node, address, 40_001) == ""
        assert site.reaches("observer", one.address, 40_002) == ""


@on_lab
def test_machines_of_one_subnet_meet_as_the_plan_says(site: Site) -> None:
    """The filter is around each machine: without a plan two machines of a subnet do not meet, with one they
    meet with their own addresses, on what it names and in that direction."""
    one, two = site.rent(2)
    here, there = (IPv4Network(one.address),), (IPv4Network(two.address),)
    rule = Rule("inside", here, there, Transport.TCP, Ports(40_002, 40_002))
    with site.listening(one.node, 40_002), site.listening(two.node, 40_002, 40_003):
        assert site.reaches(one.node, two.address, 40_002) == ""
        site.provider.prepare(NetworkPlan(site.place.cloud, (rule,)))
        assert site.reaches(one.node, two.address, 40_002) == one.address
        assert site.reaches(one.node, two.address, 40_003) == ""
        assert site.reaches(two.node, one.address, 40_002) == ""


@on_lab
def test_the_firewall_drops_what_the_border_lets_through(site: Site) -> None:
    """The site's router has a filter of its own: what the cloud's border lets through it may still drop."""
    address = site.observer()
    [one] = site.rent()
    there = (IPv4Network(address),)
    rule = Rule("test", (site.place.subnet,), there, Transport.TCP, Ports(40_001, 40_001))
    site.provider.prepare(NetworkPlan(site.place.cloud, (rule,)))
    with site.listening("observer", 40_001):
        site.cloud.load("firewall", render_nftables(()), "closed")
        assert site.reaches(one.node, address, 40_001) == ""
        site.cloud.reset("firewall")
        assert site.reaches(one.node, address, 40_001) == one.address


@on_lab
def test_found_is_the_border_as_it_is(site: Site) -> None:
    """The ruleset as nft prints it in JSON: the plan's rules, and what someone else put in their place."""
    rules = tuple(
        Rule(name, (site.place.subnet,), (place,), protocol, ports)
        for name, place, protocol, ports in (
            ("first", site.place.site, Transport.UDP, Ports(40_001, 40_009)),
            ("second", site.place.site, Transport.ESP, None),
            ("third", Tag("Storage"), Transport.TCP, Ports(40_001, 40_001)),
        )
    )
    site.provider.prepare(NetworkPlan(site.place.cloud, rules))
    [document] = site.provider.found()
    assert document.name == "border.json"
    shown = json.loads(document.text)["nftables"]
    comments = [entry["rule"].get("comment") for entry in shown if "rule" in entry]
    assert "first" in comments
    assert "second" in comments
    assert "third" not in comments  # a service tag names no place of the lab's
    site.cloud.load("border", "table inet other { }", "other")
    tables = [entry["table"]["name"] for entry in json.loads(site.provider.found()[0].text)["nftables"][1:]]
    assert tables == ["other"]


@on_lab
def test_only_what_the_plan_names_crosses_the_border(site: Site) -> None:
    """One rule, one direction, one port: that passes with its real addresses, all else is dropped. A new plan
    takes the place of the old one."""
    address = site.observer()
    [one] = site.rent()
    there = (IPv4Network(address),)
    rule = Rule("test", (site.place.subnet,), there, Transport.TCP, Ports(40_001, 40_001))
    back = Rule("back", there, (site.place.subnet,), Transport.TCP, Ports(40_003, 40_003))
    with site.listening("observer", 40_001, 40_002), site.listening(one.node, 40_001, 40_003):
        for _ in range(2):
            site.provider.prepare(NetworkPlan(site.place.cloud, (rule,)))
            assert site.reaches(one.node, address, 40_001) == one.address
            assert site.reaches(one.node, address, 40_002) == ""
            assert site.reaches("observer", one.address, 40_001) == ""
        site.provider.prepare(NetworkPlan(site.place.cloud, (back,)))
        assert site.reaches(one.node, address, 40_001) == ""
        assert site.reaches("observer", one.address, 40_001) == ""
        assert site.reaches("observer", one.address, 40_003) == address


@on_lab
def test_a_machine_cannot_reach_this_host(site: Site) -> None:
    """Nothing that listens on this host, on any of its addresses, answers a machine."""
    [instance] = site.rent()
    with socket.create_server(("", 0)) as door:
        port = door.getsockname()[1]
        own = {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in {*own, "127.0.0.1", "10.80.0.1", "172.30.0.1", "172.30.0.2"}:
            assert site.reaches(instance.node, address, port) == ""


@on_lab
def test_a_machine_whose_process_1_is_killed_is_gone(site: Site) -> None:
    """It disappears from the list with all it ran; the others stay, and its name can be rented again."""
    one, two = site.rent(2)
    found = site.cloud.find(one.node)
    assert found is not None
    os.kill(found["pid"], signal.SIGKILL)
    until(lambda: site.provider.instances() == [two], site.provider.listing_lag_s + 1)
    assert not (site.place.machines / one.id).exists()
    again = Order(one.key + "0", one.node, one.offer, "image", "subnet", "")
    [instance] = made(site.provider.launch([again]))
    assert instance.id != one.id


@on_lab
def test_the_labs_own_machines_are_not_rented(site: Site) -> None:
    """The site's machines are neither listed nor given back by the provider."""
    site.observer()
    found = site.cloud.find("observer")
    assert found is not None
    assert site.provider.instances() == []
    site.provider.terminate([found["id"]])
    assert site.cloud.find("observer") == found


def test_a_lab_that_is_not_there_is_a_passing_failure(tmp_path: Path) -> None:
    """The provider says that the cloud does not answer: ask again, nothing is known."""
    provider = LabProvider(tmp_path / "no.sock")
    try:
        with pytest.raises(CloudError, match="does not answer") as raised:
            provider.instances()
    finally:
        provider.close()
    assert raised.value.failure.kind is FailureKind.TRANSIENT


@on_lab
def test_nothing_remains_of_a_lab(worker_id: str) -> None:
    """After its removal there is no process, mount, link or file of it; until then its border, to which no
    plan ever came, let nothing through."""
    place = layout(f"contract-own-{worker_id}-{os.getpid()}")
    links = {link.name for link in Path("/sys/class/net").iterdir()}
    try:
        start_cloud(place, [])
        provider = LabProvider(place.socket)
        with LabCloud(place) as cloud:
            own = Site(place, cloud, provider)
            address = own.observer()
            instances = own.rent(3)
            with own.listening("observer", 40_001):
                assert own.reaches(instances[0].node, address, 40_001) == ""
            daemon = cloud.status()["pid"]
            inside = [*processes_of(place), daemon]
        provider.close()
        assert len(inside) > 4
    finally:
        assert remove(place, print)
    assert not place.folder.exists()
    assert list(processes_of(place)) == []
    assert str(place.folder) not in Path("/proc/self/mounts").read_text(encoding="utf-8")
    assert {link.name for link in Path("/sys/class/net").iterdir()} == links
    until(lambda: not any(_runs(pid) for pid in inside), 5)
    assert not remove(place, print)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
