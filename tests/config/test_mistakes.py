"""A table of bad files with exactly what is said about them."""

import os
from pathlib import Path

import pytest

from exporter.app import read_configuration
from exporter.config import ConfigurationError

DURATION = "write a number with ms, s, m, h or d, such as 15s, 200ms or 1h30m"
TARGET = "targets:\n- name: a\n  url: postgresql://u@h/d\n"

ONE_MISTAKE = {
    # YAML itself
    "targets: [a": ["1: is not YAML: expected ',' or ']', but got '<stream end>'"],
    "a: b\n\tc: d": ["2: is not YAML: found character '\\t' that cannot start any token"],
    "a: 1\n---\nb: 2": ["2: is not YAML: but found another document"],
    "a: \x01": ["1: is not YAML: unacceptable character #x0001: special characters are not allowed"],
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
        "4: vantage: cannot be read: the tag tag:yaml.org,2002:python/object:os.system is not allowed"
    ],
    TARGET + "vantage: !!python/name:os.system x\n": [
        "4: vantage: cannot be read: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/name:os.system'"
    ],
    TARGET + "vantage: 2026-13-45\n": ["4: vantage: cannot be read: month must be in 1..12"],
    # keys
    TARGET + "  lables: {}\n": ["4: targets[0].lables: unknown key; did you mean labels? allowed: name, url, password, labels, probes"],
    TARGET + "zzz:\n": ["4: zzz: unknown key; allowed: vantage, target_files, networks, diagnosis, defaults, targets"],
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
    "targets:\n- name: 7\n  url: postgresql://u@h/d\n": ["2: targets[0].name: must be text"],
    TARGET + "  labels: {1st: x}\n": ["4: targets[0].labels: '1st' is not a label name; letters, digits and _ are allowed, no digit first"],
    TARGET + "  labels: {host: x}\n": [
        "4: targets[0].labels: 'host' is one of our own labels (target, dialect, host, port, vantage); choose another"
    ],
    TARGET + "  labels: {team: 7}\n": ["4: targets[0].labels.team: must be text"],
    # durations, percentages and numbers
    TARGET + "defaults: {session: {interval: 15}}\n": [f"4: defaults.session.interval: 15 has no unit; {DURATION}"],
    TARGET + "defaults: {session: {interval: 15 seconds}}\n": [f"4: defaults.session.interval: '15 seconds' is not a duration; {DURATION}"],
    TARGET + "defaults: {session: {interval: 0s}}\n": [
        "4: defaults.session.interval: '0s' is out of range; more than nothing and at most 365d is allowed"
    ],
    TARGET + "diagnosis: {loss: 5}\n": ["4: diagnosis.loss: 5 is not a percentage; write a number with a percent sign, such as 1%"],
    TARGET + "diagnosis: {saturation: 101%}\n": ["4: diagnosis.saturation: '101%' is out of range; 0% to 100% is allowed"],
    TARGET + "defaults: {ping: {size: 1}}\n": ["4: defaults.ping.size: input should be greater than or equal to 8"],
    TARGET + "defaults: {ping: {size: big}}\n": ["4: defaults.ping.size: must be a whole number"],
    TARGET + "defaults: {session: {query: ''}}\n": ["4: defaults.session.query: is missing"],
    TARGET + "networks: {linode: [172.104.0.1/15]}\n": [
        "4: networks: linode: 172.104.0.1/15 has host bits set; write ranges such as 172.104.0.0/15"
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
    TARGET + "  probes: {pong: true}\n": ["4: targets[0].probes.pong: unknown key; did you mean ping? allowed: ping, session"],
    TARGET + "  probes: {ping: 7}\n": ["4: targets[0].probes.ping: must be a block of keys and values"],
    # passwords
    TARGET + "  password: hunter2\n": ["4: targets[0].password: must not stand in the configuration; write {{env: NAME}} or {{file: PATH}}"],
    TARGET + "  password: {}\n": ["4: targets[0].password: has no single source; write either {{env: NAME}} or {{file: PATH}}"],
    TARGET + "  password: {env: CONNDROP_NOT_SET}\n": [
        "4: targets[0].password.env: environment variable CONNDROP_NOT_SET is not set"
    ],
    TARGET + "  password: {file: nowhere}\n": ["4: targets[0].password.file: {folder}/nowhere is not a regular file"],
    TARGET + "  password: {file: .}\n": ["4: targets[0].password.file: {folder} is not a regular file"],
}  # fmt: skip

EXAMPLE = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"
URLS = {
    "not a url": f"is not a database URL; {EXAMPLE}",
    "postgresql://u@h:port/d": f"is not a database URL; {EXAMPLE}",
    "oracle://u:hunter2@h/d": "begins with oracle://, which is no database we probe; "
    "allowed: postgresql://, postgres://, mysql://, mariadb://",
    "postgresql:///d": f"names no host; {EXAMPLE}",
    "postgresql://h/d": f"names no user; {EXAMPLE}",
    "postgresql://u:hunter2@h1,h2/d": "names several hosts; make each a target of its own",
    "postgresql://u:hunter2@h:0/d": "has port 0; 1 to 65535 is allowed",
    "postgresql://u:hunter2@h:70000/d": "has port 70000; 1 to 65535 is allowed",
    "postgresql://u@-h/d": "names a host that is neither a host name nor an address",
    "postgresql://u@h/d?sslmode=disable&sslmode=require": "gives the parameter sslmode more than once",
    "postgresql://u@h/d?sslmode=maybe": "parameter sslmode: 'maybe' is no mode; "
    "allowed: disable, allow, prefer, require, verify-ca, verify-full",
    "postgresql://u@h/d?password=hunter2": "parameter password: belongs into the URL itself: "
    "postgresql://user@host:port/database",
    "postgresql://u@h/d?colour=blue": "parameter colour: unknown parameter; allowed: the connection keywords of libpq",
    "postgresql://u@h/d?sslrootcert=/nope": "parameter sslrootcert: '/nope' is no file that can be read",
    "mysql://u@h/d?colour=blue": "parameter colour: unknown parameter; allowed: charset, ssl_mode, ssl_disabled, "
    "ssl_check_hostname, ssl_verify_cert, ssl_verify_identity, ssl_ca, ssl_cert, ssl_key",
    "mysql://u@h/d?ssl_mode=maybe": "parameter ssl_mode: 'maybe' is no mode; "
    "allowed: disabled, preferred, required, verify_ca, verify_identity",
    "mysql://u@h/d?ssl_disabled=perhaps": "parameter ssl_disabled: 'perhaps' is neither; allowed: true, false",
    "mysql://u@h/d?ssl_ca=/nope": "parameter ssl_ca: '/nope' is no file that can be read",
    "mysql://u@h/d?ssl_ca=/etc/hostname": "parameter ssl_ca, ssl_cert, ssl_key: cannot be used: [X509: "
    "NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:4146)",
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
    path = tmp_path / "bad.yml"
    path.write_text(text)
    assert complaints(path) == [line.format(file=path, folder=tmp_path) for line in ONE_MISTAKE[text]]


@pytest.mark.parametrize("url", URLS)
def test_a_bad_url(url: str, tmp_path: Path) -> None:
    """What is wrong with a URL is said without showing it: a password may stand in it."""
    path = tmp_path / "bad.yml"
    path.write_text(f"targets:\n- name: a\n  url: '{url}'\n")
    (said,) = complaints(path)
    assert said.split(" (_ssl")[0] == f"3: targets[0].url: {URLS[url]}".split(" (_ssl")[0]
    assert "hunter2" not in said


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
    assert complaints(tmp_path / "latin.yml") == ["1: is not UTF-8 text: byte 5 is 0xe9"]
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
        "exporter.yml:1: target_files[1]: must be text",
        "exporter.yml:1: target_files[3]: 'gone.yml' is no file",
        "one.yml:1: [0].name: 'a' is the name of another target already ("[:60],
        "one.yml:4: [1].url: is not a database URL; write postgresql:",
        "two.yml:1: must be a list of targets, each beginning with `-",
    ]
