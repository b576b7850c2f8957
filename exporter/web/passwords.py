"""Passwords of those who read our pages, against bcrypt hashes: bounded, because each check takes 65 ms."""

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import bcrypt

REMEMBERED: Final = 100
"""Answers that are kept, of those that were right and of those that were not."""
MOST_WAITING: Final = 8
MOST_FROM_ONE: Final = 2
"""Checks that may wait in all, and of one address."""
PATIENCE: Final = 5.0
"""Seconds that a check may take, with its wait."""
REST: Final = 3.0
"""Times as long as a password that was wrong took, nothing is checked behind it."""
NICENESS: Final = 10
LONGEST: Final = 72
"""Bytes of a password that bcrypt looks at; Go's takes longer ones, and does not see the rest."""
NOBODYS: Final = "QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""A salt and a hash for users who do not exist: exporter-toolkit's. Who matches it is not let in either."""


class Verdict(Enum):
    """What became of a check."""

    RIGHT = "right"
    WRONG = "wrong"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client has sent, and from where."""

    user: str
    password: bytes = field(repr=False)
    address: str


class Passwords:
    """Checks one password at a time, in a thread that gives way to others.

    What was found out is remembered, by a digest under a key of this process, as long as the hash stays.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "passwords", initializer=_give_way)
        self._lock = threading.Lock()
        self._salt = secrets.token_bytes()
        self._known: dict[bool, dict[bytes, None]] = {True: {}, False: {}}
        self._waiting: dict[bytes, tuple[str, Future[bool]]] = {}
        self._rested = 0.0

    def judge(self, users: Mapping[str, str], given: Credentials) -> Verdict:
        """Say whether the password is the user's; unknown users take as long as known ones."""
        real = given.user in users
        told = users[given.user] if real else _nobodys(users)
        key = self._digest(given.user, told, given.password)
        with self._lock:
            for right, known in self._known.items():
                if key in known:
                    return Verdict.RIGHT if right else Verdict.WRONG
            check = self._ordered(key, real, told, given)
        if check is None:
            return Verdict.BUSY
        try:
            return Verdict.RIGHT if check.result(PATIENCE) else Verdict.WRONG
        except TimeoutError:
            return Verdict.BUSY

    def _ordered(self, key: bytes, real: bool, told: str, given: Credentials) -> Future[bool] | None:
        """Order a check, or join the one that is under way for the same; None where too many wait."""
        if key in self._waiting:
            return self._waiting[key][1]
        addresses = [address for address, _ in self._waiting.values()]
        if len(addresses) >= MOST_WAITING or addresses.count(given.address) >= MOST_FROM_ONE:
            return None
        check = self._pool.submit(self._check, key, real, told, given.password)
        self._waiting[key] = given.address, check
        return check

    def _check(self, key: bytes, real: bool, told: str, password: bytes) -> bool:
        try:
            time.sleep(max(0.0, self._rested - time.monotonic()))
            begun = time.monotonic()
            right = matches(told, password) and real
            ended = time.monotonic()
            if not right:
                self._rested = ended + REST * (ended - begun)
            with self._lock:
                known = self._known[right]
                known[key] = None
                if len(known) > REMEMBERED:
                    del known[next(iter(known))]
            return right
        finally:
            with self._lock:
                del self._waiting[key]

    def _digest(self, *parts: str | bytes) -> bytes:
        digest = hashlib.blake2b(key=self._salt)
        for part in parts:
            raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
            digest.update(len(raw).to_bytes(8, "big") + raw)
        return digest.digest()


def matches(told: str, password: bytes) -> bool:
    """Check a password against a hash, which takes as long as the hash's cost says."""
    try:
        return bcrypt.checkpw(password[:LONGEST], told.encode())
    except ValueError:  # a hash that no password can have
        return False


def _nobodys(users: Mapping[str, str]) -> str:
    """Make a hash that costs as much as the dearest of the users'."""
    return f"$2b${max((told[4:6] for told in users.values()), default='10')}${NOBODYS}"


def _give_way() -> None:
    """Let other threads go first: a check may take its time, a probe may not."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
