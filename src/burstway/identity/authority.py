"""The site's own certificate authority.

It signs two kinds of certificates: the control plane's own, and one for each node and generation, with the
node's name and nothing that the request asked for. Keys are P-256, or RSA of 2,048 bits and more.
"""

import datetime
import os
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from burstway.errors import InputError

AUTHORITY_YEARS = 10
CERTIFICATE_DAYS = 365
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
        if not self._key_file.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make(now)
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise InputError("the authority's key is not an elliptic-curve key", where=str(self._key_file))
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign_node(self, request: str, node: str, now: datetime.datetime) -> Certificate:
        """A certificate for `node` with the key of this signing request (PEM). Raises InputError."""
        try:
            csr = x509.load_pem_x509_csr(request.encode())
            sound = csr.is_signature_valid
        except (ValueError, InvalidSignature, UnicodeEncodeError) as refused:
            raise InputError(f"not a certificate signing request: {refused}") from refused
        if not sound:
            raise InputError("the signing request is not signed with its own key")
        return self._sign(_accepted(csr.public_key()), node, [x509.DNSName(node)], now, server=False)

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
            .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
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

    def _make(self, now: datetime.datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
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
        write_secret(self._key_file, _private_pem(key))


def serial_of(der: bytes) -> tuple[str, str]:
    """The common name and the serial number of a certificate that a TLS peer has shown (DER)."""
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (str(names[0].value) if names else ""), f"{certificate.serial_number:x}"


def write_secret(path: Path, content: bytes) -> None:
    """Writes the file as a whole or not at all, readable by its owner only."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _accepted(key: object) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    raise InputError(
        "the key of the signing request is too weak", remedy="P-256, or RSA of 2,048 bits or more"
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
