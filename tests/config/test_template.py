"""What becomes of a target that is found, and mistakes in what says so."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from exporter.app import read_configuration
from exporter.config import Configuration, ConfigurationError
from exporter.config.template import Found, Template, Unsound
from exporter.model import Endpoint, Secret

URL = "postgresql://probe@{address}/{database}?sslmode=require"
FILES = "file_sd_configs:\n- files: [x.json]\n"


def read(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "exporter.yml"
    path.write_text(text)
    return read_configuration(path)


def complaints(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    return [str(problem).removeprefix(f"{tmp_path}/exporter.yml:") for problem in caught.value.problems]


def template(tmp_path: Path, **target: object) -> Template:
    whole = {"file_sd_configs": [{"files": ["x.json"], "target": target}]}
    (listing,) = read(tmp_path, yaml.safe_dump(whole)).listings
    return listing.template


def made(template: Template, address: str, **labels: str) -> tuple[str, Endpoint, Mapping[str, str]]:
    probed = template.target(Found(address=address, labels=labels))
    return probed.target.name, probed.target.endpoint, probed.target.labels


def test_a_target_is_made_of_an_address_and_labels(tmp_path: Path) -> None:
    """What it is called, where it is, and what it is labelled with; all else is the template's."""
    found = template(
        tmp_path,
        name="{team}-{host}",
        url=URL,
        labels={"dc": "{__meta_dc}", "team": "{team}s"},
        connection_budget=3,
        probes={"ping": False},
    )
    name, endpoint, labels = made(found, "db1:6432", team="shop", database="d", __meta_dc="fra")
    assert name == "shop-db1"
    assert (endpoint.host, endpoint.port, endpoint.user, endpoint.database) == ("db1", 6432, "probe", "d")
    assert endpoint.params == {"sslmode": "require"}
    assert labels == {"team": "shops", "database": "d", "dc": "fra"}
    probed = found.target(Found(address="db1", labels={"team": "a", "database": "b", "__meta_dc": ""}))
    assert probed.connection_budget == 3
    assert "ping" not in probed.probes
    assert probed.target.endpoint.port == 5432, "that of the database, where the list says none"


@pytest.mark.parametrize(
    ("address", "name", "host", "port"),
    [
        ("db1.example.com:5433", "db1.example.com:5433", "db1.example.com", 5433),
        ("10.0.0.1", "10.0.0.1:5432", "10.0.0.1", 5432),
        ("[::1]:5433", "0::1:5433", "::1", 5433),
        ("[fd00::1]", "fd00::1:5432", "fd00::1", 5432),
        ("fd00::1", "fd00::1:5432", "fd00::1", 5432),
    ],
)
def test_addresses(tmp_path: Path, address: str, name: str, host: str, port: int) -> None:
    found, endpoint, _ = made(template(tmp_path, url="postgresql://u@{address}/d"), address)
    assert (found, endpoint.host, endpoint.port) == (name, host, port)


def test_no_label_says_more_than_it_may(tmp_path: Path) -> None:
    """Whatever stands in it: it is a part of the database's name, and adds neither parameter nor password."""
    found = template(tmp_path, url=URL)
    for evil in ("d?sslmode=disable", "d&sslrootcert=/etc/passwd", "a/b#c", "%3Fx=y", "{host}", "x:y", "ü d"):
        _, endpoint, _ = made(found, "db1", database=evil)
        assert endpoint.database == evil
        assert endpoint.params == {"sslmode": "require"}
        assert endpoint.password is None
        assert endpoint.user == "probe"
    by_label = template(tmp_path, url="postgresql://{who}@{where}:{there}/d", name="{where}", password=None)
    _, endpoint, _ = made(by_label, "ignored", who="a:b@c", where="db2", there="1")
    assert (endpoint.user, endpoint.host, endpoint.port, endpoint.password) == ("a:b@c", "db2", 1, None)


@pytest.mark.parametrize(
    ("address", "labels", "told"),
    [
        ("", {}, "'' is no address; write db1.example.com:5432"),
        ("http://db1:5432/", {}, "'http://db1:5432/' is no address"),
        ("u:hunter2@db1", {}, "is no address"),
        ("db1\x1b[0m", {}, r"'db1\x1b[0m' is no address"),
        ("db1,db2", {}, "is no address"),
        ("db1:0", {}, "'db1:0' has no port from 1 to 65535"),
        ("db1:65536", {}, "has no port"),
        ("db1:five", {}, "has no port"),
        ("[::1]x", {}, "has no port"),
        ("[::1]x5", {}, "has no port"),
        ("db1", {}, "db1: the template has {database}, and the list no label database"),
        ("db1", {"database": "d", "host": "x"}, "db1: its label 'host' is one of our own labels"),
        ("db1", {"database": "d", "a b": "x"}, "db1: its label 'a b' is not a label name"),
        ("db1", {"database": "d", "x": "y" * 1001}, "db1: its label x has a control character"),
        ("db1", {"database": "d"} | {f"x{i}": "" for i in range(50)}, "db1: has more than 50 labels"),
        ("db1", {"database": "d", "x" * 101: ""}, "db1: has more than 50 labels, or one with a name of more"),
        ("db1", {"database": "d", "x": "\x07"}, "db1: its label x has a control character"),
        ("db1", {"database": "d\x07"}, "db1: its URL has a control character in it"),
        ("d" * 60 + "." + "b" * 60, {"database": "d"}, "is not a name; letters"),
    ],
)
def test_what_makes_no_target(tmp_path: Path, address: str, labels: dict[str, str], told: str) -> None:
    with pytest.raises(Unsound) as caught:
        template(tmp_path, url=URL).target(Found(address=address, labels=labels))
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


NO_BRACE = "has a brace that belongs to no placeholder; in braces may stand {address}, {host}, {port} or a label of the list"
NOT_MORE = "a list says who and where, and no more: no {…} may stand in the password or behind the ?"


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{}", ["3: file_sd_configs[0].target.url: is missing"]),
        ("{url: 'mysql://u@{address'}", [f"3: file_sd_configs[0].target.url: {NO_BRACE}"]),
        (
            "{url: 'mysql://u@db1/d'}",
            [
                "3: file_sd_configs[0].target.url: is the same for every target; write {address} where host and port stand"
            ],
        ),
        ("{url: 'mysql://u:{p}@{address}/d'}", [f"3: file_sd_configs[0].target.url: {NOT_MORE}"]),
        ("{url: 'mysql://u@{address}/d?charset={c}'}", [f"3: file_sd_configs[0].target.url: {NOT_MORE}"]),
        (
            "{url: '{scheme}://u@{address}/d'}",
            [
                "3: file_sd_configs[0].target.url: does not begin with a database that we probe; "
                "allowed: postgresql://, postgres://, mysql://, mariadb://"
            ],
        ),
        (
            "{url: 'postgresql://u@{address}/d?ssl_mode=x'}",
            ["3: file_sd_configs[0].target.url: parameter ssl_mode"],
        ),
        (
            "{url: 'mysql://{address}/d'}",
            ["3: file_sd_configs[0].target.url: names no user; write postgresql"],
        ),
        (
            "{url: 'mysql://u@{address}/d', name: 'a {host}', labels: {x: '{', host: y}}",
            ["3: file_sd_configs[0].target.labels.host: is one of our own labels"],
        ),
        (
            "{url: 'mysql://u@{address}/d', name: 'a {host}', labels: {x: '{'}}",
            [
                f"3: file_sd_configs[0].target.labels.x: {NO_BRACE}",
                "3: file_sd_configs[0].target.name: 'a a' is not a name",
            ],
        ),
        (
            "{url: 'mysql://u@{address}/d', name: '{a b}'}",
            [f"3: file_sd_configs[0].target.name: {NO_BRACE}"],
        ),
        (
            "{url: 'mysql://u:p@{address}/d', password: {file: nowhere}, probes: {session: {timeout: 1m}}}",
            [
                "3: file_sd_configs[0].target.password.file: ",
                "3: file_sd_configs[0].target.probes.session.timeout: timeout 1m is longer",
                "3: file_sd_configs[0].target.url: has a password, and a password block stands beside it",
            ],
        ),
        (
            "{url: 'mysql://u@{address}/d', probe: {}}",
            ["3: file_sd_configs[0].target.probe: unknown key; did"],
        ),
    ],
)
def test_mistakes_in_a_template(tmp_path: Path, target: str, told: list[str]) -> None:
    found = complaints(tmp_path, f"{FILES}  target: {target}\n")
    assert len(found) == len(told), found
    for line, beginning in zip(found, told, strict=True):
        assert line.startswith(beginning)


def test_the_password_of_a_template_is_read_anew_for_each_session(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("one")
    endpoint = made(template(tmp_path, url="mysql://u@{address}/d", password={"file": "pw"}), "db1")[1]
    (tmp_path / "pw").write_text("two")
    assert isinstance(endpoint.password, Secret)
    assert endpoint.password.reveal() == "two"
