"""The truth about packet times: what tcpdump saw at an interface, with the kernel's stamps."""

import os
import re
import signal
import struct
import tempfile
import time
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

from tests.lab.namespace import Namespace, start
from tests.waiting import wait_for

FILE_HEAD: Final = struct.Struct("=IHHiIII")
RECORD_HEAD: Final = struct.Struct("=IIII")
NANOSECONDS: Final = 0xA1B23C4D
BARE: Final = {1: 14, 101: 0}
"""Bytes before the IP header, by link type: Ethernet, and none as with TUN."""
BUFFER: Final = "65536"
"""Kibibytes the kernel may keep for tcpdump: seconds of traffic, should it not be scheduled."""
ENOUGH: Final = "128"
"""Bytes kept of a packet: the headers."""
SETTLED: Final = 0.3
"""Seconds without a packet after which all are taken to be written down."""


class Packet(NamedTuple):
    """One packet at a moment in nanoseconds since the epoch, from its IP header on, perhaps cut short."""

    at: int
    data: bytes


class Capture:
    """Captures at `interface`, in the calling thread's network or in `inside`, until it is stopped.

    `seen` are filter words of tcpdump. The traffic must have ended before `stop`, or what is still on its
    way to the file is missing.
    """

    def __init__(self, interface: str, *seen: str, inside: Namespace | None = None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop
        words = ["tcpdump", "-n", "-p", "-i", interface, "--time-stamp-precision=nano", "--immediate-mode",
                 "-B", BUFFER, "-s", ENOUGH, "-U", "-w", "-", *seen]  # fmt: skip
        begin = inside.start if inside else start
        self._process = begin(*words, stdout=self._file, stderr=self._said)
        wait_for(lambda: self._process.poll() is not None or "listening on" in self._messages())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> list[Packet]:
        """End the capture and give its packets in order; fail if any was dropped."""
        self._settle()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        messages = self._messages()
        assert self._process.returncode == 0, messages
        dropped = [int(count) for count in re.findall(r"(\d+) packets? dropped by", messages)]
        assert dropped
        assert not any(dropped), messages
        self._file.seek(0)
        return list(read_packets(self._file))

    def close(self) -> None:
        """End the capture, if it has not been stopped, and forget it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._file.close()
        self._said.close()

    def _settle(self) -> None:
        """Wait until the file grows no more; not for long, where traffic goes on all the same."""
        size = -1
        for _ in range(10):
            if size == (size := os.fstat(self._file.fileno()).st_size):
                return
            time.sleep(SETTLED)

    def _messages(self) -> str:
        return os.pread(self._said.fileno(), 65536, 0).decode(errors="replace")


def read_packets(file: IO[bytes]) -> Iterator[Packet]:
    """Read a pcap file of nanosecond precision, written on this machine; give what is IP."""
    magic, *_, link = FILE_HEAD.unpack(file.read(FILE_HEAD.size))
    assert magic == NANOSECONDS
    bare = BARE[link]
    while head := file.read(RECORD_HEAD.size):
        seconds, fraction, kept, _ = RECORD_HEAD.unpack(head)
        data = file.read(kept)[bare:]
        if data[0] >> 4 in {4, 6}:
            yield Packet(seconds * 1_000_000_000 + fraction, data)
