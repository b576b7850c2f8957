"""The configuration: what may be written, where each mistake is, and what it all means."""

from exporter.config.address import UrlError, prepare, read_url
from exporter.config.loading import load
from exporter.config.meaning import Configuration, Module
from exporter.config.naming import check_name
from exporter.config.probed import ProbedTarget
from exporter.config.problems import ConfigurationError, Problem
from exporter.config.reference import page as configuration_page
from exporter.config.schema import json_schema
from exporter.config.showing import Shown, is_secret, shown, shown_settings, shown_url
from exporter.config.validating import load_block
from exporter.config.web import load_access

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Module",
    "ProbedTarget",
    "Problem",
    "Shown",
    "UrlError",
    "check_name",
    "configuration_page",
    "is_secret",
    "json_schema",
    "load",
    "load_access",
    "load_block",
    "prepare",
    "read_url",
    "shown",
    "shown_settings",
    "shown_url",
]
