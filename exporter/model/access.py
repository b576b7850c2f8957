"""Who may reach our own pages, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class ClientCertificate(StrEnum):
    """What is asked of a client, in the words of Go's crypto/tls."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    REQUIRE_ANY = "RequireAnyClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"

    @property
    def required(self) -> bool:
        """Whether a client without a certificate is turned away."""
        return self in (self.REQUIRE_ANY, self.REQUIRE_AND_VERIFY)

    @property
    def verified(self) -> bool:
        """Whether a certificate has to lead to an authority that we know."""
        return self in (self.VERIFY_IF_GIVEN, self.REQUIRE_AND_VERIFY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """How our pages are encrypted: PEM as it was read, and TLS in Go's words.

    `client_names` are the alternative names of which a client's certificate must have one; empty: any.
    Cipher suites and curves are in order of preference; empty: OpenSSL's own.
    """

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    client_ca: bytes = field(default=b"", repr=False)
    client: ClientCertificate = ClientCertificate.NONE
    client_names: tuple[str, ...] = ()
    minimum: str = "TLS12"
    maximum: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    own_order: bool = True

    @property
    def terms(self) -> tuple[object, ...]:
        """What a client must have shown to be let in; who has been asked for less has to come in anew."""
        return self.client, self.client_ca, self.client_names


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A bucket of `burst` requests, to which one is added every `interval` seconds."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a web configuration file means; one that says nothing lets everybody in.

    `users` are bcrypt hashes by name, `files` those that it names.
    """

    encryption: Encryption | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: RateLimit | None = None
    files: tuple[Path, ...] = ()

    def opens(self, before: "Access") -> str:
        """Name a protection that there was `before` and that there is no more; empty where there is none."""
        if before.users and not self.users:
            return "basic_auth_users"
        if before.encryption is None:
            return ""
        if self.encryption is None:
            return "tls_server_config"
        was, now = before.encryption, self.encryption
        if was.client.required > now.client.required or was.client.verified > now.client.verified:
            return "client_auth_type"
        return "client_allowed_sans" if was.client_names and not now.client_names else ""
