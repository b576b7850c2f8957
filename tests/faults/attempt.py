"""One scenario, tried: a site, an exporter that is warm, the fault, and what is said of it."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.faults.kept import keep, moved
from tests.faults.outcome import Outcome, Verdict, Watch
from tests.faults.scenario import Place, Scenario
from tests.lab.exporter import Exporter, exporter
from tests.lab.site import Site
from tests.servers import Certificates, Database, MariaDb, MySql, Postgres
from tests.waiting import wait_for

KINDS: Final[Mapping[str, type[Database]]] = {kind.name: kind for kind in (Postgres, MariaDb, MySql)}
PROBES: Final[Mapping[str, object]] = {
    "ping": {"interval": "500ms", "timeout": "500ms"},
    "path": {"interval": "5s"},
    "mtu": {"interval": "10s"},
    "dns": {"interval": "2s", "timeout": "2s"},
    "tcp": {"interval": "1s", "timeout": "1s"},
    "tls": {"interval": "10s", "timeout": "5s"},
    "session": {"interval": "2s", "timeout": "2s"},
    "sentinel": {"connections": 1, "heartbeat": "1s"},
    "idle": False,
    "server": {"interval": "2s", "timeout": "2s"},
}
"""What a target of the bench is probed with, where a scenario does not say otherwise."""
LADDER: Final = {"ladder": ["1s", "2s", "4s", "6s", "8s", "16s"], "keepalive": "1s"}
"""Settings of `idle` in scenarios about idle timeouts."""
DIAGNOSIS: Final = {"quiet": "10s"}
WARM: Final = 60.0
"""Seconds within which all must be well."""
CALM: Final = 8.0
"""Seconds for which all stays well before the fault."""
LOOK: Final = 0.2
STAYS: Final = 5.0
"""Seconds for which the right name has to stay."""


def attempt(scenario: Scenario, databases: Sequence[str], certificates: Certificates) -> list[Outcome]:
    """Try a scenario on databases of one site, side by side; what breaks is an outcome, too."""
    try:
        with contextlib.ExitStack() as stack:
            site = stack.enter_context(Site(certificates, *(KINDS[name] for name in databases)))
            common: dict[str, Any] = {}
            places = [
                Place(site=site, name=name, stack=stack, notes=common if scenario.shared else {})
                for name in databases
            ]
            groups = [places] if scenario.shared else [[place] for place in places]
            with ThreadPoolExecutor(len(groups)) as pool:
                tried = pool.map(lambda group: _tried(scenario, group), groups)
                return [outcome for outcomes in tried for outcome in outcomes]
    except Exception as trouble:  # noqa: BLE001  the others go on
        return [_broken(scenario, name, trouble) for name in databases]


def _tried(scenario: Scenario, places: Sequence[Place]) -> list[Outcome]:
    try:
        return _try(scenario, places)
    except Exception as trouble:  # noqa: BLE001  the others go on
        return [_broken(scenario, place.name, trouble) for place in places]


def _broken(scenario: Scenario, name: str, trouble: Exception) -> Outcome:
    said = f"{type(trouble).__name__}: {trouble}"[-600:]
    return Outcome(scenario=scenario, database=name, verdict=Verdict.BROKEN, trouble=said)


def _try(scenario: Scenario, places: Sequence[Place]) -> list[Outcome]:
    """Try a scenario on what one exporter has for targets."""
    targets = [target(place, scenario.prepare(place)) for place in places]
    with contextlib.ExitStack() as stack:
        if scenario.timeout:
            stack.enter_context(scenario.bring(places[0]))
            running = stack.enter_context(started(places, targets))
        else:
            running = stack.enter_context(warm(places, targets))
        before, begun, since = running.everything(), time.time(), time.monotonic()
        watches = {place.name: Watch(scenario, place.name, begun) for place in places}
        with contextlib.nullcontext() if scenario.timeout else scenario.bring(places[0]):
            while _looking(running, list(watches.values()), time.monotonic() - since, scenario.seconds):
                time.sleep(LOOK)
            moves = moved(before, running)
        for name, watch in watches.items():
            said = {"outcome": str(watch.outcome()), "incidents": watch.history}
            keep(scenario.name, name, said=said, running=running, begun=begun, moves=moves)
    return [watch.outcome() for watch in watches.values()]


def _looking(running: Exporter, watches: Sequence[Watch], after: float, seconds: float) -> bool:
    """Read what is said so long after the fault; tell whether there is more to wait for."""
    documents = told(running)
    if documents is not None:
        for watch in watches:
            watch.look(after, documents)
    settled = all(watch.named is not None and after >= watch.named + STAYS for watch in watches)
    return not settled and after < seconds


@contextlib.contextmanager
def started(places: Sequence[Place], targets: Sequence[dict[str, Any]]) -> Iterator[Exporter]:
    """Run an exporter on the targets of a scenario."""
    further = {"diagnosis": DIAGNOSIS}
    with exporter(places[0].site.client, targets, etc=places[0].etc, further=further) as running:
        for place in places:
            place.exporter = running
        yield running


@contextlib.contextmanager
def warm(places: Sequence[Place], targets: Sequence[dict[str, Any]]) -> Iterator[Exporter]:
    """Run an exporter on the targets of a scenario; all is well, and has been for a while."""
    with started(places, targets) as running:
        for one in targets:
            wait_for(_well(running, one), WARM)
        time.sleep(CALM)
        for one in targets:
            wait_for(_well(running, one), WARM)
        yield running


def target(place: Place, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give a target with the bench's probes, but for what the settings say of them."""
    probes = dict(PROBES)
    for name, own in settings.get("probes", {}).items():
        usual = probes.get(name)
        probes[name] = usual | own if isinstance(own, dict) and isinstance(usual, dict) else own
    return {"connection_budget": 12, **settings, "name": place.name, "probes": probes}


def _well(running: Exporter, one: Mapping[str, Any]) -> Callable[[], bool]:
    """Give a question: whether every probe of a target that tells anything tells something good."""
    name, probes = one["name"], one["probes"]

    def asked() -> bool:
        assert running.process.poll() is None, "the exporter has ended"
        time.sleep(LOOK)
        found = running.everything()

        def value(sample: str, **labels: str) -> float:
            return found.get((sample, frozenset({"target": name, **labels}.items())), 0.0)

        held = value("conndrop_held_connections", probe="sentinel")
        looked = any(sample.startswith("conndrop_server_") and ("target", name) in labels and worth
                     for (sample, labels), worth in found.items())  # fmt: skip
        active = any(sample == "conndrop_incident_active" and ("target", name) in labels and worth
                     for (sample, labels), worth in found.items())  # fmt: skip
        return (
            (not probes["session"] or value("conndrop_up") == 1)
            and (not probes["sentinel"] or held >= probes["sentinel"]["connections"])
            and (not probes["ping"] or value("conndrop_ping_rtt_seconds_count") > 0)
            and (not probes["server"] or looked)
            and not active
        )

    return asked


def told(running: Exporter) -> list[dict[str, Any]] | None:
    """Give the incidents, None where the exporter cannot be asked now."""
    try:
        return running.incidents(within=2.0)
    except OSError:
        return None
