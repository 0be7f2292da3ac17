"""A real control plane for tests: `burstway serve` as a process on loopback, with the cloud in memory."""

import itertools
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from burstway.identity.tokens import JoinTokens

BURSTWAY = Path(sys.executable).with_name("burstway")
WAIT_S = 15.0
CLUSTER = "c1"
NODES = 400

TEMPLATE = f"""\
[cluster any]
    [[nodearray hpc]]
    MachineType = fake.c1
    MaxCount = {NODES}
    ImageName = image
    SubnetId = subnet
"""

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For the UNIX socket, where it is not used: httpx would load all authorities of the system each time."""


class Plane:
    """One control plane with a folder, an address and a port of its own; it may be started again and again.

    `limits` are further lines of that section of its settings.
    """

    def __init__(self, folder: Path, limits: str = "") -> None:
        self.folder = folder
        self.state, self.spool = folder / "state", folder / "spool"
        self._short = tempfile.TemporaryDirectory(prefix="bw")  # a socket's path has 107 bytes at most
        self.socket = Path(self._short.name) / "s"
        self.address = f"127.{random.randint(1, 250)}.{random.randint(0, 250)}.{random.randint(1, 250)}"
        self.port = free_port(self.address)
        self.settings = folder / "burstway.toml"
        self.log = folder / "serve.log"
        self.settings.write_text(
            f'[site]\nname = "hq"\nhead = "head"\naddress = "{self.address}"\n'
            'network = "127.0.0.0/8"\nusers = []\n'
            f'[control_plane]\nstate = "{self.state}"\nsocket = "{self.socket}"\nspool = "{self.spool}"\n'
            f"port = {self.port}\n"
            '[cloud]\nprovider = "fake"\nnetwork = "10.80.0.0/16"\nsubnet = "10.80.1.0/24"\n'
            f"[limits]\npass_interval_s = 0.2\n{limits}\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    # --- the process ---

    def start(self) -> None:
        self.process = self.spawn()
        wait_until(self._answers, "the control plane answers")

    def spawn(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen([BURSTWAY, "serve", "--config", self.settings], stdout=log, stderr=log)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit code after this signal."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(WAIT_S)
        finally:
            self.process.kill()
            self.process = None

    def remove(self) -> None:
        if self.process is not None:
            self.end()
        self._short.cleanup()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            if probe.connect_ex(str(self.socket)):
                return False
        with self.local() as local:
            return local.get("/v1/status").is_success

    # --- doors ---

    def local(self) -> httpx.Client:
        """As root on the head node."""
        transport = httpx.HTTPTransport(uds=str(self.socket), verify=_NO_TLS)
        return httpx.Client(transport=transport, base_url="http://control-plane", timeout=WAIT_S)

    def context(self, certificate: Path | None = None) -> ssl.SSLContext:
        """TLS that verifies the control plane, and shows this certificate (PEM with its key)."""
        context = ssl.create_default_context(cafile=str(self.state / "authority" / "ca.pem"))
        if certificate:
            context.load_cert_chain(certificate)
        return context

    def network(self, certificate: Path | None = None, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"https://{self.address}:{self.port}"
        return httpx.Client(verify=self.context(certificate), base_url=url, headers=headers, timeout=WAIT_S)

    @contextmanager
    def raw(self, certificate: Path | None = None) -> Iterator[ssl.SSLSocket]:
        """The bytes of a connection over TLS."""
        with (
            closing(socket.create_connection((self.address, self.port), WAIT_S)) as plain,
            self.context(certificate).wrap_socket(plain, server_hostname=self.address) as tls,
        ):
            yield tls

    # --- short cuts ---

    def get(self, path: str, **parameters: str | int | bool) -> Any:
        with self.local() as local:
            return local.get(path, params=parameters).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        with self.local() as local:
            answer = local.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def import_cluster(self) -> None:
        self.post("/v1/clusters", {"name": CLUSTER, "template": TEMPLATE, "file": "t.txt"})

    def node(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/nodes/{name}")
        return found

    def fresh_name(self) -> str:
        """The name of a node that no other test uses."""
        return f"{CLUSTER}-hpc-{next(self._numbers)}"

    def booting(self) -> str:
        """A node of its own whose machine the cloud has made."""
        name = self.fresh_name()
        self.post("/v1/nodes/start", {"nodes": name})
        self.reaches(name, "booting")
        return name

    def reaches(self, name: str, state: str) -> dict[str, Any]:
        wait_until(lambda: self.node(name)["state"] == state, f"{name} is {state}")
        return self.node(name)

    def token(self, name: str) -> str:
        """The token that the cloud was handed for this node in its present life."""
        return JoinTokens.kept_in(self.state / "join.key").token(self.node(name)["key"])

    def join(self, name: str, token: str = "", csr: str = "") -> httpx.Response:
        body = {"node": name, "token": token or self.token(name), "csr": csr or make_key()[1]}
        with self.network() as client:
            return client.post("/v1/agent/join", json=body)

    def joined(self, name: str = "") -> tuple[str, Path]:
        """A node that has joined, and the file with its certificate and key."""
        name = name or self.booting()
        key, csr = make_key()
        answer = self.join(name, csr=csr)
        assert answer.is_success, answer.text
        file = self.folder / f"{name}.pem"
        file.write_text(answer.json()["certificate"] + key)
        return name, file

    def story_length(self) -> int:
        """How many events there are, once the loop has nothing to do."""
        counts = [-1]

        def quiet() -> bool:
            counts.append(self._last_event())
            return counts[-1] == counts[-2]

        wait_until(quiet, "the loop is at rest", every_s=0.1)
        return counts[-1]

    def _last_event(self) -> int:
        number = 0
        while events := self.get("/v1/events", after=number):
            number = events[-1]["number"]
        return int(number)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = WAIT_S, every_s: float = 0.02) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        time.sleep(every_s)


def free_port(address: str) -> int:
    with closing(socket.socket()) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def make_key() -> tuple[str, str]:
    """A new key and a signing request for it, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever it asks for")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), csr.public_bytes(serialization.Encoding.PEM).decode()
