"""What a sound configuration means."""

import json
from pathlib import Path

import pytest
import yaml

from exporter.app import read_configuration
from exporter.config import Configuration, ConfigurationError, json_schema
from exporter.model import Secret, SecretUnreadable
from exporter.probes import KINDS
from exporter.settings import Settings, format_duration, parse_duration, parse_percentage

CONFIG = Path(__file__).parents[2] / "config"


def configured(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "exporter.yml"
    path.write_text(text)
    return read_configuration(path)


def test_a_name_and_a_url_are_enough(tmp_path: Path) -> None:
    """Everything else has a default."""
    (only,) = configured(tmp_path, "targets:\n- name: a\n  url: mysql://u@h/d\n").targets
    assert (only.target.endpoint.port, only.target.endpoint.dialect) == (3306, "mysql")
    assert only.target.endpoint.password is None
    assert set(only.probes) == {kind.name for kind in KINDS} - {"pool"}
    assert only.connection_budget == 9
    assert only.probes["session"].interval == 15
    assert only.probes["ping"].timeout == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u@h", ("postgresql", "h", 5432, "u", "", {})),
        ("postgresql+asyncpg://u@h:6432/d", ("postgresql", "h", 6432, "u", "d", {})),
        ("POSTGRESQL://u@h/d", ("postgresql", "h", 5432, "u", "d", {})),
        (
            "mariadb+pymysql://u@[::1]/d?charset=utf8mb4",
            ("mariadb", "::1", 3306, "u", "d", {"charset": "utf8mb4"}),
        ),
        ("mysql://a%40b@db_1.example.com/d%2F1", ("mysql", "db_1.example.com", 3306, "a@b", "d/1", {})),
    ],
)
def test_urls(tmp_path: Path, url: str, expected: tuple[object, ...]) -> None:
    """As SQLAlchemy writes them; the driver makes no difference."""
    (only,) = configured(tmp_path, f"targets:\n- name: a\n  url: '{url}'\n").targets
    endpoint = only.target.endpoint
    found = (
        endpoint.dialect,
        endpoint.host,
        endpoint.port,
        endpoint.user,
        endpoint.database,
        dict(endpoint.params),
    )
    assert found == expected


def test_settings_of_a_target_win_over_defaults(tmp_path: Path) -> None:
    """What is written nearest counts; an unwritten timeout gives way to a shorter interval."""
    configuration = configured(
        tmp_path,
        "defaults:\n  session: {interval: 20s, query: SELECT 2}\n  ping: false\ntargets:\n"
        "- name: a\n  url: mysql://u@h/d\n  probes: {session: {interval: 2s}, ping: false}\n"
        "- name: b\n  url: mysql://u@h/d\n  probes: {session: true, ping: {interval: 5s}}\n"
        "- name: c\n  url: mysql://u@h/d\n  probes:\n".replace("  ping: false\ntargets", "targets"),
    )
    a, b, c = (dict(target.probes) for target in configuration.targets)
    assert "ping" not in a
    assert a["session"].interval == a["session"].timeout == 2
    assert a["session"].model_dump()["query"] == "SELECT 2"
    assert (b["session"].interval, b["session"].timeout) == (20, 5)
    assert (b["ping"].interval, b["ping"].timeout) == (5, 1)
    assert c["session"] == b["session"]


def test_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, from a file that is read anew each time, or from the URL; shown nowhere."""
    monkeypatch.setenv("ORDERS_PASSWORD", "hunter2")
    secret = tmp_path / "secret"
    secret.write_text("correct horse\r\n")
    configuration = configured(
        tmp_path,
        "targets:\n- {name: a, url: 'mysql://u@h/d', password: {env: ORDERS_PASSWORD}}\n"
        "- {name: b, url: 'mysql://u@h/d', password: {file: secret}}\n"
        "- {name: c, url: 'mysql://u:hunter%402@h/d'}\n",
    )
    passwords = [target.target.endpoint.password for target in configuration.targets]
    assert [password and password.reveal() for password in passwords] == [
        "hunter2",
        "correct horse",
        "hunter@2",
    ]
    assert not any(word in repr(configuration) for word in ("hunter", "horse", "other"))
    _, file, *_ = passwords
    assert file is not None
    assert file.mask("it is correct horse, see") == "it is <secret>, see"
    secret.write_text("staple\n")
    assert file.reveal() == "staple"
    secret.write_bytes(b"\xff")
    with pytest.raises(SecretUnreadable, match="not UTF-8 text"):
        file.reveal()
    secret.unlink()
    with pytest.raises(SecretUnreadable, match="does not exist"):
        file.reveal()
    assert file.mask("staple, or so") == "<secret>, or so", "what was revealed last is remembered"


def test_a_password_file_without_permission(tmp_path: Path) -> None:
    """The operating system's reason is given."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(SecretUnreadable, match="loop does not exist"):
        Secret.file(loop).reveal()


def test_further_files(tmp_path: Path) -> None:
    """Lists of targets, found by patterns relative to the configuration."""
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "a.yml").write_text(
        "- {name: a, url: 'mysql://u@h/d', password: {file: ../secret}}\n"
    )
    (tmp_path / "targets" / "empty.yml").write_text("# none yet\n")
    (tmp_path / "secret").write_text("x")
    configuration = configured(tmp_path, "target_files: [targets/*.yml]\n")
    assert [target.target.name for target in configuration.targets] == ["a"]


def test_anchors_merge_keys_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Plain YAML, as people write it, from any editor."""
    path = tmp_path / "exporter.yml"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + b"targets:\r\n- &one\r\n  name: a\r\n  url: mysql://u@h/d\r\n  labels: {team: shop}\r\n"
        b"- <<: *one\r\n  name: b\r\n"
    )
    a, b = read_configuration(path).targets
    assert a.target.labels == b.target.labels == {"team": "shop"}
    assert (a.target.name, b.target.name) == ("a", "b")


def test_networks_and_thresholds_are_read(tmp_path: Path) -> None:
    """Networks give hops their owners; thresholds are the diagnosis's, and have defaults of their own."""
    configuration = configured(
        tmp_path,
        "targets:\n- {name: a, url: 'mysql://u@h/d'}\n"
        "networks: {linode: [172.104.0.0/15, '2600:3c00::/28']}\n"
        "diagnosis: {loss: 0.5%, latency: 1s}\n",
    )
    assert configuration.networks == {"linode": ["172.104.0.0/15", "2600:3c00::/28"]}
    diagnosis = configuration.diagnosis
    assert (diagnosis.loss, diagnosis.latency, diagnosis.saturation, diagnosis.quiet) == (
        0.005,
        1.0,
        0.9,
        60.0,
    )


def test_a_password_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes in the environment that no driver could encode."""
    monkeypatch.setenv("ORDERS_PASSWORD", "p\udcff")
    with pytest.raises(ConfigurationError, match="ORDERS_PASSWORD: not UTF-8 text"):
        configured(
            tmp_path, "targets:\n- {name: a, url: 'mysql://u@h/d', password: {env: ORDERS_PASSWORD}}\n"
        )


def test_a_file_too_large_to_be_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "big.yml"
    with path.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(ConfigurationError, match="cannot be read: larger than 16 MiB"):
        read_configuration(path)


def test_the_shipped_files_load() -> None:
    assert len(read_configuration(CONFIG / "minimal.yml").targets) == 1
    assert len(read_configuration(CONFIG / "exporter.yml").targets) == 1


def test_the_shipped_file_names_every_key_with_its_default() -> None:
    """What config/exporter.yml shows, commented or not, is what happens anyway."""
    text = (CONFIG / "exporter.yml").read_text()
    written = yaml.safe_load(text)
    for kind in KINDS:
        _shows(text, written["defaults"].get(kind.name), kind.settings())
    for key in json_schema(KINDS)["properties"]:
        assert f"{key}:" in text, key


def _shows(text: str, written: dict[str, object] | None, settings: Settings) -> None:
    for name, field in type(settings).model_fields.items():
        assert f"{name}:" in text, name
        value = getattr(settings, name)
        if isinstance(value, Settings):
            _shows(text, None, value)
        elif written is not None:
            is_duration = any(getattr(part, "func", None) is parse_duration for part in field.metadata)
            shown = written[name]
            if isinstance(shown, list) and shown:
                shown = [parse_duration(part) for part in shown]
            assert (parse_duration(shown) if is_duration else shown) == value, name


def test_the_shipped_schema_is_that_of_the_models() -> None:
    """`make schema` writes it."""
    assert json.loads((CONFIG / "schema.json").read_text()) == json_schema(KINDS)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("targets: [{name: a, url: postgresql://u@h/d, probes: {pool: true}}]", True),
        ("targets: [{name: a, url: postgresql://u@h/d, probes: {pool: {pool_size: 3}}}]", True),
        ("targets: [{name: a, url: postgresql://u@h/d, probes: {pool: false}}]", False),
        ("targets: [{name: a, url: postgresql://u@h/d}]\ndefaults: {pool: {pool_size: 3}}", True),
        ("targets: [{name: a, url: postgresql://u@h/d, probes: {pool: false}}]\ndefaults: {pool: {}}", False),
    ],
)
def test_a_pool_is_exercised_where_somebody_names_it(tmp_path: Path, text: str, *, on: bool) -> None:
    (only,) = configured(tmp_path, text).targets
    assert ("pool" in only.probes) is on


@pytest.mark.parametrize(("own", "budget"), [("", 5), (", connection_budget: 3", 3)])
def test_a_target_may_have_a_budget_of_its_own(tmp_path: Path, own: str, budget: int) -> None:
    text = f"connection_budget: 5\ntargets: [{{name: a, url: postgresql://u@h/d{own}}}]"
    (only,) = configured(tmp_path, text).targets
    assert only.connection_budget == budget


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15), ("200ms", 0.2), ("1.5m", 90), ("1h30m", 5400), ("1d", 86400), (" 2s ", 2)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


def test_nothing_has_no_duration() -> None:
    assert format_duration(0) == "0s"
    with pytest.raises(ValueError, match="nothing has no unit"):
        parse_duration(None)


def test_percentages() -> None:
    assert parse_percentage("0.5 %") == pytest.approx(0.005)
    with pytest.raises(ValueError, match="not a percentage"):
        parse_percentage("half")


def test_secrets_are_equal_by_their_source_and_what_is_known_for_good(tmp_path: Path) -> None:
    """By that a reload tells whether a target is reached as before; a file may be rotated all the while."""
    one, same = (Secret.literal("sesame", "environment variable X") for _ in range(2))
    other = Secret.literal("simsim", "environment variable X")
    files = [Secret.file(tmp_path / name) for name in ("a", "a", "b")]
    assert {one, same, other, *files} == {one, other, files[0], files[2]}
    assert (one == same, one == other, one == files[0]) == (True, False, False)
    assert one != "sesame"
    assert files[0] == files[1] != files[2]
