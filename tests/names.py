"""A resolver configuration of one's own, for a thread and those that it starts."""

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNS = 0x00020000


def use_own_etc(directory: Path, **files: str) -> None:
    """Let this thread see other files in /etc: `resolv_conf`, `hosts`; they can be written to in `directory`.

    The system's resolution is `files dns` meanwhile, whatever the machine uses otherwise.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("--make-rprivate", "/")
    for name, text in {"nsswitch_conf": "hosts: files dns\n", **files}.items():
        file = name.replace("_", ".")
        (directory / file).write_text(text)
        _mount("--bind", str(directory / file), f"/etc/{file}")


def _mount(*arguments: str) -> None:
    # A thread's children see what the thread sees.
    subprocess.run(
        ("mount", *arguments), check=True, capture_output=True, env={"PATH": f"{os.environ['PATH']}:/usr/bin"}
    )
