"""The site's authority: made once, kept, and signing a node's name onto a sound key and nothing else."""

import datetime
import stat
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from burstway.errors import BurstwayError, InputError, StoreError
from burstway.identity.authority import AUTHORITY_YEARS, NODE_DAYS, Authority, serial_of, write_secret

NOW = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
NODE = "hpc1-hpc-1"
P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority", "hq", NOW)


def request(key: CertificateIssuerPrivateKeyTypes, *names: x509.GeneralName) -> str:
    """A signing request that asks for far more than a node may have."""
    subject = [
        x509.NameAttribute(NameOID.COMMON_NAME, "control-plane.hq"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "administrators"),
    ]
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(subject))
        .add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def test_the_authority_is_made_once_and_read_again(tmp_path: Path) -> None:
    """A restart keeps it: the certificates of all nodes hang on it."""
    first = Authority(tmp_path / "a", "hq", NOW)
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    again = Authority(tmp_path / "a", "hq", NOW + datetime.timedelta(days=9))
    assert set(files) == {"ca.key", "ca.pem"}
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == files
    assert first.pem == again.pem


def test_its_files_are_the_owners_only(tmp_path: Path, authority: Authority) -> None:
    """Mode 0600 in a folder of mode 0700, whatever the umask."""
    authority.server_files(tmp_path / "authority", ["head"], NOW)
    files = list((tmp_path / "authority").iterdir())
    assert {path.name for path in files} == {"ca.key", "ca.pem", "server.key", "server.pem"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "authority").stat().st_mode) == 0o700


def test_a_making_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """With the key on disk and no certificate yet, the certificate is made of that key."""
    Authority(tmp_path, "hq", NOW)
    key = (tmp_path / "ca.key").read_bytes()
    (tmp_path / "ca.pem").unlink()
    Authority(tmp_path, "hq", NOW).sign_node(request(P256), NODE, NOW)
    assert (tmp_path / "ca.key").read_bytes() == key


def lose_key(folder: Path) -> str:
    (folder / "ca.key").unlink()
    return "ca.key"


def garble_key(folder: Path) -> str:
    (folder / "ca.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    return "ca.key"


def empty_key(folder: Path) -> str:
    (folder / "ca.key").write_bytes(b"")
    return "ca.key"


def lock_key(folder: Path) -> str:
    encryption = serialization.BestAvailableEncryption(b"x")
    pem = P256.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    (folder / "ca.key").write_bytes(pem)
    return "ca.key"


def other_kind_of_key(folder: Path) -> str:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.key").write_bytes(pem)
    return "ca.key"


def garble_certificate(folder: Path) -> str:
    (folder / "ca.pem").write_text("garbage")
    return "ca.pem"


def foreign_certificate(folder: Path) -> str:
    Authority(folder / "other", "hq", NOW)
    (folder / "other" / "ca.pem").rename(folder / "ca.pem")
    return "ca.pem"


DAMAGES = (
    lose_key,
    garble_key,
    empty_key,
    lock_key,
    other_kind_of_key,
    garble_certificate,
    foreign_certificate,
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_authority_is_refused_and_kept(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    """The file is named, and no new authority is put in the place of one that nodes trust."""
    Authority(tmp_path, "hq", NOW)
    named = damage(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(InputError) as refused:
        Authority(tmp_path, "hq", NOW)
    assert refused.value.where == str(tmp_path / named)
    assert refused.value.remedy
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


ACCEPTED: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
    "P-256": P256,
    "RSA 2048": rsa.generate_private_key(65_537, 2_048),
    "RSA 3072": rsa.generate_private_key(65_537, 3_072),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_sound_key_is_signed_with_the_nodes_name_only(authority: Authority, kind: str) -> None:
    """Whatever the request asks for: no other name, no authority, no server, and the key is the request's."""
    key = ACCEPTED[kind]
    pem = authority.sign_node(request(key, x509.DNSName("head"), x509.DNSName("*")), NODE, NOW).pem
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.subject == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NODE)])
    extensions = {type(extension.value): extension.value for extension in certificate.extensions}
    assert extensions[x509.SubjectAlternativeName] == x509.SubjectAlternativeName([x509.DNSName(NODE)])
    assert extensions[x509.BasicConstraints] == x509.BasicConstraints(ca=False, path_length=None)
    assert extensions[x509.ExtendedKeyUsage] == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - NOW == datetime.timedelta(days=NODE_DAYS)
    assert certificate.not_valid_before_utc < NOW, "a node's clock may be a little behind"


def test_a_certificate_is_known_by_its_name_and_serial(authority: Authority) -> None:
    """Two for the same key differ: each life of a node has its own."""
    signed = [authority.sign_node(request(P256), NODE, NOW) for _ in range(2)]
    der = [
        x509.load_pem_x509_certificate(c.pem.encode()).public_bytes(serialization.Encoding.DER)
        for c in signed
    ]
    assert [serial_of(each) for each in der] == [(NODE, certificate.serial) for certificate in signed]
    assert signed[0].serial != signed[1].serial


REFUSED_KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "RSA 1024": rsa.generate_private_key(65_537, 1_024),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "secp256k1": ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "DSA": dsa.generate_private_key(1_024),
}


@pytest.mark.parametrize("kind", REFUSED_KEYS)
def test_any_other_key_is_refused(authority: Authority, kind: str) -> None:
    """And the remedy says which keys are taken."""
    with pytest.raises(InputError, match="is not one that is taken") as refused:
        authority.sign_node(request(REFUSED_KEYS[kind]), NODE, NOW)
    assert refused.value.remedy == "P-256, or RSA of 2,048 bits or more"


def tampered() -> str:
    der = bytearray(x509.load_pem_x509_csr(request(P256).encode()).public_bytes(serialization.Encoding.DER))
    at = bytes(der).index(b"administrators")
    der[at] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()


GARBAGE = {
    "nothing": "",
    "words": "please",
    "empty PEM": "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
    "not DER": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "half": request(P256)[:200],
    "lone surrogate": "\ud800" + request(P256),
    "NUL": "\0" * 1_000,
    "changed after signing": tampered(),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_what_is_no_signing_request_is_refused(authority: Authority, kind: str) -> None:
    """As the asker's mistake, never as a defect."""
    with pytest.raises(InputError, match="signing request"):
        authority.sign_node(GARBAGE[kind], NODE, NOW)


def openssl(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)


def test_openssl_agrees(tmp_path: Path, authority: Authority) -> None:
    """A node's certificate is good for a client and not for a server, the control plane's the other way
    round, at their time, with their names, under this authority and no other."""
    now = datetime.datetime.now(datetime.UTC)
    live = Authority(tmp_path / "live", "hq", now)
    other = Authority(tmp_path / "other", "hq", now)
    node, folder = tmp_path / "node.pem", tmp_path / "live"
    node.write_text(live.sign_node(request(P256), NODE, now).pem)
    live.server_files(folder, ["head", IPv4Address("10.1.2.3")], now)
    server = folder / "server.pem"
    verify = ("verify", "-x509_strict", "-CAfile", live.certificate_file)
    assert openssl(*verify, "-purpose", "sslclient", "-verify_hostname", NODE, node).returncode == 0
    assert openssl(*verify, "-purpose", "sslserver", "-verify_ip", "10.1.2.3", server).returncode == 0
    assert openssl(*verify, "-purpose", "sslserver", "-verify_hostname", "head", server).returncode == 0
    assert openssl(*verify, "-purpose", "sslserver", node).returncode != 0
    assert openssl(*verify, "-purpose", "sslclient", server).returncode != 0
    assert openssl(*verify, "-purpose", "sslserver", "-verify_ip", "10.1.2.4", server).returncode != 0
    assert openssl("verify", "-CAfile", other.certificate_file, node).returncode != 0
    later = str(int((now + datetime.timedelta(days=NODE_DAYS + 1)).timestamp()))
    assert openssl(*verify, "-attime", later, node).returncode != 0
    end = str(int((now + datetime.timedelta(days=365 * AUTHORITY_YEARS + 1)).timestamp()))
    assert openssl(*verify, "-attime", end, live.certificate_file).returncode != 0


def test_openssls_own_requests_are_taken(tmp_path: Path, authority: Authority) -> None:
    """That is what the agent makes them with."""
    made = openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", tmp_path / "k", "-subj", "/CN=x",
    )  # fmt: skip
    assert authority.sign_node(made.stdout, NODE, NOW).serial


def test_a_secret_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What stood there stays when the new one cannot be written, and no part of it is left."""
    secret = tmp_path / "secret"
    write_secret(secret, b"old")
    write_secret(secret, b"new")
    assert secret.read_bytes() == b"new"
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(StoreError) as refused:
        write_secret(tmp_path / "folder", b"new")
    assert isinstance(refused.value, BurstwayError)
    assert refused.value.where == str(tmp_path / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"secret", "folder"}
