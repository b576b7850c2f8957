"""The daemon's side of the meter: starts it, feeds it, listens to it, and starts it again if it dies."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import exporter
from exporter.meter.wire import MOST_BYTES, Add, Hurry, Locate, Readings, Remove, ToMeter, pack, pair, unpack
from exporter.model import Failure, Order
from exporter.net.engine import Punctuality
from exporter.net.waiting import READABLE, WRITABLE, Stop, Stopped, wait

log = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds before a meter that died is started again."""
GOODBYE: Final = 1.0
"""Seconds that a meter gets to end by itself."""
LOOK: Final = 60.0
"""Seconds after which a wait for readings is begun anew."""

MISSED_REASONS: Final = ("coalesced", "unseen")
"""Why a run of the meter's came to nothing: the meter stood still and several runs became one; or packets
found its buffer full, and the answer may have been among them."""


class Observer(Protocol):
    """Who is told how the meter is doing."""

    def punctual(self, kind: str, punctuality: Punctuality) -> None:
        """Take note of how late the runs of one kind of probe began."""
        ...

    def heartbeat(self, process: str, punctuality: Punctuality) -> None:
        """Take note of how late the meter itself woke up."""
        ...

    def restarted(self) -> None:
        """Take note that the meter died and is started again."""
        ...


class Keeper:
    """Keeps one meter running; orders may be given from any thread, before and after the start.

    `deliver` gets every reading with the number of its job, in a thread of the keeper's own. What has been
    ordered is remembered, so that a new meter goes on where a dead one stopped.
    """

    def __init__(
        self,
        deliver: Callable[[int, object], None],
        observer: Observer,
        stop: Stop,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Take who is told what; `turned` is called every second or so while the meter is heard of."""
        self._deliver = deliver
        self._turned = turned
        self._observer = observer
        self._stop = stop
        self._lock = threading.Lock()
        self._orders: dict[int, Add] = {}
        self._places: dict[int, Locate] = {}
        self._untold: deque[ToMeter] = deque()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="meter", daemon=True)

    def order(self, order: Order) -> None:
        """Have something measured."""
        with self._lock:
            self._orders[order.job] = Add(order=order)
            self._send(self._orders[order.job])

    def cancel(self, job: int) -> None:
        """Have something measured no more; what is on its way may still be delivered."""
        with self._lock:
            del self._orders[job]
            self._places.pop(job, None)
            self._send(Remove(job=job))

    def locate(self, job: int, addresses: Sequence[str], failure: Failure | None) -> None:
        """Tell where a job's target is now, or why that is not known; of a job that was cancelled, nobody."""
        with self._lock:
            if job in self._orders:
                self._places[job] = Locate(job=job, addresses=tuple(addresses), failure=failure)
                self._send(self._places[job])

    def hurry(self, job: int) -> None:
        """Have a job looked at closely, because something is wrong there; not while the meter is behind."""
        with self._lock:
            if job in self._orders and not self._untold:
                self._send(Hurry(job=job))

    def start(self) -> None:
        """Start the meter."""
        self._thread.start()

    def stop(self) -> None:
        """Wait until the meter has ended; the switch has been thrown before."""
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def pid(self) -> int | None:
        """The meter's process, where there is one now."""
        process = self._process
        return process.pid if process is not None else None

    def _keep(self) -> None:
        # Inherited by the meter, which Ctrl-C would hit before it has learnt not to heed it.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
        trouble = ""
        while not self._stop.thrown:
            self._turned()
            try:
                line = self._launch()
            except OSError as error:
                if str(error) != trouble:  # once for a row: it is tried each second
                    trouble = str(error)
                    log.warning(
                        "meter cannot be started; trying again", extra={"fields": {"detail": trouble}}
                    )
                self._stop.sleep(PAUSE)
                continue
            trouble = ""
            self._attend(line)
            if not self._stop.sleep(PAUSE):
                self._observer.restarted()

    def _attend(self, line: socket.socket) -> None:
        try:
            self._listen(line)
        except Stopped:
            pass
        finally:
            self._end(line)

    def _launch(self) -> socket.socket:
        ours, theirs = pair()
        with contextlib.ExitStack() as unless_started, theirs:
            unless_started.callback(ours.close)
            # Nothing of where we were started may decide what is imported there.
            paths = [str(Path(exporter.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
            self._process = subprocess.Popen(  # noqa: S603  ourselves
                [sys.executable, "-P", "-m", "exporter.meter.process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
            unless_started.pop_all()
        ours.setblocking(False)
        with self._lock:
            self._line = ours
            self._untold.extend((*self._orders.values(), *self._places.values()))
        return ours

    def _listen(self, line: socket.socket) -> None:
        while True:
            with self._lock:
                self._tell()
                events = READABLE | WRITABLE if self._untold else READABLE
            wait(line.fileno(), events, LOOK, self._stop)
            try:
                content = line.recv(MOST_BYTES)
            except BlockingIOError:
                continue
            except ConnectionError:
                return
            if not content:
                return
            message = unpack(content)
            assert isinstance(message, Readings)  # noqa: S101  the meter sends nothing else
            self._take(message)

    def _take(self, message: Readings) -> None:
        self._turned()
        for job, reading in message.readings:
            self._deliver(job, reading)
        if message.health is not None:
            for kind, punctuality in message.health.probes.items():
                self._observer.punctual(kind, punctuality)
            self._observer.heartbeat("meter", message.health.heartbeat)

    def _send(self, message: ToMeter) -> None:
        """Send to a meter that runs, now or when it can take it; one that is not there is told all later."""
        if self._line is not None:
            self._untold.append(message)
            self._tell()

    def _tell(self) -> None:
        """Send what is untold, without waiting: a meter that hangs must not hold up anybody."""
        assert self._line is not None  # noqa: S101  only called while there is one
        while self._untold:
            try:
                self._line.send(pack(self._untold[0]))
            except OSError:
                return  # it is busy, or dead: the thread that listens will find out
            self._untold.popleft()

    def _end(self, line: socket.socket) -> None:
        with self._lock:
            self._line = None
            self._untold.clear()
            line.close()
        process = self._process
        assert process is not None  # noqa: S101  it was launched with the line
        try:
            status = process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if not self._stop.thrown:
            log.error("meter died; starting it again", extra={"fields": {"status": status}})
