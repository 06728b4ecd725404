"""Names in, certificates out: of the mesh (SPIFFE identities), of a public authority, and of one nobody knows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_DAYS = timedelta(days=36500)


class Certificate(NamedTuple):
    """A certificate and its key, as PEM text."""

    chain: str
    key: str


class Authority(NamedTuple):
    """What signs certificates; `root` is its own one, as PEM text."""

    root: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@cache
def authority(name: str) -> Authority:
    """Make an authority: `mesh`, `system` (public ones), or any other that has to be named to be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"authority {name}")
    made = (
        _builder(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return Authority(_pem(made), made, key)


@cache
def certificate(signer: str, names: tuple[str, ...] = (), identity: str | None = None) -> Certificate:
    """Make a certificate for host names, or for an identity of the mesh: `namespace/account`."""
    by = authority(signer)
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _builder(_name((*names, "mesh")[0]), by.certificate.subject, key)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names, identity)), critical=False)
        .sign(by.key, SHA256())
    )
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Certificate(_pem(made), text)


def _alternatives(names: Sequence[str], identity: str | None) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if identity is not None:
        namespace, _, account = identity.partition("/")
        found.append(x509.UniformResourceIdentifier(f"spiffe://cluster.local/ns/{namespace}/sa/{account}"))
    return found


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_FROM + _DAYS)
    )


def _pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()
