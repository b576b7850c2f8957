"""Settings of gunicorn for the shop (see docs/instrument.md)."""

from typing import Any

from prometheus_client.multiprocess import mark_process_dead

preload_app = True
workers = 2


def child_exit(server: Any, worker: Any) -> None:
    """Take away what a worker that has gone told of its pool."""
    del server
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # it has none
