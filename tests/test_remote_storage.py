"""Past one Prometheus: the shipped examples, and the way from exporters over agents into another store."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.alerts import BOOK, Thresholds, printed
from exporter.alerts.incidents import DROPPING
from tests.alerts.files import alerts, rules
from tests.alerts.promtool import PROMTOOLS, promtool
from tests.alerts.test_metrics import HISTOGRAM, series
from tests.lab.exporter import HERE, exporter, only
from tests.servers import ServerMissing
from tests.servers.database import free_port
from tests.servers.releases import RELEASES
from tests.servers.service import Service, serving
from tests.servers.victoria import Victoria, victoria, vmalert
from tests.test_shipped import names
from tests.waiting import wait_for

FOLDER: Final = Path(__file__).parents[1] / "deploy" / "prometheus"
AGENT: Final = FOLDER / "agent.yml"
EXAMPLES: Final = sorted({AGENT, FOLDER / "federation.yml", *FOLDER.glob("remote-write-*.yml")})
AS_AGENT: Final = {"installed": "--enable-feature=agent", "newer": "--agent"}
LONGEST: Final = 60.0
ARRIVED: Final = (
    'conndrop_incident_active{vantage="a",cause="server.down",cluster="main"} == 1',
    "histogram_quantile(0.5, sum by (vantage, le) (conndrop_ping_rtt_seconds_bucket)) < 1",
    'count by (replica) (conndrop_ping_rtt_variation_seconds_count{site="east"}) == 2',
)
"""What exporters show, and the store soon has."""
BOTH: Final = ("count(count by (replica) (conndrop_target_info)) == 2",)
"""That it comes from the agents of two releases, and is told apart."""
CONCLUDED: Final = (
    "count(vantage:conndrop_trouble:worst == 2) == 2",
    'count(vantage:conndrop_trouble:verdict{verdict="server",severity="critical"}) == 2',
    'ALERTS{alertname="DatabaseTroubleEverywhere",alertstate="firing",target="orders"} == 1',
)
"""What it has in the end. Each rests on another, and one that is new is found after 10 s only."""


@pytest.mark.parametrize("release", PROMTOOLS)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_prometheus_takes_the_examples(path: Path, release: str) -> None:
    words = ["--syntax-only", *(["--agent"] if path == AGENT else [])]
    done = subprocess.run(
        [promtool(release), "check", "config", *words, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_sent_on_exists_and_no_rule_asks_for_it() -> None:
    """Neither an alert's expression nor its text."""
    texts = " ".join(text for rule in alerts() for text in rule.document["annotations"].values())
    asked = {name for rule in rules() for name in series(rule.document["expr"])}
    asked |= set(re.findall(r"conndrop_\w+", texts))
    every = {name + suffix for name in names() for suffix in ("", *HISTOGRAM)}
    for path in EXAMPLES:
        for write in yaml.safe_load(path.read_text()).get("remote_write", ()):
            for one in write["write_relabel_configs"]:
                dropped = {name for name in every if re.fullmatch(one["regex"], name)}
                assert dropped, (path.name, one)
                assert not dropped & asked, (path.name, one)


def configured(place: Path, store: Victoria, exporters: list[str], release: str) -> Path:
    """Write the shipped configuration of an agent with addresses and times of the test's own."""
    document: dict[str, Any] = yaml.safe_load(AGENT.read_text())
    document["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    document["global"]["external_labels"]["replica"] = release
    (job,) = document["scrape_configs"]
    job["static_configs"] = [{"targets": exporters, "labels": {"site": "east"}}]
    (write,) = document["remote_write"]
    write |= {"url": store.takes, "queue_config": {"batch_send_deadline": "100ms"}}
    file = place / f"agent-{release}.yml"
    file.write_text(json.dumps(document))  # which is YAML, too
    return file


@contextlib.contextmanager
def agent(place: Path, configuration: Path, release: str) -> Iterator[None]:
    """Run an agent; raises ServerMissing."""
    running = Service(HERE, f"127.0.0.1:{free_port()}")
    words = [
        RELEASES[release].program("prometheus"),
        AS_AGENT[release],
        f"--config.file={configuration}",
        f"--storage.agent.path={place / release}",
        f"--web.listen-address={running.address}",
    ]
    with serving(running, HERE, words, "/-/ready"):
        yield


@contextlib.contextmanager
def stored(place: Path, *releases: str) -> Iterator[Victoria]:
    """Run two exporters that watch what is down, an agent of each release, and the store."""
    quick = {"interval": "1s", "timeout": "1s"}
    probes = only(session=quick, tcp=quick, ping=quick)
    url = f"postgresql://probe@127.0.0.1:{free_port()}/orders"
    target = {"name": "orders", "url": url, "probes": probes}
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(victoria())
        exporters = [
            stack.enter_context(exporter(HERE, [target], further={"vantage": vantage})).address
            for vantage in "ab"
        ]
        for release in releases:
            configuration = configured(place, store, exporters, release)
            stack.enter_context(agent(place, configuration, release))
        yield store


@contextlib.contextmanager
def whole(place: Path, *releases: str) -> Iterator[tuple[Victoria, Service]]:
    """Have all rules evaluated there, besides; skip the test where something is missing, but not in CI."""
    hurried = Thresholds.model_validate({"vantages_settled": "5s"})
    ours = {name: groups for name, groups in BOOK.items() if name.startswith("conndrop-")}
    for name, text in printed(ours, hurried).items():
        (place / name).write_text(text)
    try:
        with stored(place, *releases) as store, vmalert(store, f"{place}/conndrop-*.yml") as judging:
            yield store, judging
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def firing(judging: Service) -> set[tuple[str, str]]:
    """Give name and vantage of the alerts that vmalert has found by itself."""
    found = judging.document("/api/v1/alerts")["data"]["alerts"] or ()  # null before the first
    return {(one["name"], one["labels"].get("vantage", "")) for one in found if one["state"] == "firing"}


def mistakes(judging: Service) -> Iterator[str]:
    """Give what vmalert could not evaluate."""
    for group in judging.document("/api/v1/rules")["data"]["groups"]:
        yield from (f"{rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule["lastError"])


def test_what_exporters_show_arrives_in_another_store_and_rules_are_evaluated_there(tmp_path: Path) -> None:
    with whole(tmp_path, "installed") as (store, judging):
        for question in ARRIVED:
            wait_for(partial(store.query, question), LONGEST)
        assert not store.query("conndrop_ping_rtt_variation_seconds_bucket")
        wait_for(lambda: firing(judging) >= {(DROPPING, "a"), (DROPPING, "b")}, LONGEST)
        assert list(mistakes(judging)) == []


@pytest.mark.thorough
def test_rules_that_rest_on_others_come_to_their_conclusion_there(tmp_path: Path) -> None:
    with whole(tmp_path, *RELEASES) as (store, _):
        for question in (*ARRIVED, *BOTH, *CONCLUDED):
            wait_for(partial(store.query, question), 2 * LONGEST)
