"""What a scrape is asked for in its URL: parts of all there is, and details left out."""

import pytest

from exporter.exposition import SERIES
from exporter.exposition.choice import ALL, DETAILS, PARTS, PROBES, Choice
from exporter.exposition.families import Families
from exporter.exposition.held import DropFamilies
from exporter.exposition.incidents import IncidentMetrics
from exporter.exposition.own import OwnMetrics
from exporter.exposition.registry import KEPT, Scrape, new_registry
from exporter.model import Cause
from tests.scraping import Samples, parse_openmetrics, parse_text, samples_of

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def scrape() -> Scrape:
    """Everything there is of two targets, one of which has had a failure, an incident and hops."""
    registry, families = new_registry(), Families()
    own = OwnMetrics(registry, families)
    for name, begin in SERIES.items():
        series = begin(families.room(name))
        own.expect(name, ("late",))
        for target in ("a", "b"):
            series.expect(target)
    incidents = IncidentMetrics(families.room("incidents"))
    for target in ("a", "b"):
        incidents.expect(target)
    incidents.active("a", {Cause.SERVER_DOWN})
    incidents.counted("a", Cause.SERVER_DOWN)
    families.room("path").counter("conndrop_path_hop_sent_total", "Probes.", "target", "ttl").labels("a", "1")
    return Scrape(registry, families)


def names(scrape: Scrape, query: str) -> set[str]:
    return {name for name, _ in samples(scrape, query)}


def samples(scrape: Scrape, query: str) -> Samples:
    return samples_of(parse_text(scrape("", query)[1].decode()))


def test_each_part_is_there_by_itself_and_all_parts_are_everything(scrape: Scrape) -> None:
    whole, found = samples(scrape, ""), []
    for part in PARTS:
        found += [key for key in samples(scrape, f"collect[]={part}") if key[0].startswith("conndrop")]
    assert sorted(found) == sorted(key for key in whole if key[0].startswith("conndrop"))
    assert set(PROBES) == set(SERIES)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_excluded_is_what_would_be_collected(scrape: Scrape, part: str) -> None:
    assert names(scrape, f"exclude[]={part}") == names(scrape, "") - names(scrape, f"collect[]={part}")


def test_histograms_without_classes_still_count_and_add_up(scrape: Scrape) -> None:
    whole, less = samples(scrape, ""), samples(scrape, "exclude%5B%5D=buckets")
    assert {key for key in whole if key not in less} == {
        (name, labels) for name, labels in whole if name.endswith("_bucket") and dict(labels)["le"] != "+Inf"
    }
    assert all(whole[key] == value for key, value in less.items() if key[0].startswith("conndrop"))


def test_causes_that_have_not_come_up_can_be_left_out(scrape: Scrape) -> None:
    less = samples(scrape, "exclude[]=zeros&collect[]=incidents&collect[]=session")
    causes = [(name, dict(labels)) for name, labels in less if "cause" in dict(labels)]
    down = {"target": "a", "cause": "server.down"}
    assert sorted(causes, key=str) == [("conndrop_incident_active", down), ("conndrop_incidents_total", down)]
    assert ("conndrop_session_attempts_total", frozenset({("target", "a")})) in less


def test_hops_can_be_left_out(scrape: Scrape) -> None:
    assert "conndrop_path_hop_sent_total" in names(scrape, "collect[]=path")
    assert "conndrop_path_hop_sent_total" not in names(scrape, "collect[]=path&exclude[]=hops")
    assert "conndrop_path_rounds_total" in names(scrape, "collect[]=path&exclude[]=hops")


@pytest.mark.parametrize("detail", ["", *DETAILS])
def test_both_forms_stay_whole(scrape: Scrape, detail: str) -> None:
    query = f"collect[]=session&exclude[]={detail}" if detail else "collect[]=session"
    kind, content = scrape(OPENMETRICS, query)
    assert kind.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")
    parsed = samples_of(parse_openmetrics(content.decode()))
    assert parsed == samples(scrape, query)


def test_held_connections_are_a_part_of_their_own() -> None:
    families = Families()
    families.shared(DropFamilies).expect("a", "idle")
    text = b"".join(families.render(openmetrics=False, choice=Choice(collect=frozenset({"held"}))))
    assert b'conndrop_held_connections{probe="idle",target="a"} 0.0' in text
    assert not list(families.render(openmetrics=False, choice=Choice(collect=frozenset({"idle"}))))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("collect[]=pings", "collect[]: 'pings' is unknown; allowed: ping, path, mtu,"),
        ("collect[]=buckets", "collect[]: 'buckets' is unknown; allowed: ping,"),
        ("exclude[]=", "exclude[]: '' is unknown; allowed: ping,"),
        ("collect=ping", "'collect': unknown parameter; allowed: collect[], exclude[]"),
        ("&".join(["collect[]=ping"] * 65), "too many parameters; allowed: collect[], exclude[]"),
    ],
)
def test_what_makes_no_sense_is_said(scrape: Scrape, query: str, said: str) -> None:
    with pytest.raises(ValueError, match="allowed") as caught:
        scrape("", query)
    assert str(caught.value).startswith(said)


def test_what_is_asked_twice_is_the_same() -> None:
    assert Choice.parse("collect[]=tcp&collect[]=ping&collect[]=ping") == Choice.parse(
        "collect[]=ping&collect[]=tcp"
    )
    assert Choice.parse("") == ALL


def test_few_renderings_are_kept_however_many_are_asked_for(scrape: Scrape) -> None:
    for part in PARTS:
        scrape("", f"collect[]={part}")
    assert len(scrape._rendered) == KEPT
