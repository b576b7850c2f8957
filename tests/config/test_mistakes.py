"""A table of bad files with exactly what is said about them."""

import os
from pathlib import Path

import pytest

from exporter.app import read_configuration
from exporter.config import ConfigurationError

DURATION = "write a number with ms, s, m, h or d, such as 15s, 200ms or 1h30m"
TOP = "allowed: vantage, target_files, connection_budget, networks, diagnosis, probe, modules, defaults, targets, file_sd_configs, http_sd_configs, dns_sd_configs"
ENTRY = (
    "is neither a host name, a suffix, an address nor a network; "
    "write db.example.com, .example.com, 10.0.0.5 or 10.0.0.0/8, and a port behind it as in 10.0.0.0/8:5432"
)
TARGET = "targets:\n- name: a\n  url: postgresql://u@h/d\n"

ONE_MISTAKE = {
    # YAML itself
    "targets: [a": ["1: is not YAML: expected ',' or ']', but got '<stream end>'"],
    "a: b\n\tc: d": ["2: is not YAML: a tab; indent with blanks"],
    "a: 1\n---\nb: 2": ["2: is not YAML: but found another document"],
    "a: \x01": ["1: is not YAML: character 0x0001 is not allowed"],
    "": ["1: no targets; write at least one with a name and a url"],
    "# nothing\n": ["1: no targets; write at least one with a name and a url"],
    "targets: []": ["1: no targets; write at least one with a name and a url"],
    "- a\n- b": ["1: must be a block of keys and values"],
    "just words": ["1: must be a block of keys and values"],
    "targets:\n- &a [*a]": [
        "2: targets[0]: must be a block of keys and values",
        "2: targets[0][0]: an alias may not stand inside what it names",
    ],
    TARGET + "vantage: !!python/object:os.system {}\n": [
        "4: vantage: a tag (!…) is not allowed"
    ],
    TARGET + "vantage: !!python/name:os.system x\n": [
        "4: vantage: is neither text, a number nor a date; put it in quotes"
    ],
    TARGET + "vantage: 2026-13-45\n": ["4: vantage: is neither text, a number nor a date; put it in quotes"],
    TARGET + "vantage: !!int ''\n": ["4: vantage: is neither text, a number nor a date; put it in quotes"],
    TARGET + "vantage: !!bool foo\n": ["4: vantage: is neither text, a number nor a date; put it in quotes"],
    TARGET + 'vantage: "\\ud800"\n': ["4: vantage: has a control character in it"],
    TARGET + 'vantage: "a\\eb"\n': ["4: vantage: has a control character in it"],
    TARGET + "? [a, b]\n: c\n": ["4: has a key that is no text"],
    TARGET + "a: " + "[" * 60 + "]" * 60: [f"4: a: unknown key; {TOP}", "4: a" + "[0]" * 50 + ": nested too deeply"],
    TARGET + '"a\\nb": 1\n': [f"4: a\\nb: unknown key; {TOP}"],
    "postgresql://u:hunter2@h/d: 1\n": [f"1: postgresql://u:<secret>@h/d: unknown key; {TOP}"],
    TARGET + "  probes: {path: {protocol: smoke}}\n": ["4: targets[0].probes.path.protocol: input should be 'tcp', 'icmp' or 'udp'"],
    # held connections
    TARGET + "connection_budget: 0\n": ["4: connection_budget: must be at least 1"],
    TARGET + "  connection_budget: many\n": ["4: targets[0].connection_budget: must be a whole number"],
    TARGET + "  probes: {idle: {ladder: [1m, 30s]}}\n": ["4: targets[0].probes.idle.ladder: must ascend, each rung longer than the one before"],
    TARGET + "  probes: {idle: {ladder: []}}\n": ["4: targets[0].probes.idle.ladder: is empty"],
    TARGET + "  probes: {idle: {ladder: [30]}}\n": ["4: targets[0].probes.idle.ladder[0]: 30 has no unit; write a number with ms, s, m, h or d, such as 15s, 200ms or 1h30m"],
    TARGET + "  probes: {sentinel: {interval: 5s}}\n": ["4: targets[0].probes.sentinel.interval: unknown key; allowed: connections, heartbeat, timeout, query"],
    TARGET + "  probes: {sentinel: {connections: 9}}\n": ["4: targets[0].probes.sentinel.connections: must be at most 8"],
    TARGET + "  probes: {pool: {pool_recycle: -1}}\n": ["4: targets[0].probes.pool.pool_recycle: leave it out for never, which SQLAlchemy writes as -1"],
    TARGET + "  probes: {pool: {pool_pre_ping: 'yes'}}\n": ["4: targets[0].probes.pool.pool_pre_ping: must be true or false"],
    TARGET + "  probes: {pool: {interval: 30m, pool_recycle: 30m}}\n": ["4: targets[0].probes.pool.interval: no connection would be used twice; less than pool_recycle 30m is allowed"],
    # keys
    TARGET + "  lables: {}\n": ["4: targets[0].lables: unknown key; did you mean labels? allowed: name, url, password, labels, connection_budget, probes"],
    TARGET + "zzz:\n": ["4: zzz: unknown key; allowed: vantage, target_files, connection_budget, networks, diagnosis, probe, modules, defaults, targets, file_sd_configs, http_sd_configs, dns_sd_configs"],
    TARGET + "  name: b\n": ["4: targets[0].name: duplicate key; it stands in line 2 already"],
    TARGET + "- name: a\n  url: mysql://u@h/d\n": ["4: targets[1].name: 'a' is the name of another target already ({file}:2); names must differ"],
    "targets:\n- name: a\n": ["2: targets[0].url: is missing"],
    "targets:\n- name:\n  url: postgresql://u@h/d\n": ["2: targets[0].name: is missing"],
    "targets: {name: a}": ["1: targets: must be a list"],
    "targets:\n- just words\n": ["2: targets[0]: must be a block of keys and values"],
    # names and labels
    "targets:\n- name: a b\n  url: postgresql://u@h/d\n": [
        "2: targets[0].name: 'a b' is not a name; letters, digits and _ . : - are allowed, at most 100 of them"
    ],
    "targets:\n- name: 7\n  url: postgresql://u@h/d\n": ["2: targets[0].name: must be text; put it in quotes"],
    TARGET + "  labels: {1st: x}\n": ["4: targets[0].labels.1st: is not a label name; letters, digits and _ are allowed, no digit first"],
    TARGET + "  labels: {host: x}\n": [
        "4: targets[0].labels.host: is one of our own labels (target, dialect, host, port, vantage, le, quantile); choose another"
    ],
    TARGET + "  labels: {team: 7}\n": ["4: targets[0].labels.team: must be text; put it in quotes"],
    # durations, percentages and numbers
    TARGET + "defaults: {session: {interval: 15}}\n": [f"4: defaults.session.interval: 15 has no unit; {DURATION}"],
    TARGET + "defaults: {session: {interval: 15 seconds}}\n": [f"4: defaults.session.interval: '15 seconds' is not a duration; {DURATION}"],
    TARGET + "defaults: {session: {interval: 0s}}\n": [
        "4: defaults.session.interval: '0s' is out of range; 10ms to 365d is allowed"
    ],
    TARGET + "diagnosis: {loss: 5}\n": ["4: diagnosis.loss: 5 is not a percentage; write a number with a percent sign, such as 1%"],
    TARGET + "diagnosis: {saturation: 101%}\n": ["4: diagnosis.saturation: '101%' is out of range; 0% to 100% is allowed"],
    TARGET + "diagnosis: {quiet: 999ms}\n": ["4: diagnosis.quiet: must be at least 1s"],
    TARGET + "diagnosis: {quiet: 60}\n": [f"4: diagnosis.quiet: 60 has no unit; {DURATION}"],
    TARGET + "defaults: {ping: {size: 1}}\n": ["4: defaults.ping.size: must be at least 8"],
    TARGET + "defaults: {ping: {size: big}}\n": ["4: defaults.ping.size: must be a whole number"],
    TARGET + "defaults: {session: {query: ''}}\n": ["4: defaults.session.query: is empty"],
    TARGET + "networks: {linode: [172.104.0.1/15]}\n": [
        "4: networks.linode[0]: is not an address range, with its first address; write it like 172.104.0.0/15"
    ],
    # a timeout that does not fit
    TARGET + "  probes: {ping: {interval: 1s, timeout: 2s}}\n": [
        "4: targets[0].probes.ping: timeout 2s is longer than the interval; at most 1s is allowed"
    ],
    TARGET + "  probes:\n    session:\n      timeout: 20s\n": [
        "6: targets[0].probes.session.timeout: timeout 20s is longer than the interval; at most 15s is allowed"
    ],
    TARGET + "defaults:\n  session: {timeout: 1m}\n": [
        "5: defaults.session.timeout: timeout 1m is longer than the interval; at most 15s is allowed"
    ],
    TARGET + "  probes: {pong: true}\n": ["4: targets[0].probes.pong: unknown key; did you mean ping? allowed: ping, path, mtu, dns, tcp, tls, session, sentinel, idle, server, pool"],
    TARGET + "  probes: {ping: 7}\n": ["4: targets[0].probes.ping: must be a block of keys and values"],
    # looks on request
    TARGET + "probe: {allow: ['*']}\n": [f"4: probe.allow[0]: {ENTRY}"],
    TARGET + "probe: {allow: [10.0.0.0/8, 'h:0']}\n": ["4: probe.allow[1]: has port 0; 1 to 65535 is allowed"],
    TARGET + "probe: {alow: []}\n": ["4: probe.alow: unknown key; did you mean allow? allowed: allow"],
    TARGET + "modules: {a b: {prober: icmp}}\n": ["4: modules.a b: 'a b' is not a name; letters, digits and _ . : - are allowed, at most 100 of them"],
    TARGET + "modules: {tcp: 7}\n": ["4: modules.tcp: must be a block of keys and values"],
    TARGET + "modules: {tcp: {timeout: 5s}}\n": ["4: modules.tcp.prober: is missing"],
    TARGET + "modules: {a: {prober: grpc}}\n": ["4: modules.a.prober: input should be 'tcp', 'icmp', 'dns', 'http' or 'session'"],
    TARGET + "modules:\n  tcp: {prober: tcp}\n  b: {prober: icmp, timeout: 5}\n": [f"6: modules.b.timeout: 5 has no unit; {DURATION}"],
    TARGET + "modules:\n  tcp:\n    prober: tcp\n    tcp: {tsl: true}\n": ["7: modules.tcp.tcp.tsl: unknown key; did you mean tls? allowed: preferred_ip_protocol, ip_protocol_fallback, tls, starttls, tls_config"],
    TARGET + "modules: {a: {prober: icmp, http: {}}}\n": ["4: modules.a: http is for another prober; the settings of this one stand under icmp"],
    TARGET + "modules: {a: {prober: icmp, allow: ['http://h/']}}\n": [f"4: modules.a.allow[0]: {ENTRY}"],
    TARGET + "modules: {a: {prober: icmp, icmp: {payload_size: 1}}}\n": ["4: modules.a.icmp.payload_size: must be at least 8"],
    TARGET + "modules: {a: {prober: http, http: {valid_status_codes: [99]}}}\n": ["4: modules.a.http.valid_status_codes[0]: must be at least 100"],
    TARGET + "modules: {a: {prober: dns, dns: {query_name: a..b}}}\n": ["4: modules.a.dns: query_name: is not a name that DNS can hold"],
    TARGET + "modules: {a: {prober: dns, dns: {query_type: AAA}}}\n": ["4: modules.a.dns: query_type: is not a type of records; write it like A, AAAA, SOA, NS or SRV"],
    TARGET + "modules: {a: {prober: tcp, tcp: {tls: true, tls_config: {ca_file: nowhere.pem}}}}\n": ["4: modules.a.tcp.tls_config.ca_file: 'nowhere.pem' is no file that can be read"],
    TARGET + "modules: {a: {prober: http, http: {tls_config: {ca_file: /etc/hostname}}}}\n": ["4: modules.a.http.tls_config: cannot be used: no certificate or crl found"],
    TARGET + "modules: {a: {prober: session}}\n": ["4: modules.a: session is missing; it says who logs in: {{dialect: …, auth: {{user: …}}}}"],
    TARGET + "modules: {a: {prober: session, session: {dialect: oracle, auth: {}}}}\n": [
        "4: modules.a.session.auth.user: is missing",
        "4: modules.a.session.dialect: input should be 'postgresql', 'mysql' or 'mariadb'",
    ],
    TARGET + "modules: {a: {prober: session, session: {dialect: mysql, auth: {user: u}, parameters: {colour: blue}}}}\n": [
        "4: modules.a.session.parameters: parameter colour: unknown parameter; allowed: charset, ssl_mode, ssl_disabled, ssl_check_hostname, ssl_verify_cert, ssl_verify_identity, ssl_ca, ssl_cert, ssl_key"
    ],
    TARGET + "modules: {a: {prober: session, session: {dialect: mysql, auth: {user: u, password: hunter2}}}}\n": ["4: modules.a.session.auth.password: must be {{env: NAME}} or {{file: PATH}}; a password may not stand in the configuration"],
    TARGET + "modules: {a: {prober: session, session: {dialect: mysql, auth: {user: u, password: {env: CONNDROP_NOT_SET}}}}}\n": ["4: modules.a.session.auth.password.env: environment variable CONNDROP_NOT_SET is not set"],
    TARGET + "modules: {a: {prober: session, session: {dialect: mysql, auth: {user: u, password: {file: nowhere}}}}}\n": ["4: modules.a.session.auth.password.file: {folder}/nowhere does not exist"],
    TARGET + "modules: {a: {prober: session, session: {dialect: mysql, auth: {user: u, password: {env: CONNDROP_NOT_SET}}}}}\nzzz: 1\n": [
        "4: modules.a.session.auth.password.env: environment variable CONNDROP_NOT_SET is not set", f"5: zzz: unknown key; {TOP}"
    ],
    TARGET + "modules: [a]\nzzz: 1\n": ["4: modules: must be a block of keys and values", f"5: zzz: unknown key; {TOP}"],
    # passwords
    TARGET + "  password: hunter2\n": ["4: targets[0].password: must be {{env: NAME}} or {{file: PATH}}; a password may not stand in the configuration"],
    TARGET + "  password: {}\n": ["4: targets[0].password: must be {{env: NAME}} or {{file: PATH}}; a password may not stand in the configuration"],
    TARGET + "  password: 12345\n": ["4: targets[0].password: must be {{env: NAME}} or {{file: PATH}}; a password may not stand in the configuration"],
    TARGET + "  password: {hunter2: x}\n": ["4: targets[0].password: must be {{env: NAME}} or {{file: PATH}}; a password may not stand in the configuration"],
    TARGET + "  password: *hunter2\n": ["4: is not YAML: an alias without its anchor; text that begins with * must stand in quotes"],
    TARGET + "  password: !hunter2\n": ["4: targets[0].password: is neither text, a number nor a date; put it in quotes"],
    TARGET + "  password: {env: CONNDROP_EMPTY}\n": ["4: targets[0].password.env: environment variable CONNDROP_EMPTY: is empty"],
    TARGET + "  password: {env: CONNDROP_NOT_SET}\n": [
        "4: targets[0].password.env: environment variable CONNDROP_NOT_SET is not set"
    ],
    TARGET + "  password: {file: nowhere}\n": ["4: targets[0].password.file: {folder}/nowhere does not exist"],
    TARGET + "  password: {file: .}\n": ["4: targets[0].password.file: {folder} is not a regular file"],
}  # fmt: skip

EXAMPLE = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"
URLS = {
    "not a url": f"is not a database URL; {EXAMPLE}",
    "postgresql://u@h:port/d": f"is not a database URL; {EXAMPLE}",
    "oracle://u:hunter2@h/d": "does not begin with a database that we probe; "
    "allowed: postgresql://, postgres://, mysql://, mariadb://",
    "postgresql://h/d": f"names no user; {EXAMPLE}",
    "postgresql://u:hunter2@h1,h2/d": "names several hosts; make each a target of its own",
    "postgresql://u:hunter2@h:0/d": "has port 0; 1 to 65535 is allowed",
    "postgresql://u:hunter2@h:70000/d": "has port 70000; 1 to 65535 is allowed",
    "postgresql://u@a..b/d": "names a host that is neither a host name nor an address",
    "postgresql://u@999.1.1.1/d": "names a host that is neither a host name nor an address",
    "postgresql://u%00@h/d": "has a control character in it",
    "postgresql://u:a%00b@h/d": "has a password that cannot be used: the URL: has a zero byte in it",
    "postgresql://u:@h/d": "has a password that cannot be used: the URL: is empty",
    "postgresql://u@-h/d": "names a host that is neither a host name nor an address",
    "postgresql://u@h/d?sslmode=disable&sslmode=require": "gives the parameter sslmode more than once",
    "postgresql://u@h/d?sslmode=maybe": "parameter sslmode: 'maybe' is no mode; "
    "allowed: disable, allow, prefer, require, verify-ca, verify-full",
    "postgresql://u@h/d?password=hunter2": "parameter password: is not allowed here; "
    "the URL itself says where and who",
    "postgresql://u@h/d?colour=blue": "parameter colour: unknown parameter; allowed: the connection keywords of libpq",
    "postgresql://u@h/d?sslrootcert=/nope": "parameter sslrootcert: '/nope' is no file that can be read",
    "mysql://u@h/d?colour=blue": "parameter colour: unknown parameter; allowed: charset, ssl_mode, ssl_disabled, "
    "ssl_check_hostname, ssl_verify_cert, ssl_verify_identity, ssl_ca, ssl_cert, ssl_key",
    "mysql://u@h/d?ssl_mode=maybe": "parameter ssl_mode: 'maybe' is no mode; "
    "allowed: disabled, preferred, required, verify_ca, verify_identity",
    "mysql://u@h/d?ssl_disabled=perhaps": "parameter ssl_disabled: 'perhaps' is neither; allowed: true, false",
    "mysql://u@h/d?ssl_ca=/nope": "parameter ssl_ca: '/nope' is no file that can be read",
    "mysql://u@h/d?ssl_ca=/etc/hostname": "parameter ssl_ca, ssl_cert, ssl_key: cannot be used: "
    "no certificate or crl found",
    "mysql://u@h/d?charset=klingon": "parameter charset: 'klingon' is no character set that PyMySQL knows, such as utf8mb4",
}


def complaints(path: Path) -> list[str]:
    """Give what is said about a file, without the file's own name."""
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


@pytest.mark.parametrize("text", ONE_MISTAKE)
def test_a_bad_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mistake is said with its line, its place, and what is allowed."""
    monkeypatch.delenv("CONNDROP_NOT_SET", raising=False)
    monkeypatch.setenv("CONNDROP_EMPTY", "")
    path = tmp_path / "bad.yml"
    path.write_text(text)
    assert complaints(path) == [line.format(file=path, folder=tmp_path) for line in ONE_MISTAKE[text]]


@pytest.mark.parametrize("url", URLS)
def test_a_bad_url(url: str, tmp_path: Path) -> None:
    """What is wrong with a URL is said without showing it: a password may stand in it."""
    path = tmp_path / "bad.yml"
    path.write_text(f"targets:\n- name: a\n  url: '{url}'\n")
    (said,) = complaints(path)
    assert said == f"3: targets[0].url: {URLS[url]}"
    assert "hunter2" not in said


def test_everything_wrong_with_a_url_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text("targets:\n- name: a\n  url: postgresql://:secret@:0/a%40b?y=2&y=3\n")
    assert sorted(complaints(path)) == [
        "3: targets[0].url: gives the parameter y more than once",
        "3: targets[0].url: has an @ in the database's name; if it belongs to the password, write it as %40, and / as %2F",
        "3: targets[0].url: has port 0; 1 to 65535 is allowed",
        f"3: targets[0].url: names no host; {EXAMPLE}",
        f"3: targets[0].url: names no user; {EXAMPLE}",
    ]
    path.write_text("targets:\n- name: a\n  url: mysql://u@h/d?x=1&y=2\n")
    assert [line.split(":")[2] for line in complaints(path)] == [" parameter x", " parameter y"]
    path.write_text("targets:\n- name: a\n  url: mysql://u:secret@h/d\n  password: {env: HOME}\n")
    assert complaints(path) == [
        "3: targets[0].url: has a password, and a password block stands beside it; keep one of them"
    ]


def test_aliases_that_multiply(tmp_path: Path) -> None:
    """Nine levels of nine aliases would be a thousand million values."""
    path = tmp_path / "bad.yml"
    levels = "".join(f"- &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10))
    path.write_text(f"a:\n- &a0 x\n{levels}{TARGET}")
    assert any("aliases counted as used" in line for line in complaints(path))


def test_an_anchor_with_a_merge_in_it_is_no_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "good.yml"
    path.write_text(
        "defaults: {session: &s {interval: 20s}}\ntargets:\n"
        "- {name: a, url: 'mysql://u@h/d', probes: {session: &t {<<: *s, interval: 30s}}}\n"
        "- {name: b, url: 'mysql://u@h/d', probes: {session: *t}}\n"
    )
    assert [target.probes["session"].interval for target in read_configuration(path).targets] == [30, 30]


def test_a_mistake_elsewhere_leaves_the_defaults_as_they_are(tmp_path: Path) -> None:
    """The timeout fits the interval that the defaults give, whatever is wrong with another target."""
    path = tmp_path / "bad.yml"
    path.write_text(
        "defaults: {session: {interval: 60s, timeout: 30s}}\ntargets:\n"
        "- {name: a, url: 'mysql://u@h/d', probes: {session: {timeout: 20s}}}\n"
        "- {name: b, url: 'mysql://u@h/d', probes: {session: {timeout: 90s}}, labels: {1x: y}}\n"
    )
    assert complaints(path) == [
        "4: targets[1].labels.1x: is not a label name; letters, digits and _ are allowed, no digit first",
        "4: targets[1].probes.session.timeout: timeout 1m30s is longer than the interval; at most 1m is allowed",
    ]


def test_every_mistake_is_found_in_one_run(tmp_path: Path) -> None:
    """One in each part of the file, none hidden by another."""
    path = tmp_path / "bad.yml"
    path.write_text(
        "defaults:\n  session: {intervall: 15s}\ntargets:\n- name: a\n  url: oracle://h\n  password: x\n"
        "  probes: {ping: {size: 0}}\n- name: a\n  urll: mysql://u@h/d\ndiagnosis: {loss: 1}\n"
    )
    assert [line.split(": ")[:2] for line in complaints(path)] == [
        ["2", "defaults.session.intervall"],
        ["5", "targets[0].url"],
        ["6", "targets[0].password"],
        ["7", "targets[0].probes.ping.size"],
        ["8", "targets[1].name"],
        ["8", "targets[1].url"],
        ["9", "targets[1].urll"],
        ["10", "diagnosis.loss"],
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert complaints(tmp_path / "nowhere.yml") == ["1: cannot be read: No such file or directory"]
    assert complaints(tmp_path) == ["1: cannot be read: Is a directory"]
    (tmp_path / "latin.yml").write_bytes(b"# caf\xe9")
    assert complaints(tmp_path / "latin.yml") == ["1: is not UTF-8 text: byte 0xe9"]
    (tmp_path / "deep.yml").write_text("[" * 5000)
    assert complaints(tmp_path / "deep.yml")[0].startswith("1: is not YAML: ")


def test_a_pipe_is_no_configuration(tmp_path: Path) -> None:
    """Opening a pipe could wait for ever."""
    os.mkfifo(tmp_path / "pipe.yml")
    assert complaints(tmp_path / "pipe.yml") == ["1: cannot be read: not a regular file"]


def test_mistakes_in_further_files(tmp_path: Path) -> None:
    """Each is told with the file in which it stands."""
    (tmp_path / "one.yml").write_text("- name: a\n  url: postgresql://u@h/d\n- name: b\n  url: nonsense\n")
    (tmp_path / "two.yml").write_text("name: c\n")
    (tmp_path / "broken.yml").write_text("[")
    path = tmp_path / "exporter.yml"
    path.write_text(
        "target_files: ['*.yml', 7, '/nowhere/*.yml', gone.yml]\ntargets:\n- name: a\n  url: mysql://u@h/d\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path)
    assert [str(problem).removeprefix(f"{tmp_path}/")[:60] for problem in caught.value.problems] == [
        "broken.yml:1: is not YAML: expected the node content, but fo",
        "exporter.yml:1: must be a list of targets, each beginning wi",
        "exporter.yml:1: target_files[1]: must be text; put it in quotes"[:60],
        "exporter.yml:1: target_files[3]: 'gone.yml' is no file",
        "one.yml:1: [0].name: 'a' is the name of another target already ("[:60],
        "one.yml:4: [1].url: is not a database URL; write postgresql:",
        "two.yml:1: must be a list of targets, each beginning with `-",
    ]
