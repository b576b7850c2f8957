"""A healthy lab under load: all rules are evaluated, and none fires. `make quiet` has an hour of it."""

import os
from typing import Final

import pytest

from tests.networks import needs_namespaces
from tests.paging.healthy import Lab, healthy
from tests.paging.monitoring import WATCHDOG, Pace
from tests.paging.quiet import quiet
from tests.paging.shipped import FASTER
from tests.servers import Certificates, ServerMissing
from tests.servers.releases import NEWER
from tests.waiting import wait_for

pytestmark = needs_namespaces
SECONDS: Final = 45.0
SHORT: Final = Pace(
    scrape=1,
    evaluation=1,
    timing=FASTER,
    hurried=True,
    probes={
        "session": {"interval": "5s", "timeout": "5s"},
        "server": {"interval": "5s", "timeout": "5s", "compatible_names": True},
        "tcp": {"interval": "2s", "timeout": "2s"},
        "dns": {"interval": "5s", "timeout": "5s"},
        "tls": {"interval": "5s", "timeout": "5s"},
        "path": {"interval": "5s"},
        "mtu": {"interval": "10s"},
        "sentinel": {"heartbeat": "1s"},
    },
)
LEAST: Final = 10
"""How often a second the databases are used, at least: less is no load."""


def test_a_healthy_lab_under_load_fires_nothing(certificates: Certificates) -> None:
    try:
        with healthy(certificates, SHORT, NEWER) as lab:
            found = quiet(lab, SECONDS)
            assert list(found.problems) == [], str(found)
            assert found.watched > SECONDS / 2
            assert found.done > LEAST * SECONDS
            assert len(found.rules) > 1
            wait_for(lambda: told(lab))
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def told(lab: Lab) -> bool:
    """Whether what fires is told: had another alert fired, it would have been, too."""
    return {alert["labels"]["alertname"] for _, alert in lab.monitoring.receiver.alerts("/hook")} == {
        WATCHDOG
    }
