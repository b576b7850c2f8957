"""The configuration: what may be written, where each mistake is, and what it all means."""

from exporter.config.loading import load
from exporter.config.meaning import Configuration, Module, ProbedTarget
from exporter.config.problems import ConfigurationError, Problem
from exporter.config.reference import page as configuration_page
from exporter.config.schema import json_schema
from exporter.config.showing import Shown, shown, shown_settings
from exporter.config.sources import Sources
from exporter.config.validating import load_block
from exporter.config.web import load_access

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Module",
    "ProbedTarget",
    "Problem",
    "Shown",
    "Sources",
    "configuration_page",
    "json_schema",
    "load",
    "load_access",
    "load_block",
    "shown",
    "shown_settings",
]
