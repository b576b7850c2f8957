"""The composition root: the only room that knows every other."""

from exporter.app.daemon import Daemon
from exporter.app.entrance import Entrance
from exporter.app.options import Options
from exporter.app.reading import read_configuration
from exporter.app.reloading import Source
from exporter.app.running import run

__all__ = ["Daemon", "Entrance", "Options", "Source", "read_configuration", "run"]
