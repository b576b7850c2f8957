"""What a configuration means once it is found to be sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.config.listing import Listing
from exporter.config.modules import ModuleBlock, ProbeAccess
from exporter.config.probed import ProbedTarget
from exporter.config.schema import Thresholds
from exporter.config.target_files import TargetFiles
from exporter.db.dialect import Dialect
from exporter.model import Endpoint
from exporter.model.allowance import Allowance
from exporter.net.tls import TlsPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One way to look at hosts on request, as it is written in its `block`.

    `allow` is where it may look. `policy` is how TLS is judged, where there is TLS; `dialect` and `endpoint`
    (whose host and port are anybody's) are of the database that the target is taken for, where it is.
    """

    name: str
    block: ModuleBlock
    allow: Allowance
    policy: TlsPolicy | None = None
    dialect: Dialect | None = None
    endpoint: Endpoint | None = None

    @property
    def settings(self) -> Any:
        """The settings of its prober, of their own model."""
        return self.block.settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything the daemon is told; `networks` are address ranges by their owner's name.

    `targets` are those that stand in files of ours, `files` all but the first of these; `listings` tell where
    others are discovered.
    """

    vantage: str | None = None
    networks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    diagnosis: Thresholds = field(default_factory=Thresholds)
    targets: tuple[ProbedTarget, ...] = field(default=())
    files: TargetFiles | None = None
    listings: tuple[Listing, ...] = field(default=())
    probe: ProbeAccess = field(default_factory=ProbeAccess)
    modules: tuple[Module, ...] = field(default=())

    @property
    def written(self) -> tuple[ProbedTarget, ...]:
        """The targets that stand in the configuration file itself."""
        further = {probed.target.name for probed in self.files.targets} if self.files else set()
        return tuple(probed for probed in self.targets if probed.target.name not in further)
