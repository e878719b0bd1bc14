"""Certificates of a project: one authority, a server, sites and a lead.

The authority's key signs and is then put away; the coordinator never needs it. Keys are on the
curve P-256, because every TLS 1.3 library takes it. Who may do what hangs on the certificate's
fingerprint, not on a name inside it (see ``nof1.federation.network.project``).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nof1.core.errors import InputError

AUTHORITY_DAYS, LEAF_DAYS = 5 * 365, 398
EARLY = timedelta(hours=1)  # clocks of hospitals differ
USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate (hexadecimal)."""
        return fingerprint(self.certificate)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 (hexadecimal) of a PEM certificate's DER form."""
    return x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256()).hex()


def days_left(certificate: bytes) -> int:
    """Whole days until a PEM certificate runs out; negative when it has."""
    end = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    return (end - datetime.now(UTC)).days


def authority(project: str) -> Pair:
    """A new certificate authority for one project."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _name(f"nof1 federation {project}")
    made = _builder(name, name, key, AUTHORITY_DAYS).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return _signed(made.add_extension(usage, critical=True), key, key)


def server(issuer: Pair, host: str) -> Pair:
    """The coordinator's certificate, valid for one host name or address."""
    try:
        where: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        where = x509.DNSName(host)
    return leaf(issuer, "coordinator", ExtendedKeyUsageOID.SERVER_AUTH, where)


def client(issuer: Pair, name: str) -> Pair:
    """A certificate with which a site or a lead may only call, never be called."""
    return leaf(issuer, name, ExtendedKeyUsageOID.CLIENT_AUTH)


def leaf(
    issuer: Pair, name: str, purpose: x509.ObjectIdentifier, where: x509.GeneralName | None = None
) -> Pair:
    """A certificate for one purpose, signed by the authority; ``where``: the host that it names.

    Raises
    ------
    InputError : the authority's key is not one that ``authority`` made.
    """
    above = x509.load_pem_x509_certificate(issuer.certificate)
    signer = load_pem_private_key(issuer.key, password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise InputError("The authority's key is not one that nof1 made.", where="authority")
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(_name(name), above.subject, key, LEAF_DAYS)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(_usage(digital_signature=True), critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    if where is not None:
        made = made.add_extension(x509.SubjectAlternativeName([where]), critical=False)
    over = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return _signed(made.add_extension(over, critical=False), key, signer)


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - EARLY).not_valid_after(now + timedelta(days=days))
    return made.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )


def _signed(
    made: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> Pair:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(made.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM), private)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _usage(**allowed: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in USES})
