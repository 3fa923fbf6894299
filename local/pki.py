"""Certificates for this machine's own use: the embedded cluster's and the local edge's. Made once, keys 0600."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.paths import write_private

LIFETIME = timedelta(days=825)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Authority:
    """A certificate authority kept as two files.

    Attributes:
        certificate: its certificate, PEM.
        key: its private key, PEM, 0600.
    """

    certificate: Path
    key: Path


def authority(folder: Path, name: str) -> Authority:
    """Return the CA `name` kept in `folder`, made at the first call."""
    ca = Authority(folder / f"{name}.crt", folder / f"{name}.key")
    if not (ca.certificate.exists() and ca.key.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"web4-identity local {name}")
        builder = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
        )
        write_private(ca.key, _pem(key))
        ca.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return ca


def issue(
    ca: Authority, folder: Path, name: str, common_name: str, *, organization: str = "", names: tuple[str, ...] = ()
) -> tuple[Path, Path]:
    """Return certificate and key `name` in `folder`, issued by `ca` unless they are there, valid and for these names.

    Args:
        ca: who signs.
        folder: where the pair is kept.
        name: the files' stem.
        common_name: subject CN.
        organization: subject O (a Kubernetes group), or empty.
        names: DNS names and IP addresses it is for.
    """
    certificate, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    if certificate.exists() and key_file.exists() and _serves(certificate, ca, names):
        return certificate, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    signer = serialization.load_pem_private_key(ca.key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate(ca.certificate.read_bytes())
    builder = (
        _builder(_name(common_name, organization), issuer.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),  # Python 3.13+ wants it
            critical=False,
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False)
    write_private(key_file, _pem(key))
    certificate.write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return certificate, key_file


def key_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Return public and private key `name` in `folder` (service account tokens), made at the first call."""
    public, private = folder / f"{name}.pub", folder / f"{name}.key"
    if not (public.exists() and private.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        write_private(private, _pem(key))
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    return public, private


def _serves(certificate: Path, ca: Authority, names: tuple[str, ...]) -> bool:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    issuer = x509.load_pem_x509_certificate(ca.certificate.read_bytes())
    try:
        found.verify_directly_issued_by(issuer)
    except Exception:  # any way it can fail means: not this CA's
        return False
    if found.not_valid_after_utc < datetime.now(UTC) + timedelta(days=30):
        return False
    try:
        held = set(found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        held = set()
    return {_alternative(name) for name in names} <= held


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
