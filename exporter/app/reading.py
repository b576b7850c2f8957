"""The configuration, read for the probes, databases and looks on request that there are."""

from dataclasses import replace
from pathlib import Path

from exporter.config import Configuration, load
from exporter.db import DIALECTS
from exporter.probes import KINDS


def read_configuration(path: Path, vantage: str | None = None) -> Configuration:
    """Read a configuration for the probes and databases there are; raise ConfigurationError.

    Where a `vantage` is given, it holds in place of that of the file: many exporters can share one file.
    """
    found = load(path, KINDS, DIALECTS)
    return found if vantage is None else replace(found, vantage=vantage)
