"""The few packets of MySQL's protocol that are spoken without a driver."""

from typing import Final

from exporter.model import Cause, ProbeError
from exporter.net.stream import Line, exactly

OK: Final = b"\x00"
MORE: Final = b"\x01"
SWITCH: Final = b"\xfe"
ERROR: Final = b"\xff"
LONGEST_PACKET: Final = 65_536


class Packets:
    """Packets over a line, the next of which has the number `sequence`."""

    def __init__(self, line: Line, sequence: int = 0) -> None:
        self._line = line
        self._sequence = sequence

    def read(self) -> bytes:
        """Read the body of the next packet; raise ProbeError where it is too long for a login."""
        header = exactly(self._line, 4)
        length = int.from_bytes(header[:3], "little")
        if length > LONGEST_PACKET:
            raise ProbeError(Cause.UNKNOWN, f"a packet of {length} bytes is none of a MySQL login")
        self._sequence = (header[3] + 1) % 256
        return exactly(self._line, length)

    def send(self, body: bytes) -> None:
        """Send a packet."""
        self._line.sendall(len(body).to_bytes(3, "little") + bytes([self._sequence]) + body)
        self._sequence = (self._sequence + 1) % 256
