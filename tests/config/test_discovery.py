"""What may be written of places where targets are discovered."""

from pathlib import Path

import pytest

from exporter.app import read_configuration
from exporter.config import Configuration, ConfigurationError, Shown
from exporter.config.listing import DnsListing, FileListing, HttpListing
from exporter.net.tls import Verify
from exporter.probes import KINDS
from tests.servers.certificates import Certificates

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


def test_every_kind_in_prometheus_words(tmp_path: Path) -> None:
    """Without a target of its own, and with defaults as Prometheus has them."""
    (tmp_path / "token").write_text("abcdef\n")
    ca = Certificates(tmp_path).ca
    configuration = read(
        tmp_path,
        f"""
file_sd_configs:
- {{files: [lists/*.yml, one.JSON], target: {{url: "mysql://u@{{address}}/d"}}}}
http_sd_configs:
- {{url: "https://u:p%40ss@inventory.test/x?y=1#z", target: {{url: "mysql://u@{{address}}/d"}}, name: first}}
- url: http://[::1]:8080/
  authorization: {{credentials_file: token}}
  tls_config: {{ca_file: {ca}, insecure_skip_verify: true}}
  target: {{url: "mysql://u@{{address}}/d"}}
- {{url: "http://i.test", basic_auth: {{username: n, password: {{file: token}}}}, target: {{url: "mysql://u@{{host}}"}}}}
dns_sd_configs:
- {{names: [_db._tcp.test], target: {{url: "mysql://u@{{address}}/d"}}, refresh_interval: 1s}}
- {{names: [db.test], type: AAAA, port: 5432, target: {{url: "mysql://u@{{address}}/d"}}}}
""",
    )
    files, first, second, third, service, address = configuration.listings
    assert isinstance(files, FileListing)
    assert (files.name, files.place) == ("file_sd_configs[0]", (tmp_path, "lists/*.yml", "one.JSON"))
    assert isinstance(first, HttpListing)
    assert (first.name, first.url, first.block.refresh_interval) == (
        "first",
        "https://inventory.test/x?y=1",
        60,
    )
    assert first.login
    assert first.login.secret
    assert (first.login.user, first.login.secret.reveal()) == ("u", "p@ss")
    assert isinstance(second, HttpListing)
    assert second.login
    assert second.login.secret
    assert (second.name, second.login.scheme) == ("http_sd_configs[1]", "Bearer")
    assert second.login.secret.reveal() == "abcdef"
    assert (second.policy.ca, second.policy.verify) == (str(ca), Verify.NOTHING)
    assert second.place == ("http://[::1]:8080/",)
    assert isinstance(third, HttpListing)
    assert third.login
    assert third.login.user == "n"
    assert isinstance(service, DnsListing)
    assert (service.block.type, service.block.refresh_interval) == ("SRV", 1)
    assert address.place == ("AAAA", 5432, "db.test")
    assert configuration.targets == configuration.written == ()
    assert (tmp_path / "token").read_text() == "abcdef\n"


GOOD = 'target: {url: "mysql://u@{address}/d"}'


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("file_sd_configs: 7", "1: file_sd_configs: must be a list"),
        ("file_sd_configs: [7]", "1: file_sd_configs[0]: must be a block of keys and values"),
        ("file_sd_configs: [{files: [x.json]}]", "1: file_sd_configs[0].target: is missing"),
        (f"file_sd_configs: [{{files: [], {GOOD}}}]", "1: file_sd_configs[0].files: is empty"),
        (
            f"file_sd_configs: [{{files: [x.txt], {GOOD}}}]",
            "1: file_sd_configs[0].files[0]: must end in .json, .yml or .yaml",
        ),
        (
            f"file_sd_configs: [{{files: [x.yml], refresh_interval: 999ms, {GOOD}}}]",
            "1: file_sd_configs[0].refresh_interval: must be at least 1s",
        ),
        (
            f"file_sd_configs: [{{files: [x.yml], name: target_files, {GOOD}}}]",
            "1: file_sd_configs[0].name: 'target_files' is the name of another source of targets; names must differ",
        ),
        (f"dns_sd_configs: [{{names: [], {GOOD}}}]", "1: dns_sd_configs[0].names: is empty"),
        (
            f"dns_sd_configs: [{{names: [a..b], {GOOD}}}]",
            "1: dns_sd_configs[0].names[0]: is not a name that DNS",
        ),
        (
            f"dns_sd_configs: [{{names: [a], type: MX, {GOOD}}}]",
            "1: dns_sd_configs[0].type: input should be 'SRV'",
        ),
        (
            f"dns_sd_configs: [{{names: [a], type: A, {GOOD}}}]",
            "1: dns_sd_configs[0]: port is missing; records of A tell none",
        ),
        (
            f"dns_sd_configs: [{{names: [a], port: 1, {GOOD}}}]",
            "1: dns_sd_configs[0]: port is for A and AAAA; records of SRV bring their own",
        ),
        (
            f"http_sd_configs: [{{url: inventory.test, {GOOD}}}]",
            "1: http_sd_configs[0].url: does not begin with http:// or https://; write https://inventory",
        ),
        (f"http_sd_configs: [{{url: 'http://a:x', {GOOD}}}]", "1: http_sd_configs[0].url: is no URL; write"),
        (f"http_sd_configs: [{{url: 'http://a:0', {GOOD}}}]", "1: http_sd_configs[0].url: has port 0; write"),
        (f"http_sd_configs: [{{url: 'http://', {GOOD}}}]", "1: http_sd_configs[0].url: names no host; write"),
        (f"http_sd_configs: [{{url: 'http://a b/', {GOOD}}}]", "1: http_sd_configs[0].url: has a blank or"),
        (
            f"http_sd_configs: [{{url: 'http://u:p@w@a/', {GOOD}}}]",
            "1: http_sd_configs[0].url: has an @ in its password, where %40 must stand",
        ),
        (
            f"http_sd_configs: [{{url: 'http://u:%00@a/', {GOOD}}}]",
            "1: http_sd_configs[0].url: has a password that cannot be used: the URL: has a zero byte in it",
        ),
        (
            f"http_sd_configs: [{{url: 'http://u@a/', basic_auth: {{username: x}}, {GOOD}}}]",
            "1: http_sd_configs[0].url: has a user, and a block beside it says who asks; keep one of them",
        ),
        (
            f"http_sd_configs: [{{url: 'http://a/', basic_auth: {{username: x}}, authorization: {{}}, {GOOD}}}]",
            "1: http_sd_configs[0].authorization: needs one of credentials: {file: …} or {env: …}",
        ),
        (
            "http_sd_configs: [{url: 'http://a/', basic_auth: {username: x}, "
            f"authorization: {{credentials_file: x}}, {GOOD}}}]",
            "1: http_sd_configs[0]: basic_auth and authorization exclude each other; keep one of them",
        ),
        (
            f"http_sd_configs: [{{url: 'http://a/', authorization: {{type: Basic}}, {GOOD}}}]",
            "1: http_sd_configs[0].authorization: for Basic write basic_auth",
        ),
        (
            "http_sd_configs: [{url: 'http://a/', basic_auth: {username: x, password: {file: x}, "
            f"password_file: x}}, {GOOD}}}]",
            "1: http_sd_configs[0].basic_auth: password and password_file say the same",
        ),
        (
            f"http_sd_configs: [{{url: 'http://a/', basic_auth: {{username: x, password: hunter2}}, {GOOD}}}]",
            "1: http_sd_configs[0].basic_auth.password: must be {env: NAME} or {file: PATH}",
        ),
        (
            f"http_sd_configs: [{{url: 'http://a/', basic_auth: {{username: x, password_file: no}}, {GOOD}}}]",
            "1: http_sd_configs[0].basic_auth.password_file",
        ),
        (
            f"http_sd_configs: [{{url: 'https://a/', tls_config: {{ca_file: gone}}, {GOOD}}}]",
            "1: http_sd_configs[0].tls_config.ca_file: 'gone' is no file that can be read",
        ),
        (
            f"http_sd_configs: [{{url: 'https://a/', tls_config: {{ca_file: exporter.yml}}, {GOOD}}}]",
            "1: http_sd_configs[0].tls_config: cannot be used: ",
        ),
        ("http_sd_configs: [{url: 'http://a/', target: {}}]", "1: http_sd_configs[0].target.url: is missing"),
        (
            "http_sd_configs: [{url: 'http://a/', target: {url: 'mysql://u@h'}}]",
            "1: http_sd_configs[0].target.url: is the same for every target",
        ),
    ],
)
def test_mistakes_in_an_entry(tmp_path: Path, entry: str, told: str) -> None:
    """One is told, with its line; nothing of a password."""
    (found,) = complaints(tmp_path, entry)
    assert found.startswith(told)
    assert "hunter2" not in found


def test_a_mistake_in_one_entry_hides_none_in_another(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        f"targets: [{{name: a}}]\nfile_sd_configs:\n- {{files: 7, {GOOD}}}\n- {{files: [x.yml], target: {{}}}}\n",
    )
    assert [line.split(": ")[:2] for line in found] == [
        ["1", "targets[0].url"],
        ["3", "file_sd_configs[0].files"],
        ["4", "file_sd_configs[1].target.url"],
    ]


def test_a_configuration_is_shown_without_its_secrets(tmp_path: Path) -> None:
    """Neither those of who asks for a list, nor that of a template, nor one behind the ? of a URL."""
    configuration = read(
        tmp_path,
        """
http_sd_configs:
- url: https://u:hunter2hunter2@inventory.test/x?token=hunter2hunter2&all=yes
  target:
    url: "postgresql://probe:hunter2hunter2@{address}/{database}?sslmode=require&sslpassword=hunter2hunter2"
    probes: {path: false}
""",
    )
    shown = Shown(KINDS)(configuration)
    assert "hunter2" not in shown
    assert "hunter2" not in repr(configuration)
    assert "https://u:<secret>@inventory.test/x?token=<secret>&all=yes" in shown
    assert "postgresql://probe:<secret>@{address}/{database}?sslmode=require&sslpassword=<secret>" in shown
    assert "path: false" in shown
