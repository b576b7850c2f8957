"""What targets tell each other: of a server they share, and of a way out that all of them share."""

from exporter.diagnosis.shared import Told, shared
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject


def told(target: str, *signs: Sign, host: str = "10.0.1.2", port: int = 5432) -> Told:
    subject = Subject(target=target, host=host, port=port, family="postgresql")
    return Told(subject=subject, facts=[Fact(sign=sign, text=f"{sign} of {target}") for sign in signs])


def learnt(*all_told: Told) -> dict[str, list[str]]:
    return {target: [fact.text for fact in facts] for target, facts in shared(all_told).items()}


def test_a_restart_that_one_has_seen_holds_for_all_at_the_same_place() -> None:
    one, other = told("one", Sign.SERVER_RESTARTED), told("other", Sign.FRESH_REFUSED)
    elsewhere = told("elsewhere", Sign.FRESH_REFUSED, port=5433)
    assert learnt(one, other, elsewhere) == {"other": ["server_restarted of one"]}
    assert learnt(one, told("two", Sign.SERVER_RESTARTED), other) == {"other": ["server_restarted of one"]}


def test_where_no_host_is_reached_they_share_the_way_out() -> None:
    dead = [told("one", Sign.ECHO_GAP), told("other", Sign.HELD_SILENT, host="10.0.2.2")]
    assert set(learnt(*dead)) == {"one", "other"}
    assert learnt(*dead, told("well", host="10.0.3.2")) == {}
    assert learnt(dead[0], told("same host", Sign.HELD_SILENT, port=3306)) == {}
