"""A helper process inside a network that is told what to do, line by line, and answers each line."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from tests.lab.namespace import Namespace


class Told:
    """A module of the lab, run as a process in `network`; it ends with the block, or with this process.

    `orders` are what it begins with. It is ready when this returns.
    """

    def __init__(self, module: str, network: Namespace, **orders: Any) -> None:
        words = [sys.executable, "-m", module]
        # A session of its own: what is typed at the terminal does not reach it.
        options: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
        self._process = network.start(*words, **options)
        self.tell(**orders)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, **orders: Any) -> int:
        """Give orders; they hold when this returns. Gives how many connections they concern."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(orders).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
