"""The first process of a container, in a namespace of processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

READING: Final = """\
import os, sys, time, types
from exporter.__main__ import main

def read_in():
    print(os.getpid(), flush=True)
    time.sleep(60)

sys.modules["exporter.cli"] = types.SimpleNamespace(main=read_in)
sys.exit(main())
"""
"""The command, which does not get beyond its own beginning."""
ALONE: Final = ("unshare", "--pid", "--fork", "--kill-child")


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of processes need root")
def test_it_ends_even_while_it_begins() -> None:
    """The kernel would drop the signal, and a kubelet or Docker wait until its grace is over."""
    words = [*ALONE, sys.executable, "-c", READING]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as outside:
        try:
            assert outside.stdout is not None
            assert outside.stdout.readline() == "1\n"
            (first,) = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text().split()
            os.kill(int(first), signal.SIGTERM)
            assert outside.wait(10) == 128 + signal.SIGTERM
        finally:
            outside.kill()
