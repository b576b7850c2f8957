"""TLS of our own pages: who comes in with which certificate, and what is spoken."""

import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
from OpenSSL import SSL

from exporter.app import Entrance
from tests.encrypted import REQUEST, Folder, let_in, serving
from tests.servers.certificates import NAME


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


POLICIES = {
    "NoClientCert": (True, True, True),
    "RequestClientCert": (True, True, True),
    "RequireAnyClientCert": (False, True, True),
    "VerifyClientCertIfGiven": (True, False, True),
    "RequireAndVerifyClientCert": (False, False, True),
}
"""Who is let in: without a certificate, with one of a strange authority, with one of ours."""


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_client_certificates(policy: str, version: str, folder: Folder) -> None:
    authority = "" if policy == "NoClientCert" else "  client_ca_file: ca.pem\n"
    text = f"  client_auth_type: {policy}\n  max_version: {version}\n  min_version: {version}\n{authority}"
    with serving(Entrance(folder.write(text))) as port:
        found = tuple(let_in(port, folder.context(client)) for client in ("", "strange", "known"))
    assert found == POLICIES[policy]


@pytest.mark.parametrize(
    ("names", "fits"),
    [
        ("client.test", True),
        ("10.1.2.3", True),
        ("ops@client.test", True),
        ("other.test, client.test", True),
        ("test, CLIENT.TEST, .test, '*.test', 10.1.2", False),
    ],
)
@pytest.mark.parametrize("policy", ["RequireAnyClientCert", "RequireAndVerifyClientCert"])
def test_names_that_are_allowed(names: str, fits: bool, policy: str, folder: Folder) -> None:
    text = f"  client_auth_type: {policy}\n  client_ca_file: ca.pem\n  client_allowed_sans: [{names}]\n"
    with serving(Entrance(folder.write(text))) as port:
        assert let_in(port, folder.context("known")) == fits
        assert not let_in(port, folder.context())


def test_a_certificate_without_names_has_none_that_is_allowed(folder: Folder) -> None:
    """Its common name does not count."""
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words = ["-subj", "/CN=client.test", "-keyout", "nameless.key", "-out", "nameless.crt"]
    subprocess.run([*make, *words], cwd=folder.path, check=True, capture_output=True)
    pems = [(folder.path / f"nameless.{kind}").read_bytes() for kind in ("key", "crt")]
    (folder.path / "nameless.pem").write_bytes(b"".join(pems))
    text = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: nameless.crt\n"
    with serving(Entrance(folder.write(text))) as port:
        assert let_in(port, folder.context("nameless"))
    with serving(Entrance(folder.write(f"{text}  client_allowed_sans: [client.test]\n"))) as port:
        assert not let_in(port, folder.context("nameless"))


def test_an_authority_in_the_middle_is_trusted_as_well(folder: Folder) -> None:
    """Whatever is named is, as in Go, though nobody vouches for it here."""
    middle = trustme.CA().create_child_ca()
    middle.cert_pem.write_to_path(str(folder.path / "middle.pem"))
    folder.client("theirs", middle.issue_cert("client.test"))
    text = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: middle.pem\n"
    with serving(Entrance(folder.write(text))) as port:
        assert let_in(port, folder.context("theirs"))
        assert not let_in(port, folder.context("known"))


def s_client(port: int, *words: str) -> str:
    """Let OpenSSL's own client connect, and give what it says."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words]
    done = subprocess.run(command, input=REQUEST, capture_output=True, timeout=10, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize(
    ("text", "offered", "agreed"),
    [
        ("", ["-tls1_3"], "TLSv1.3"),
        ("", ["-tls1_2"], "TLSv1.2"),
        ("", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ""),
        ("", ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], ""),
        ("  min_version: TLS13\n", ["-tls1_2"], ""),
        ("  max_version: TLS12\n", ["-tls1_3"], ""),
        (
            "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n",
            [],
            "ECDHE-ECDSA-AES128-GCM-SHA256",
        ),
        (
            "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n",
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
            "",
        ),
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", ["-tls1_2"], ""),
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", [], "TLSv1.3"),
        ("  curve_preferences: [CurveP384]\n", ["-groups", "X25519:P-384"], "secp384r1, 384 bits"),
        ("  curve_preferences: [CurveP384, CurveP521]\n", ["-groups", "X25519"], ""),
    ],
)
def test_versions_suites_and_curves(text: str, offered: list[str], agreed: str, folder: Folder) -> None:
    with serving(Entrance(folder.write(text))) as port:
        said = s_client(port, *offered)
    assert ("Cipher is (NONE)" in said) == (not agreed), said
    assert agreed in said


@pytest.mark.parametrize(("own", "chosen"), [("true", "AES128"), ("false", "AES256")])
def test_whose_order_of_suites_counts(own: str, chosen: str, folder: Folder) -> None:
    text = (
        "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "
        f"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  prefer_server_cipher_suites: {own}\n"
    )
    with serving(Entrance(folder.write(text))) as port:
        said = s_client(port, "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    assert f"Cipher is ECDHE-ECDSA-{chosen}" in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_resumed(version: ssl.TLSVersion, folder: Folder) -> None:
    """It would not be asked for its certificate again."""
    context, session = folder.context(), None
    context.minimum_version = context.maximum_version = version
    with serving(Entrance(folder.write())) as port:
        for _ in range(2):
            with (
                socket.create_connection(("127.0.0.1", port), 5) as plain,
                context.wrap_socket(plain, server_hostname=NAME, session=session) as sock,
            ):
                assert not sock.session_reused
                sock.sendall(REQUEST)
                assert sock.recv(65536).startswith(b"HTTP/1.1 200")  # behind any ticket
                session = sock.session


def test_who_speaks_http_to_https_is_told(folder: Folder) -> None:
    with serving(Entrance(folder.write())) as port, socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(REQUEST)
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_openssl_knows_the_function_for_curves() -> None:
    """It has no name of its own in pyOpenSSL."""
    assert SSL._lib.SSL_CTX_set1_curves_list(SSL.Context(SSL.TLS_SERVER_METHOD)._context, b"X25519") == 1  # type: ignore[attr-defined]
    assert SSL._lib.SSL_CTX_set1_curves_list(SSL.Context(SSL.TLS_SERVER_METHOD)._context, b"none") == 0  # type: ignore[attr-defined]
