"""The time without a connection."""

from exporter.probes.outage import Outage


def test_an_outage_is_told_while_it_goes_on_and_once_in_all() -> None:
    outage = Outage()
    outage.begin(10)
    outage.begin(12)
    assert [outage.take(15), outage.take(15), outage.take(16)] == [5, 0, 1]
    outage.end(20)
    assert [outage.take(30), outage.take(40)] == [4, 0]


def test_outages_add_up() -> None:
    outage = Outage()
    for since in (0, 100):
        outage.begin(since)
        outage.end(since + 3)
    outage.end(500)
    assert outage.take(1000) == 6
