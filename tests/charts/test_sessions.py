"""What is drawn of connections: their phases, how long they may be silent, the hops on their way."""

import pytest

from exporter.web.charts import hop, ladder, waterfall
from tests.charts.drawn import RUNGS, of, share_of_width, told, words


def test_a_waterfall_has_each_phase_where_the_one_before_ended() -> None:
    picture = waterfall([("dns", 0.010), ("tcp", 0.020), ("auth", 0.070)], None, "orders")
    assert [share_of_width(each) for each in of(picture, "phase")] == [(0, 10), (10, 20), (30, 70)]
    assert told(picture) == (
        "The session took 100 ms: dns 10 ms, tcp 20 ms, auth 70 ms. Of that, 70 % went into auth."
    )
    assert not of(picture, "failed")


@pytest.mark.parametrize(
    ("phases", "failed", "sentence"),
    [
        ([("dns", 0.001), ("tcp", 3.0)], "tcp", "The session failed in tcp after 3 s: dns 1 ms, tcp 3 s."),
        ([("dns", 0.001)], "tcp", "The session failed in tcp: dns 1 ms."),
        ([], "dns", "The session failed in dns."),
        ([], None, "No session has been tried yet."),
        (
            [("tcp", 0.001), ("auth", 0.001), ("query", 0.001)],
            None,
            "The session took 3 ms: tcp 1 ms, auth 1 ms, query 1 ms.",
        ),
    ],
)
def test_a_waterfall_tells_what_failed(
    phases: list[tuple[str, float]], failed: str | None, sentence: str
) -> None:
    picture = waterfall(phases, failed, "orders")
    assert told(picture) == sentence
    assert len(of(picture, "failed")) == (failed is not None)
    assert any(each.startswith("✕") for each in words(picture)) == (failed is not None)


@pytest.mark.parametrize(
    ("survived", "killed", "keepalive", "recycle", "sentence"),
    [
        (
            300,
            360,
            120,
            240,
            "survived 5 min, ended after 6 min. Set TCP keepalive to 2 min. Set pool_recycle to 4 min.",
        ),
        (46.0, 46.4, None, None, "survived 46 s, ended after 46.4 s."),
        (600, None, None, None, "survived up to 10 min."),
        (None, 30, None, None, "ended after 30 s."),
    ],
)
def test_a_ladder_tells_the_timeout(
    survived: float | None,
    killed: float | None,
    keepalive: float | None,
    recycle: float | None,
    sentence: str,
) -> None:
    picture = ladder(RUNGS, survived, killed, recycle, keepalive, "orders")
    assert told(picture) == f"Silence on a connection: {sentence}"
    assert len(of(picture, "between")) == (killed is not None)
    assert len(of(picture, "deadly")) == (killed is not None)


def test_a_ladder_shows_what_was_tried() -> None:
    """In order, by signs; of those too close together to be told apart, the first."""
    signs = [str(each.text) for each in of(ladder(RUNGS, 239, 360, None, None, "orders"), "rung")]
    assert signs == ["✓", "✓", "✓", "○", "✕", "✕"]


def test_what_is_to_be_set_points_at_its_place() -> None:
    """Before the timeout, with its words on the side that has room."""
    picture = ladder(RUNGS, 240, 360, 200, 40, "orders")
    assert {"▲ keepalive 40 s", "pool_recycle 3 min 20 s ▲"} <= set(words(picture))
    safe = share_of_width(of(picture, "safe")[0])[1]
    assert all(
        float(line.attrib["x1"].rstrip("%")) < safe for line in of(picture, "advice") if line.tag == "line"
    )


def test_a_hop_is_drawn_on_the_scale_of_its_path() -> None:
    """Ten times as long is as far to the right everywhere: one long delay does not flatten the others."""
    picture = hop(0.010, 0.020, 0.100, loss=0.5, shortest=0.001, longest=0.100, name="hop 3")
    assert [share_of_width(each) for each in of(picture, "range")] == [(50, 50)]
    assert [share_of_width(each)[0] for each in of(picture, "middle-mark")] == [65.05]
    assert [share_of_width(each) for each in of(picture, "loss")] == [(0, 50)]
    assert told(picture) == "20 ms on average, 10 ms to 100 ms, 50 % unanswered."
    silent = hop(None, None, None, loss=1, shortest=0.001, longest=1, name="hop 4")
    assert told(silent) == "This hop does not answer."
