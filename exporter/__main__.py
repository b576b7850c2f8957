"""The command `conndrop`, which is `python -m exporter` as well."""

import os
import signal
import sys

INTERRUPTED = 130
"""Exit status of what SIGINT has ended, as a shell says it."""
TERMINATED = 143
"""That of what SIGTERM has ended."""


def main() -> int:
    """Run the command line; an interrupt while it is still being read in is no crash."""
    if os.getpid() == 1:
        # The first process of a container: the kernel keeps from it what it has no handler for, and whoever
        # wants it to end waits in vain. What can end in good order sets a handler of its own later.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
    try:
        from exporter import cli  # noqa: PLC0415  what takes a moment to read in must be interruptible

        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
