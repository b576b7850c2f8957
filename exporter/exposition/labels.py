"""What the labels of our metrics say."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from exporter.exposition.own import PROCESSES
from exporter.model import End, Phase, Scope, State


def _values(values: Iterable[str] | type[StrEnum]) -> str:
    return ", ".join(f"`{value}`" for value in values)


LABELS: Final[Mapping[str, str]] = {
    "target": "the target's name in the configuration",
    "vantage": "where the exporter stands; absent where the configuration says nothing of it",
    "probe": "the probe; of `conndrop_measurement_error_seconds` what is measured: `ping` or `tcp`",
    "cause": "why, of [a closed list](causes.md)",
    "phase": f"the phase of a session: {_values(Phase)}",
    "end": f"[how a connection ended](probes.md#how-connections-drop): {_values(End)}",
    "reason": (
        "of a closed list that the metric's own text names; of `conndrop_server_connection_errors_total` the"
        " server's own word"
    ),
    "state": f"of the server's connections: {_values(State)}; of others what their text says",
    "scope": f"whom a limit concerns: {_values(Scope)}",
    "setting": "the name that the server gives it",
    "ttl": "how many hops away, from 1",
    "address": "an IP address",
    "hostname": "what the address is called in the DNS; empty where it has no name",
    "network": "whose network that is, by `networks` of the configuration; empty where nobody is named",
    "resolver": "the name server's address",
    "family": "`ipv4` or `ipv6`",
    "departure": "who stamps packets as they leave: `kernel` or `user`",
    "arrival": "who stamps packets as they come: `kernel` or `user`",
    "version": "of the exporter, of TLS or of the server",
    "cipher": "the cipher that was agreed on",
    "verified": "whether chain and host name are good: `true` or `false`",
    "product": "what the server calls itself",
    "identity": "what tells one server from another: its system identifier, UUID or name",
    "role": "`primary` or `replica`; empty where the server does not tell",
    "dialect": "`postgresql`, `mysql` or `mariadb`",
    "host": "the host in the target's URL",
    "port": "the port in the target's URL",
    "process": _values(PROCESSES),
    "source": "[where targets are discovered](discovery.md): its `name`, or such as `http_sd_configs[0]`",
    "python_version": "of the interpreter",
}
"""Every label there is but those that readers choose themselves, and what it says."""
