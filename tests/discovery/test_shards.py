"""Several exporters that share what they discover, as processes."""

import re
import signal
from pathlib import Path

import yaml

from exporter.probes import KINDS
from tests.test_daemon import Daemon, daemon
from tests.waiting import wait_for

OFF = {kind.name: False for kind in KINDS}


def test_two_shards_share_what_is_discovered(tmp_path: Path) -> None:
    """Two processes with one configuration: each target is one's own, and both follow a file that changes."""
    names = {f"db{number}" for number in range(12)}
    (tmp_path / "list.json").write_text(f'[{{"targets": {sorted(names)}}}]'.replace("'", '"'))
    entry = {
        "files": ["list.json"],
        "target": {"url": "mysql://u@{address}/d", "name": "{host}", "probes": OFF},
    }
    text = yaml.safe_dump({"file_sd_configs": [{**entry, "refresh_interval": "1h"}]})
    with daemon(tmp_path, text, "--shard=0/2") as one, daemon(tmp_path, text, "--shard", "1/2") as other:
        both = (one, other)
        wait_for(lambda: all(shown(each) for each in both))
        assert not shown(one) & shown(other)
        assert shown(one) | shown(other) == names
        for ordinal, each in enumerate(both):
            assert each.value("conndrop_shard_ordinal") == ordinal
            assert each.value("conndrop_shards") == 2
            assert each.value("conndrop_discovery_targets", source="file_sd_configs[0]") == 12
            assert each.get("config").count("- name: db") == 12
            assert f"shard={ordinal}/2" in each.lines[0]
        (tmp_path / "list.json").write_text('[{"targets": ["db1", "new"]}]')
        for each in both:
            each.process.send_signal(signal.SIGHUP)
        wait_for(lambda: shown(one) | shown(other) == {"db1", "new"})
        assert not shown(one) & shown(other)


def shown(running: Daemon) -> set[str]:
    """Name the targets that a process looks after."""
    return set(re.findall(r'conndrop_target_info\{[^}]*target="([^"]+)"', running.get("metrics")))
