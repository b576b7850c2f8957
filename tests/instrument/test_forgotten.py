"""Connections that an application forgets: the garbage collector gives them back, wherever it happens to run.

What it interrupts may hold a lock, which its own thread cannot have twice.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

WITHIN = 60.0
"""Seconds after which a program counts as one that hangs."""
APPLICATION = """
    import gc, logging, os, sys, threading
    import prometheus_client
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import QueuePool
    from exporter.instrument import instrument

    class Lines(logging.Handler):
        # As one that puts lines in a queue, whose lock it takes.
        def createLock(self):
            self.lock = None

        def emit(self, record):
            with one_at_a_time:
                lines.append(record.getMessage())
                if record.name == "app":
                    collect()
                    collect()  # the first one has gone back to the pool

    def forget():
        for _ in range(400):
            box = [engine.raw_connection()]
            box.append(box)
            forgotten.append(box)

    def collect():
        if forgotten:
            forgotten.pop()
            gc.collect()

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(os.path.dirname(prometheus_client.__file__)):
            return None
        if event == "line":
            collect()
        return trace

    def count_things():
        prometheus_client.Counter("app_orders", "Orders", ["kind"]).labels("new").inc()

    def fail():
        try:
            with engine.connect() as connection:
                connection.execute(text("nonsense"))
        except OperationalError:
            pass

    def close():
        first, second = engine.raw_connection(), engine.raw_connection()
        first.close()
        second.close()  # the pool has one by then

    def say():
        logging.getLogger("app").info("done")

    gc.disable()
    gc.freeze()
    one_at_a_time, lines, forgotten = threading.Lock(), [], []
    logging.basicConfig(level=logging.DEBUG, handlers=[Lines()])
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=-1)
    instrument(engine, "orders")
    for do in {what}:
        forget()
        sys.settrace(trace)
        do()
        sys.settrace(None)
        while forgotten:
            collect()
    engine.dispose()
    registry = prometheus_client.REGISTRY
    if {shared}:
        from prometheus_client import multiprocess
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    for name in ("connects", "disconnects"):
        samples = [one for family in registry.collect() for one in family.samples]
        print(sum(one.value for one in samples if one.name == f"conndrop_app_{name}_total"))
    print(sum("event=disconnect" in line for line in lines))
"""
DOING = ["count_things", "fail", "close", "say"]


@pytest.mark.parametrize("what", DOING)
@pytest.mark.parametrize("shared", [False, True])
def test_they_are_counted_and_nothing_hangs(what: str, tmp_path: Path, *, shared: bool) -> None:
    """The collector runs at each line of prometheus_client's and of a log handler's; `shared`: in files."""
    where = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)} if shared else {}
    program = textwrap.dedent(APPLICATION).replace("{shared}", str(shared)).replace("{what}", f"[{what}]")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, timeout=WITHIN, env=os.environ | where, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    connects, disconnects, told = (float(word) for word in done.stdout.split())
    assert connects >= 400
    assert disconnects == connects == told
