"""The host that the daemon runs on: it can falsify what is measured, and be to blame itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCondition:
    """How this host was doing in the `seconds` before it was asked.

    `lag` is for how many seconds at most the process was kept from running, `step` by how many the wall clock
    was set. `checksum_errors` are packets that came damaged and `unsent` segments that could not be sent
    again, for whatever was local (both None where the kernel does not tell). `descriptors_left` is how many
    files the process may still open.
    """

    seconds: float
    lag: float = 0.0
    step: float = 0.0
    checksum_errors: int | None = None
    unsent: int | None = None
    descriptors_left: int | None = None
