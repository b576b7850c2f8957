"""The configuration: what may be written, where each mistake is, and what it all means."""

from exporter.config.loading import load
from exporter.config.meaning import Configuration, ProbedTarget
from exporter.config.problems import ConfigurationError, Problem
from exporter.config.schema import json_schema
from exporter.config.validating import load_block

__all__ = [
    "Configuration",
    "ConfigurationError",
    "ProbedTarget",
    "Problem",
    "json_schema",
    "load",
    "load_block",
]
