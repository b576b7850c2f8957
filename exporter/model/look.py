"""What a look on request showed: one that /probe was asked for, and that is told in its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.model.observation import Failure, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a server's own certificate says of itself, made printable and cut to a sane length.

    `fingerprint` is that of SHA-256 and `serial` the serial number, both in lower-case hexadecimal digits.
    """

    subject: str
    issuer: str
    names: str
    fingerprint: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a completed TLS handshake showed; expiries are seconds since the epoch.

    `verified` tells whether the chain leads to a trusted root and the certificate is for the host.
    """

    version: str
    cipher: str
    verified: bool
    expires: float | None
    leaf: Leaf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an HTTP server answered last; zeros where it did not. `length` is what it announced, -1 if none.

    `last_modified` is seconds since the epoch.
    """

    status: int = 0
    version: float = 0.0
    length: int = 0
    body: int = 0
    redirects: int = 0
    encrypted: bool = False
    last_modified: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a name server answered: how many records, the zone's serial number, and DNS's own word."""

    rcode: str = ""
    answers: int = 0
    authority: int = 0
    additional: int = 0
    serial: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look; times are seconds, and `timeout` is what there was.

    `prober` is the kind of look, `lookup` the time until the host's address was known, `address` the one that
    was looked at (empty until then). `phases` are those that were completed, in the prober's own words.
    """

    prober: str
    duration: float
    timeout: float
    failure: Failure | None = None
    lookup: float | None = None
    address: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    shown: Shown | None = None
    page: Page | None = None
    records: Records | None = None

    @property
    def success(self) -> bool:
        """Whether it was of use: a session that only failed to say goodbye has been, all the same."""
        return self.failure is None or self.failure.phase is Phase.CLOSE
