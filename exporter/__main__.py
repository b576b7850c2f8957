"""The command `conndrop`, which is `python -m exporter` as well."""

import sys

INTERRUPTED = 130
"""Exit status of what SIGINT has ended, as a shell says it."""


def main() -> int:
    """Run the command line; an interrupt while it is still being read in is no crash."""
    try:
        from exporter import cli  # noqa: PLC0415  what takes a moment to read in must be interruptible

        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
