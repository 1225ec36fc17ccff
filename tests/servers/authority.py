"""A certificate authority of its own for servers with TLS."""

from __future__ import annotations

import datetime
import ipaddress
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFE = datetime.timedelta(days=30)


class Authority:
    """An authority whose certificate is the file `ca.crt` of a folder; its key is never written.

    Args:
        folder: of the server that it is for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def file(self) -> Path:
        """The file with its certificate, for clients."""
        path = self._folder / "ca.crt"
        path.write_bytes(_pem(self._certificate))
        return path

    def certify(self, address: str) -> Path:
        """A file with a new key (PKCS#8) and the certificate of a server at an IP address."""
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.IPAddress(ipaddress.ip_address(address))
        made = _builder("localhost", "test authority", key.public_key())
        made = made.add_extension(x509.SubjectAlternativeName([name, x509.DNSName("localhost")]), critical=False)
        path = self._folder / "server.pem"
        path.touch(mode=0o600)
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(encoding, form, serialization.NoEncryption())
        path.write_bytes(secret + _pem(made.sign(self._key, hashes.SHA256())))
        return path

    def introduce(self, name: str, password: str) -> tuple[Path, Path]:
        """Files with the certificate of a client, and with its key, which the password unlocks."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(name, "test authority", key.public_key()).sign(self._key, hashes.SHA256())
        certificate, locked = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        certificate.write_bytes(_pem(made))
        lock = serialization.BestAvailableEncryption(password.encode())
        locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
        return certificate, locked

    @cached_property
    def _certificate(self) -> x509.Certificate:
        made = _builder("test authority", "test authority", self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return made.sign(self._key, hashes.SHA256())


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
