"""The configuration, read for the probes, databases and looks on request that there are."""

from pathlib import Path

from exporter.config import Configuration, load
from exporter.db import DIALECTS
from exporter.probes import KINDS


def read_configuration(path: Path) -> Configuration:
    """Read a configuration for the probes and databases there are; raise ConfigurationError."""
    return load(path, KINDS, DIALECTS)
