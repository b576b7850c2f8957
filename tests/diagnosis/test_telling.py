"""The words about an incident: values filled in, and nothing that a value could make of them."""

import pytest

from exporter.diagnosis.advice import idle_values
from exporter.diagnosis.catalogue.entry import Family
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.telling import LONGEST, SENTENCE, tell
from exporter.model import Cause, Severity, Step


def fact(text: str = "something was seen", **values: str) -> Fact:
    return Fact(sign=Sign.SAID, text=text, values=values)


def test_an_idle_timeout_is_told_with_its_numbers() -> None:
    facts = [fact("350 s of silence were not survived", **idle_values(345.0, 350.0))]
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", "postgresql", facts)
    assert words.summary == (
        "Connections to orders that are silent for more than 345 to 350 s are forgotten by a device on the "
        "way; the next query on them fails or is never answered"
    )
    assert words.severity is Severity.WARNING
    assert words.evidence == ("350 s of silence were not survived",)
    assert words.fix[0].copy == ("create_engine(url, pool_recycle=276, pool_pre_ping=True)",)
    assert str(words.fix[1]).endswith(
        "create_engine(url, connect_args=dict(keepalives=1, keepalives_idle=60, keepalives_interval=30, "
        "keepalives_count=3, tcp_user_timeout=150000))"
    )


def test_a_short_silence_has_as_many_digits_as_a_chart_has() -> None:
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", "mysql", [fact(**idle_values(9.97, 10.66))])
    assert "silent for more than 9.97 to 10.7 s" in words.summary


def test_several_lines_to_copy_go_on_one() -> None:
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", "mysql", [fact(**idle_values(4.5, 5.0))])
    assert "; sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1); " in str(words.fix[1])
    assert "sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)" in words.fix[1].copy


def test_sql_ends_with_a_semicolon_where_it_is_copied_and_with_one_only_where_it_is_read() -> None:
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", "postgresql", [fact(**idle_values(345.0, 350.0))])
    step = next(step for step in words.fix if "pg_reload_conf" in str(step))
    assert step.copy == ("ALTER SYSTEM SET tcp_keepalives_idle = 60;", "SELECT pg_reload_conf();")
    assert str(step).endswith(": ALTER SYSTEM SET tcp_keepalives_idle = 60; SELECT pg_reload_conf()")


def test_what_is_not_known_is_told_in_other_words() -> None:
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", "postgresql", [fact(survived="345")])
    assert words.summary.startswith("Connections to orders that are silent for long are forgotten")
    assert "four fifths" in words.fix[0].text
    assert not any("{" in str(line) for line in words.fix)


def test_a_fix_without_other_words_is_left_out() -> None:
    said = [step for step in tell(Cause.NET_LOSS, "orders", "mysql", []).fix if "belongs to" in step.text]
    assert said == []
    known = tell(
        Cause.NET_LOSS, "orders", "mysql", [fact(network="transit", hop="4", hop_address="192.0.2.4")]
    )
    assert known.fix[:2] == (
        Step(text="Tell whoever runs hop 4, 192.0.2.4: it starts there"),
        Step(text="That hop belongs to transit: open a ticket there"),
    )


@pytest.mark.parametrize(
    ("family", "ours", "theirs"),
    [("postgresql", "tcp_user_timeout", "setsockopt"), ("mysql", "setsockopt", "tcp_user_timeout")],
)
def test_fixes_for_the_other_family_are_left_out(family: str, ours: str, theirs: str) -> None:
    facts = [fact(**idle_values(345.0, 350.0))]
    words = tell(Cause.MIDDLEBOX_IDLE_TIMEOUT, "orders", family, facts)  # type: ignore[arg-type]
    fixes = " ".join(map(str, words.fix))
    assert ours in fixes
    assert theirs not in fixes


@pytest.mark.parametrize(
    ("family", "code", "first", "never"),
    [
        ("postgresql", "28000", "pg_hba.conf", "datname"),
        ("postgresql", "3D000", "SELECT datname FROM pg_database", "pg_hba.conf"),
        ("postgresql", "42501", "GRANT CONNECT", "pg_hba.conf"),
        ("postgresql", "55000", "ALLOW_CONNECTIONS", "pg_hba.conf"),
        ("mysql", "1044", "SHOW DATABASES", "CREATE USER"),
        ("mysql", "1049", "SHOW DATABASES", "CREATE USER"),
        ("mysql", "1130", "CREATE USER", "ssl_ca"),
        ("mysql", "1142", "SHOW GRANTS", "ssl_ca"),
        ("mysql", "1227", "SHOW GRANTS", "ssl_ca"),
        ("mysql", "3032", "offline_mode", "CREATE USER"),
        ("mysql", "3159", "ssl_ca", "CREATE USER"),
    ],
)
def test_a_fix_fits_what_the_server_said(family: Family, code: str, first: str, never: str) -> None:
    """Who asked for a database that does not exist is not sent to pg_hba.conf."""
    words = tell(Cause.AUTH_NOT_ALLOWED, "orders", family, [fact(code=code, said="no")])
    assert first in str(words.fix[0])
    assert not any(never in str(step) for step in words.fix)


def test_where_the_server_gave_no_code_everything_is_told() -> None:
    words = " ".join(map(str, tell(Cause.AUTH_NOT_ALLOWED, "orders", "postgresql", [fact()]).fix))
    assert all(copy in words for copy in ("pg_hba.conf", "sslmode", "datname", "GRANT CONNECT"))


def test_the_weightier_fact_wins() -> None:
    facts = [fact("a", said=""), fact("b", said="too many"), fact("c", said="another")]
    assert tell(Cause.PROXY_SATURATED, "orders", "mysql", facts).summary.endswith(": too many")


def test_what_is_known_of_a_target_needs_no_fact() -> None:
    known = {"host": "db.example.com", "port": "5432", "said": "known"}
    assert tell(Cause.SERVER_DOWN, "orders", "mysql", [], known).summary.startswith(
        "Nothing listens at port 5432 of orders"
    )
    words = tell(Cause.SERVER_READ_ONLY, "orders", "mysql", [fact(said="seen")], known)
    assert words.summary.endswith(": seen"), "what was seen is newer"


def test_no_fact_renames_the_target() -> None:
    words = tell(Cause.SERVER_READ_ONLY, "orders", "mysql", [fact(target="another", said="read-only")])
    assert words.summary == "orders takes no writes: read-only"


def test_evidence_is_told_in_order_and_once() -> None:
    words = tell(Cause.UNKNOWN, "orders", "mysql", [fact("b"), fact("a"), fact("b"), fact("c\nd")])
    assert words.evidence == ("b", "a", "c d")


def test_evidence_is_not_as_long_as_a_server_would_like() -> None:
    words = tell(Cause.UNKNOWN, "orders", "mysql", [fact(f"said: {'x' * 100_000}"), fact("y" * SENTENCE)])
    assert [len(line) for line in words.evidence] == [SENTENCE, SENTENCE]
    assert words.evidence[0].endswith("x…")


@pytest.mark.parametrize(
    "said",
    ["{target}", "{", "}{", "{0}", "{said.__class__}", "%s %(target)s", r"\1 \g<0>", "{{}}", "{unheard_of}"],
)
def test_a_value_is_never_filled_in_itself(said: str) -> None:
    assert tell(Cause.SERVER_READ_ONLY, "orders", "mysql", [fact(said=said)]).summary == (
        f"orders takes no writes: {said}"
    )


def test_a_target_with_braces_is_no_place_either() -> None:
    assert tell(Cause.SERVER_READ_ONLY, "{said}", "mysql", []).summary == "{said} takes no writes"


def test_values_stay_on_their_line() -> None:
    said = "one\ntwo\r\tthree\x1b[31m\u2028four\u202e"
    summary = tell(Cause.SERVER_READ_ONLY, "orders", "mysql", [fact(said=said)]).summary
    assert summary == "orders takes no writes: one two  three [31m four"


def test_a_value_of_nothing_but_control_characters_is_not_known() -> None:
    assert (
        tell(Cause.SERVER_READ_ONLY, "orders", "mysql", [fact(said="\n\0")]).summary
        == "orders takes no writes"
    )


def test_long_values_are_cut() -> None:
    said = tell(Cause.SERVER_READ_ONLY, "t", "mysql", [fact(said="x" * 201)]).summary.partition(": ")[2]
    assert said == "x" * (LONGEST - 1) + "…"
    whole = tell(Cause.SERVER_READ_ONLY, "t", "mysql", [fact(said="x" * 200)]).summary.partition(": ")[2]
    assert whole == "x" * LONGEST


@pytest.mark.parametrize(
    "address", ["10.1.2.3'; DROP TABLE t; --", "$(reboot)", "-x", "a b", "10.1.2.3\nall"]
)
def test_nothing_made_up_is_put_into_what_people_copy(address: str) -> None:
    fixes = tell(Cause.AUTH_NOT_ALLOWED, "orders", "mysql", [fact(our_address=address, code="1130")]).fix
    assert "CREATE USER 'app'@'ADDRESS'" in str(fixes[0])


@pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::1", "::1", "fe80::1%eth0", "db-1.example.com"])
def test_addresses_and_names_are_put_into_what_people_copy(address: str) -> None:
    fixes = tell(Cause.AUTH_NOT_ALLOWED, "orders", "mysql", [fact(our_address=address, code="1130")]).fix
    assert f"CREATE USER 'app'@'{address}'" in str(fixes[0])


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("family", ["postgresql", "mysql"])
def test_every_cause_can_be_told_without_any_fact(cause: Cause, family: str) -> None:
    words = tell(cause, "orders", family, [])  # type: ignore[arg-type]
    assert "orders" in words.summary
    assert words.fix
    assert not any("{target}" in str(text) for text in (words.summary, *words.fix))
