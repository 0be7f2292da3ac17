"""The site's own certificate authority.

It signs two kinds of certificates: the control plane's own, and one for each node and generation, with the
node's name and nothing that the request asked for. Keys are P-256, or RSA of 2,048 bits and more.
"""

import datetime
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from burstway.errors import InputError, StoreError

AUTHORITY_YEARS = 10
NODE_DAYS = 365
SERVER_DAYS = 365 * AUTHORITY_YEARS
"""The control plane's certificate is made anew at each start, and must last from one to the next."""
CLOCK_SKEW = datetime.timedelta(minutes=10)
LEAST_RSA_BITS = 2_048


@dataclass(frozen=True, slots=True)
class Certificate:
    pem: str
    serial: str


class Authority:
    """The key and certificate in `folder`, made when they are not there yet."""

    def __init__(self, folder: Path, site: str, now: datetime.datetime) -> None:
        self._site = site
        self.certificate_file = folder / "ca.pem"
        self._key_file = folder / "ca.key"
        if not self._key_file.exists() and not self.certificate_file.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_secret(self._key_file, _private_pem(ec.generate_private_key(ec.SECP256R1())))
        self._key = self._read_key()
        if not self.certificate_file.exists():  # new, or the making was cut off after the key
            self._make_certificate(now)
        self._certificate = self._read_certificate()

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _read_key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as refused:
            raise _unreadable("key", self._key_file, refused) from refused
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise _unreadable("key", self._key_file, "not an elliptic-curve key")
        return key

    def _read_certificate(self) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        except (OSError, ValueError) as refused:
            raise _unreadable("certificate", self.certificate_file, refused) from refused
        if certificate.public_key() != self._key.public_key():
            raise _unreadable("certificate", self.certificate_file, "it is not that of the key beside it")
        return certificate

    def sign_node(self, request: str, node: str, now: datetime.datetime) -> Certificate:
        """A certificate for `node` with the key of this signing request (PEM). Raises InputError."""
        try:
            csr = x509.load_pem_x509_csr(request.encode())
            sound = csr.is_signature_valid
            key = csr.public_key()
        except (ValueError, InvalidSignature, UnsupportedAlgorithm) as refused:
            raise InputError(f"not a certificate signing request: {refused}") from refused
        if not sound:
            raise InputError("the signing request is not signed with its own key")
        return self._sign(_accepted(key), node, [x509.DNSName(node)], now, server=False)

    def server_files(self, folder: Path, names: Iterable[str | IPv4Address], now: datetime.datetime) -> None:
        """Writes server.key and server.pem for the control plane into `folder`, anew at each start."""
        key = ec.generate_private_key(ec.SECP256R1())
        general = [x509.IPAddress(n) if isinstance(n, IPv4Address) else x509.DNSName(n) for n in names]
        certificate = self._sign(key.public_key(), f"control-plane.{self._site}", general, now, server=True)
        write_secret(folder / "server.key", _private_pem(key))
        write_secret(folder / "server.pem", (certificate.pem + self.pem).encode())

    def _sign(
        self,
        key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        name: str,
        names: Iterable[x509.GeneralName],
        now: datetime.datetime,
        *,
        server: bool,
    ) -> Certificate:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + datetime.timedelta(days=SERVER_DAYS if server else NODE_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Certificate(pem, f"{certificate.serial_number:x}")

    def _make_certificate(self, now: datetime.datetime) -> None:
        key = self._key
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Burstway site {self._site}")])
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + datetime.timedelta(days=365 * AUTHORITY_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_secret(self.certificate_file, certificate.public_bytes(serialization.Encoding.PEM))


def serial_of(der: bytes) -> tuple[str, str]:
    """The common name and the serial number of a certificate that a TLS peer has shown (DER)."""
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (str(names[0].value) if names else ""), f"{certificate.serial_number:x}"


def key_fingerprint(request: str) -> str:
    """SHA-256 of the public key of a signing request (PEM). Raises InputError."""
    try:
        key = x509.load_pem_x509_csr(request.encode()).public_key()
    except (ValueError, UnicodeEncodeError, UnsupportedAlgorithm) as refused:
        raise InputError(f"not a certificate signing request: {refused}") from refused
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def write_secret(path: Path, content: bytes) -> None:
    """Writes the file as a whole or not at all, readable by its owner only. Raises StoreError."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as refused:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"cannot be written: {refused.strerror}", where=str(path), remedy="is there space, and may it?"
        ) from refused


def _unreadable(what: str, path: Path, why: object) -> InputError:
    return InputError(
        f"the authority's {what} cannot be used: {why}",
        where=str(path),
        remedy="restore ca.key and ca.pem from a backup; without them a new authority is made, "
        "and nodes that run now must be given back",
    )


def _accepted(key: object) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    raise InputError(
        "the key of the signing request is not one that is taken",
        remedy="P-256, or RSA of 2,048 bits or more",
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
