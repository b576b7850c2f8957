"""Web configuration files: what is good and what is bad, as exporter-toolkit has it, and what is said."""

import contextlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.config import ConfigurationError, load_access
from exporter.model import Access, ClientCertificate, RateLimit
from tests.servers import ServerMissing
from tests.servers.certificates import Certificates
from tests.servers.releases import INSTALLED, NEWER, RELEASES

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
PAIR = "tls_server_config:\n  cert_file: good.pem\n  key_file: good.key\n"
CLIENTS = PAIR + "  client_ca_file: ca.pem\n"
TLS = "tls_server_config"
AUTH = "client_auth_type"
ANY = "needs a client_auth_type that requires one: RequireAnyClientCert or RequireAndVerifyClientCert"
HASHES = "is not a bcrypt hash, of $2a$, $2b$ or $2y$ and 60 characters; `htpasswd -nBC 10 USER` makes one"
DURATIONS = "is not a duration; write a number with ms, s, m or h, such as 100ms or 1m30s"
BURST = "rate_limit.burst: must be at least 1: with none every request would be refused"
UNKNOWN = "unknown to that release"
BOTH = frozenset(RELEASES)
OLDER = frozenset({INSTALLED.name})
LATER = frozenset({NEWER.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, and what we say of it; promtool agrees but where it `differs`, for the reason given."""

    text: str
    said: tuple[str, ...] = ()
    differs: frozenset[str] = frozenset()
    reason: str = field(default="")


GOOD = {
    "nothing": File(text=""),
    "a comment": File(text="# nothing yet\n"),
    "empty blocks": File(text="tls_server_config: {}\nhttp_server_config:\nbasic_auth_users: {}\n"),
    "a pair": File(text=PAIR),
    "a file that is both": File(text=PAIR.replace("good.key", "both.pem").replace("good.pem", "both.pem")),
    "a chain": File(text=PAIR.replace("good.", "chain.")),
    "absolute paths": File(text="tls_server_config: {cert_file: <here>/good.pem, key_file: <here>/good.key}"),
    "inline": File(
        text="tls_server_config:\n  cert: |\n<cert>\n  key: |\n<key>\n", differs=OLDER, reason=UNKNOWN
    ),
    "inline authority": File(
        text=f"{PAIR}  client_ca: |\n<ca>\n  client_auth_type: RequireAndVerifyClientCert\n",
        differs=OLDER,
        reason=UNKNOWN,
    ),
    **{
        f"clients: {name}": File(text=CLIENTS + f"  client_auth_type: {name}\n")
        for name in (
            *[policy for policy in ClientCertificate if policy != "NoClientCert"],
            "RequireClientCert",
        )
    },
    "no clients asked": File(text=PAIR + "  client_auth_type: NoClientCert\n"),
    "names": File(
        text=CLIENTS
        + "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a, 10.0.0.1]\n",
        differs=OLDER,
        reason=UNKNOWN,
    ),
    "versions": File(text=PAIR + "  min_version: TLS13\n  max_version: TLS13\n"),
    "suites": File(
        text=PAIR + "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
        "  prefer_server_cipher_suites: no\n"
    ),
    "suites of 1.3 only": File(text=PAIR + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"),
    "curves": File(text=PAIR + "  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]\n"),
    "headers": File(
        text="http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
        "    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 1; mode=block\n"
        "    Content-Security-Policy: default-src 'self'\n    Strict-Transport-Security: max-age=31536000\n"
    ),
    "users": File(text=f"basic_auth_users:\n  prometheus: {HASH}\n  möwe: {HASH.replace('$2y', '$2a')}\n"),
    "a limit": File(text="rate_limit: {interval: 1m1.5s, burst: 5}\n", differs=OLDER, reason=UNKNOWN),
    "no limit": File(text="rate_limit: {interval: 0, burst: 5}\n", differs=OLDER, reason=UNKNOWN),
}

BAD = {
    "no mapping": File(text="- a\n", said=("1: must be a block of keys and values",)),
    "no YAML": File(
        text="a: [", said=("1: is not YAML: expected the node content, but found '<stream end>'",)
    ),
    "unknown": File(
        text="tls_config: {}\n",
        said=(
            "1: tls_config: unknown key; did you mean tls_server_config? allowed: tls_server_config, "
            "http_server_config, basic_auth_users, rate_limit",
        ),
    ),
    "twice": File(
        text=f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n",
        said=("3: basic_auth_users.a: duplicate key; it stands in line 2 already",),
    ),
    "no key": File(text="tls_server_config:\n  cert_file: good.pem\n", said=("1: key_file is missing",)),
    "only a policy": File(
        text="tls_server_config:\n  client_auth_type: RequestClientCert\n",
        said=("1: cert_file is missing", "1: key_file is missing"),
    ),
    "no files": File(
        text=CLIENTS.replace("good", "none").replace("ca.pem", "none.ca")
        + "  client_auth_type: RequireAndVerifyClientCert\n",
        said=(
            "2: cert_file: <here>/none.pem cannot be read: No such file or directory",
            "3: key_file: <here>/none.key cannot be read: No such file or directory",
            "4: client_ca_file: <here>/none.ca cannot be read: No such file or directory",
        ),
    ),
    "a directory": File(
        text=PAIR.replace("good.pem", "."), said=("2: cert_file: <here> cannot be read: not a regular file",)
    ),
    "no certificate": File(
        text=PAIR.replace("good.pem", "good.key"), said=("2: cert_file: holds no certificate in PEM form",)
    ),
    "no private key": File(
        text=PAIR.replace("good.key", "good.pem"), said=("3: key_file: holds no private key in PEM form",)
    ),
    "another key": File(
        text=PAIR.replace("good.key", "chain.key"), said=("3: key_file: is not the key of the certificate",)
    ),
    "an encrypted key": File(
        text=PAIR.replace("good.key", "locked.key"),
        said=("3: key_file: is encrypted; there is nobody to ask for its password",),
    ),
    "a policy that there is not": File(
        text=PAIR + "  client_auth_type: Always\n",
        said=(
            "4: client_auth_type: is not known; allowed: NoClientCert, RequestClientCert, RequireAnyClientCert, "
            "VerifyClientCertIfGiven, RequireAndVerifyClientCert, RequireClientCert",
        ),
    ),
    "an authority for nothing": File(
        text=CLIENTS,
        said=("4: client_ca_file: does nothing without a client_auth_type that asks for certificates",),
    ),
    "names of nobody": File(
        text=PAIR + "  client_allowed_sans: [a]\n",
        said=(f"4: client_allowed_sans: {ANY}",),
        differs=LATER,
        reason="toolkit 0.17 refuses it, that release's does not look",
    ),
    "an older version": File(
        text=PAIR + "  min_version: SSL30\n", said=("4: min_version: is not known; allowed: TLS12, TLS13",)
    ),
    "a suite that there is not": File(
        text=PAIR + "  cipher_suites:\n  - TLS_RSA_WITH_RC4_128_SHA\n",
        said=("5: cipher_suites[0]: is not known; allowed: TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,",),
    ),
    "a curve that there is not": File(
        text=PAIR + "  curve_preferences: [P1]\n",
        said=("4: curve_preferences[0]: is not known; allowed: CurveP256, CurveP384, CurveP521, X25519",),
    ),
    "a header that may not be set": File(
        text="http_server_config:\n  headers:\n    Server: x\n",
        said=(
            "3: http_server_config.headers.Server: is not known; allowed: Content-Security-Policy, "
            "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
        ),
    ),
    "values that headers have not": File(
        text="http_server_config:\n  headers:\n    X-Frame-Options: DENY\n    X-Content-Type-Options: sniff\n",
        said=(
            "3: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
            "4: http_server_config.headers.X-Content-Type-Options: must be nosniff",
        ),
    ),
    "no hash": File(text="basic_auth_users:\n  a: hunter2\n", said=(f"2: basic_auth_users.a: {HASHES}",)),
    "a short hash": File(
        text=f"basic_auth_users:\n  a: {HASH[:-2]}\n", said=(f"2: basic_auth_users.a: {HASHES}",)
    ),
    "a dear hash": File(
        text=f"basic_auth_users:\n  a: {HASH.replace('$10$', '$32$')}\n",
        said=("2: basic_auth_users.a: has a cost that is none of bcrypt's; 4 to 31 is allowed, 10 is usual",),
    ),
    "a cheap hash": File(
        text=f"basic_auth_users:\n  a: {HASH.replace('$10$', '$03$')}\n",
        said=("2: basic_auth_users.a: has a cost that is none of bcrypt's; 4 to 31 is allowed, 10 is usual",),
    ),
    "no duration": File(
        text="rate_limit: {interval: often, burst: 1}\n", said=(f"1: rate_limit.interval: {DURATIONS}",)
    ),
    "days": File(
        text="rate_limit: {interval: 1d, burst: 1}\n", said=(f"1: rate_limit.interval: {DURATIONS}",)
    ),
}

STRICTER = {
    "old versions": File(
        text=PAIR + "  min_version: TLS10\n  max_version: TLS11\n",
        said=(
            "4: min_version: is not known; allowed: TLS12, TLS13",
            "5: max_version: is not known; allowed: TLS12, TLS13",
        ),
        differs=BOTH,
        reason="we speak no TLS older than 1.2, and do not say so of a port that refuses it",
    ),
    "versions the wrong way round": File(
        text=PAIR + "  min_version: TLS13\n  max_version: TLS12\n",
        said=("5: max_version: is older than min_version",),
        differs=BOTH,
        reason="nobody could connect",
    ),
    "versions of what is not encrypted": File(
        text="tls_server_config:\n  min_version: TLS13\n",
        said=("1: cert_file is missing", "1: key_file is missing"),
        differs=BOTH,
        reason="who writes this believes that TLS is on",
    ),
    "a policy without an authority": File(
        text=PAIR + "  client_auth_type: RequireAndVerifyClientCert\n",
        said=(
            "4: client_auth_type: needs client_ca_file: without it a certificate of any public authority would do",
        ),
        differs=BOTH,
        reason="it would let in whoever has a certificate of any kind",
    ),
    "an authority that is none": File(
        text=CLIENTS.replace("ca.pem", "good.key") + "  client_auth_type: RequireAndVerifyClientCert\n",
        said=("4: client_ca_file: holds no certificate in PEM form",),
        differs=BOTH,
        reason="nobody could connect",
    ),
    "both": File(
        text=PAIR + "  cert: |\n<cert>\n",
        said=("4: cert: stands beside cert_file; keep one of them",),
        differs=LATER,
        reason="it is not told which of them counts",
    ),
    "no name": File(
        text=CLIENTS + "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: []\n",
        said=("6: client_allowed_sans: is empty",),
        differs=LATER,
        reason="nobody could connect",
    ),
    "a header in two lines": File(
        text='http_server_config:\n  headers:\n    Content-Security-Policy: "a\\nb"\n',
        said=("3: http_server_config.headers.Content-Security-Policy: must be printable ASCII, in one line",),
        differs=BOTH,
        reason="it cannot be sent",
    ),
    "a long hash": File(
        text=f"basic_auth_users:\n  a: {HASH}x\n",
        said=(f"2: basic_auth_users.a: {HASHES}",),
        differs=BOTH,
        reason="no password matches it",
    ),
    "a user who cannot be sent": File(
        text=f"basic_auth_users:\n  'a:b': {HASH}\n",
        said=("2: basic_auth_users.a:b: has a colon in the name, which ends it where it is sent",),
        differs=BOTH,
        reason="nobody could log in",
    ),
    "no burst": File(
        text="rate_limit: {interval: 1s}\n",
        said=(f"1: {BURST}",),
        differs=LATER,
        reason="every request would be refused",
    ),
    "a bare number": File(
        text="rate_limit: {interval: 5, burst: 1}\n",
        said=(f"1: rate_limit.interval: {DURATIONS}",),
        differs=LATER,
        reason="Go takes it for nanoseconds",
    ),
    "a negative burst": File(
        text="rate_limit: {interval: 1s, burst: -1}\n",
        said=("1: rate_limit.burst: must be at least 0",),
        differs=LATER,
        reason="every request would be refused",
    ),
    "a large burst": File(
        text="rate_limit: {interval: 1s, burst: 10000000}\n",
        said=("1: rate_limit.burst: must be at most 1000000",),
        differs=LATER,
        reason="it limits nothing",
    ),
    "a pipe": File(
        text=PAIR.replace("good.pem", "/dev/null"),
        said=("2: cert_file: /dev/null cannot be read: not a regular file",),
    ),
}

FILES: Mapping[str, File] = GOOD | BAD | STRICTER


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates, good and bad."""
    folder = tmp_path_factory.mktemp("web")
    certificates = Certificates(folder)
    certificates.install("good", folder / "good.pem", folder / "good.key")
    certificates.install("chained", folder / "chain.pem", folder / "chain.key")
    both = (folder / "good.pem").read_bytes() + (folder / "good.key").read_bytes()
    (folder / "both.pem").write_bytes(both)
    locked = ["openssl", "pkey", "-in", "good.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"]
    subprocess.run(locked, cwd=folder, check=True, capture_output=True)
    return folder


def written(folder: Path, file: File) -> Path:
    """Write a file, with certificates in place of their names."""
    text = file.text.replace("<here>", str(folder))
    for name, pem in (("<cert>", "good.pem"), ("<key>", "good.key"), ("<ca>", "ca.pem")):
        text = text.replace(name, "    " + (folder / pem).read_text().strip().replace("\n", "\n    "))
    path = folder / "web.yml"
    path.write_text(text)
    return path


def complaints(path: Path) -> list[str]:
    """What is said of a file, without its name."""
    try:
        load_access(path)
    except ConfigurationError as error:
        return [line.removeprefix(f"{path}:") for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize("name", FILES)
def test_what_is_said(name: str, folder: Path) -> None:
    file = FILES[name]
    found = complaints(written(folder, file))
    expected = [line.replace("<here>", str(folder)) for line in file.said]
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.replace(f" {TLS}: ", " ").replace(f" {TLS}.", " ").startswith(beginning), line


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", FILES)
def test_promtool_agrees(name: str, release: str, folder: Path) -> None:
    """With both releases, but for what is listed with its reason."""
    file = FILES[name]
    try:
        promtool = RELEASES[release].program("promtool")
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    path = written(folder, file)
    done = subprocess.run(
        [promtool, "check", "web-config", path], capture_output=True, text=True, check=False
    )
    agrees = (done.returncode == 0) == (not file.said)
    assert agrees == (release not in file.differs), done.stderr
    assert bool(file.reason) == bool(file.differs)


def test_every_mistake_is_found_in_one_run(folder: Path) -> None:
    text = (
        "tls_server_config:\n  cert_file: none.pem\n  key_file: good.pem\n  min_version: TLS9\n  zzz: 1\n"
        "  client_ca_file: ca.pem\nhttp_server_config:\n  http2: 1\n  headers: {X-Frame-Options: all, A: b}\n"
        f"basic_auth_users: {{a: b, c: {HASH}, d: 1}}\nrate_limit: {{interval: 1s}}\n"
    )
    path = written(folder, File(text=text))
    assert [line.split(": ")[:2] for line in complaints(path)] == [
        ["2", "tls_server_config.cert_file"],
        ["3", "tls_server_config.key_file"],
        ["4", "tls_server_config.min_version"],
        ["5", "tls_server_config.zzz"],
        ["6", "tls_server_config.client_ca_file"],
        ["8", "http_server_config.http2"],
        ["9", "http_server_config.headers.A"],
        ["9", "http_server_config.headers.X-Frame-Options"],
        ["10", "basic_auth_users.a"],
        ["10", "basic_auth_users.d"],
        ["11", "rate_limit.burst"],
    ]


def test_what_a_file_means(folder: Path) -> None:
    text = CLIENTS + (
        "  client_auth_type: RequireClientCert\n  client_allowed_sans: [a]\n  min_version: TLS13\n"
        f"http_server_config: {{headers: {{X-Frame-Options: deny}}}}\nbasic_auth_users: {{a: {HASH}}}\n"
        "rate_limit: {interval: 1m1.5s, burst: 5}\n"
    )
    access = load_access(written(folder, File(text=text)))
    assert access.encryption
    assert access.encryption.client is ClientCertificate.REQUIRE_ANY
    assert (access.encryption.client_names, access.encryption.minimum) == (("a",), "TLS13")
    assert (access.headers, access.users) == ({"X-Frame-Options": "deny"}, {"a": HASH})
    assert access.rate == RateLimit(61.5, 5)
    assert access.files == tuple(folder / name for name in ("good.pem", "good.key", "ca.pem"))
    shown = repr(access)
    assert HASH not in shown
    assert "BEGIN" not in shown
    assert load_access(written(folder, File(text=""))) == Access()


def test_a_key_that_openssl_refuses(tmp_path: Path) -> None:
    """Its own words are passed on."""
    make = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=x"]
    files = ["-keyout", "good.key", "-out", "good.pem"]
    subprocess.run([*make, *files], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "web.yml").write_text(PAIR)
    assert complaints(tmp_path / "web.yml") == [
        "2: tls_server_config.cert_file: cannot be used for TLS: ee key too small"
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert complaints(tmp_path / "none.yml") == ["1: cannot be read: No such file or directory"]
    with contextlib.suppress(FileExistsError):
        os.mkfifo(tmp_path / "pipe")
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: pipe, key_file: pipe, client_ca_file: 1}"
    )
    assert complaints(tmp_path / "web.yml") == [
        f"1: tls_server_config.cert_file: {tmp_path}/pipe cannot be read: not a regular file",
        "1: tls_server_config.client_ca_file: does nothing without a client_auth_type that asks for certificates",
        "1: tls_server_config.client_ca_file: must be text; put it in quotes",
        f"1: tls_server_config.key_file: {tmp_path}/pipe cannot be read: not a regular file",
    ]
