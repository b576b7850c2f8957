"""The composition root: the only room that knows every other."""

from exporter.app.daemon import Daemon, read_configuration, run

__all__ = ["Daemon", "read_configuration", "run"]
