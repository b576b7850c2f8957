"""A link between two networks that delays, loses, doubles, damages, reorders and refuses packets to order.

It runs in user space on two TUN devices, because not every kernel has netem. The same seed and the same
packets make the same faults.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from tests.lab.namespace import Namespace
from tests.lab.tun import open_tun


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What happens to packets on their way in one direction.

    `delay` is in seconds, `jitter` up to how much more is drawn for each packet; a packet does not
    overtake another unless `reorder` lets it. `loss`, `duplication` and `corruption` are shares from 0 to 1.
    Packets of more than `mtu` bytes vanish; where `tells`, their sender hears of it. `rate` is in bytes a
    second; what exceeds it queues without limit.
    """

    delay: float = 0.0
    jitter: float = 0.0
    reorder: bool = False
    loss: float = 0.0
    duplication: float = 0.0
    corruption: float = 0.0
    mtu: int | None = None
    tells: bool = False
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What has happened so far in one direction, in packets."""

    taken: int
    delivered: int
    lost: int
    duplicated: int
    corrupted: int
    too_big: int


class Link:
    """Joins two networks: device `name` in each, with the addresses given for it.

    Addresses carry prefix lengths; routes beyond them are the caller's. Packets flow until the link is
    closed; then both devices are gone.
    """

    def __init__(
        self,
        client: Namespace,
        server: Namespace,
        client_addresses: tuple[str, ...],
        server_addresses: tuple[str, ...],
        *,
        name: str = "link0",
        seed: int = 1,
    ) -> None:
        near = client.run(lambda: open_tun(name, *client_addresses))
        far = server.run(lambda: open_tun(name, *server_addresses))
        self._carrier = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.carrier", str(near), str(far), str(seed)],
            pass_fds=[near, far],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        os.close(near)
        os.close(far)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def set(self, *, there: Conditions | None = None, back: Conditions | None = None) -> None:
        """Change the conditions from client to server (`there`) or `back`; they hold when this returns."""
        self._tell({key: asdict(value) for key, value in (("there", there), ("back", back)) if value})

    def counts(self) -> tuple[Counts, Counts]:
        """Give what has happened on the way there and on the way back."""
        there, back = self._tell({})
        return Counts(**there), Counts(**back)

    def close(self) -> None:
        """End the link."""
        self._carrier.kill()
        self._carrier.communicate()

    def _tell(self, what: dict[str, object]) -> list[dict[str, int]]:
        assert self._carrier.stdin
        assert self._carrier.stdout
        self._carrier.stdin.write(json.dumps(what).encode() + b"\n")
        self._carrier.stdin.flush()
        counted: list[dict[str, int]] = json.loads(self._carrier.stdout.readline())
        return counted
