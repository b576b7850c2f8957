"""What modules mean, by which hosts are looked at on request."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from exporter.app import read_configuration
from exporter.config import Configuration, Module, shown, shown_settings
from exporter.config.modules import DEFAULT_SETTINGS, ModuleBlock, SessionModule
from exporter.model import Secret
from exporter.net.tls import Verify
from exporter.probes import KINDS
from tests.servers.certificates import Certificates

CONFIG = Path(__file__).parents[2] / "config"
TARGET = "targets:\n- name: a\n  url: postgresql://u@h/d\n"
PASTED = """
modules:
  http_2xx:
    prober: http
    http:
      preferred_ip_protocol: "ip4"
  http_500:
    prober: http
    timeout: 5s
    http: {valid_status_codes: [500], follow_redirects: false, tls_config: {insecure_skip_verify: true}}
  tcp_connect:
    prober: tcp
  icmp_ttl5:
    prober: icmp
    timeout: 5s
  dns_udp:
    prober: dns
    timeout: 5s
    dns: {query_name: www.example.com, query_type: SOA, valid_rcodes: [NOERROR]}
"""
"""Modules as they stand in a blackbox.yml."""


def configured(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "exporter.yml"
    path.write_text(TARGET + text)
    return read_configuration(path)


def modules(tmp_path: Path, text: str = "") -> dict[str, Module]:
    return {module.name: module for module in configured(tmp_path, text).modules}


def test_modules_are_there_without_any_configuration(tmp_path: Path) -> None:
    found = modules(tmp_path)
    assert {name: module.block.prober for name, module in found.items()} == {
        "http_2xx": "http",
        "tcp_connect": "tcp",
        "tls_connect": "tcp",
        "icmp": "icmp",
        "dns": "dns",
        "postgresql": "tcp",
        "mysql": "tcp",
    }
    assert {module.block.timeout for module in found.values()} == {5.0}
    assert not any(module.allow.rules for module in found.values())
    assert found["postgresql"].dialect
    assert found["mysql"].dialect
    assert found["tls_connect"].policy
    assert found["tls_connect"].policy.verify is Verify.CHAIN_AND_NAME


def test_modules_of_blackbox_exporter_can_be_pasted(tmp_path: Path) -> None:
    found = modules(tmp_path, PASTED)
    assert found["http_2xx"].settings.preferred_ip_protocol == "ip4"
    assert found["http_500"].settings.valid_status_codes == [500]
    assert found["http_500"].policy
    assert found["http_500"].policy.verify is Verify.NOTHING
    assert found["dns_udp"].settings.query_type == "SOA"
    assert "tls_connect" in found


def test_who_logs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNDROP_PROBED", "hunter2-hunter2")
    (tmp_path / "secret").write_text("from-a-file\n")
    session = "prober: session, session: {dialect: mariadb, database: shop, parameters: {ssl_mode: required}"
    found = modules(
        tmp_path,
        f"modules:\n  env: {{{session}, auth: {{user: u, password: {{env: CONNDROP_PROBED}}}}}}}}\n"
        f"  file: {{{session}, auth: {{user: u, password: {{file: secret}}}}}}}}\n"
        f"  none: {{{session}, auth: {{user: u}}}}}}\n",
    )
    endpoints = {name: module.endpoint for name, module in found.items() if module.block.prober == "session"}
    passwords = {}
    for name, endpoint in endpoints.items():
        assert endpoint
        assert (endpoint.dialect, endpoint.user, endpoint.database) == ("mariadb", "u", "shop")
        assert endpoint.params == {"ssl_mode": "required"}
        passwords[name] = endpoint.password.reveal() if isinstance(endpoint.password, Secret) else None
    assert passwords == {"env": "hunter2-hunter2", "file": "from-a-file", "none": None}
    assert "hunter2" not in repr(found)


def test_files_for_tls_stand_beside_the_configuration(tmp_path: Path) -> None:
    authority = Certificates(tmp_path)
    authority.install("good", tmp_path / "client.pem", tmp_path / "client.key")
    files = "ca_file: ca.pem, cert_file: client.pem, key_file: client.key"
    found = modules(
        tmp_path, f"modules: {{a: {{prober: tcp, tcp: {{tls: true, tls_config: {{{files}}}}}}}}}\n"
    )
    policy = found["a"].policy
    assert policy
    assert policy.ca == str(tmp_path / "ca.pem")
    assert policy.key == str(tmp_path / "client.key")


def test_where_may_be_looked(tmp_path: Path) -> None:
    found = modules(
        tmp_path,
        "probe: {allow: [10.0.0.0/8]}\nmodules: {a: {prober: icmp}, b: {prober: icmp, allow: [db.test]}}\n",
    )
    assert found["a"].allow.holds("10.1.1.1", None)
    assert found["dns"].allow.holds("10.1.1.1", 53)
    assert not found["b"].allow.holds("10.1.1.1", None)
    assert found["b"].allow.names("db.test", None)


def test_the_shipped_file_shows_every_key_of_a_module(tmp_path: Path) -> None:
    """What is commented out there is sound, and where it shows a default it is one."""
    text = (CONFIG / "exporter.yml").read_text()
    shown = text[text.index("modules: {}\n") :].replace("modules: {}", "modules:")
    written = yaml.safe_load(re.sub(r"(?m)^#", "", shown))["modules"]
    models = {**DEFAULT_SETTINGS, "session": SessionModule}
    for name, model in models.items():
        keys = {key for block in written.values() for key in block.get(name, {})}
        common = set() if name == "http" else {"preferred_ip_protocol", "ip_protocol_fallback", "tls_config"}
        assert keys | common == {*model.model_fields} | common, name  # type: ignore[attr-defined]
    assert {key for block in written.values() for key in block} == set(ModuleBlock.model_fields)
    files = written["page"]["http"].pop("tls_config")
    assert set(files) == {"ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify"}
    for name in ("http", "icmp", "dns"):
        (block,) = (each[name] for each in written.values() if name in each)
        assert DEFAULT_SETTINGS[name]().model_dump(include=set(block)) == block
    written["orders"]["session"]["auth"]["password"]["env"] = "HOME"
    assert set(written) < set(modules(tmp_path, f"modules: {json.dumps(written)}\n"))


def test_editors_know_modules() -> None:
    schema = json.loads((CONFIG / "schema.json").read_text())
    jsonschema.validate(yaml.safe_load(PASTED), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"modules": {"a": {"prober": "grpc"}}}, schema)


def test_the_configuration_in_force_shows_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every default and without a secret; what is shown can be read again, and means the same."""
    monkeypatch.setenv("CONNDROP_PROBED", "hunter2-hunter2")
    auth = "auth: {user: u, password: {env: CONNDROP_PROBED}}"
    before = configured(
        tmp_path,
        "probe: {allow: [.test]}\n"
        f"modules: {{a: {{prober: session, allow: [db.test], session: {{dialect: postgresql, {auth}}}}}}}\n",
    )
    text = shown(before, KINDS)
    assert "hunter2" not in text
    (tmp_path / "exporter.yml").write_text(text)
    after = read_configuration(tmp_path / "exporter.yml")
    assert after.probe == before.probe
    assert {module.name: module.allow for module in after.modules} == {
        module.name: module.allow for module in before.modules
    }
    assert [module.settings for module in after.modules] == [module.settings for module in before.modules]


def test_secret_parameters_are_not_shown(tmp_path: Path) -> None:
    parameters = "parameters: {sslpassword: hunter2, sslmode: require}"
    session = f"{{dialect: postgresql, auth: {{user: u}}, {parameters}}}"
    configuration = configured(tmp_path, f"modules: {{a: {{prober: session, session: {session}}}}}\n")
    (module,) = (module for module in configuration.modules if module.name == "a")
    for text in (shown(configuration, KINDS), shown_settings(module.block.model_dump())):
        assert "hunter2" not in text
        assert "sslpassword: <secret>" in text
