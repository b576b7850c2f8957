"""A connect that no server notices; or one with a TLS handshake, as a database or any server has it."""

import contextlib
import socket
from collections.abc import Sequence

from exporter.blackbox.errand import Errand, Trail
from exporter.blackbox.finding import find
from exporter.db.encryption import Encryption
from exporter.model import Cause, Phase, ProbeError, Shown
from exporter.net.dial import check_connected, connect_error, dial, first_that_connects, numeric
from exporter.net.handshake import Handshake, TlsChannel
from exporter.net.icmp_errors import RECVERR
from exporter.net.knock import knock
from exporter.net.stream import Stream
from exporter.net.tcp_info import connect_info
from exporter.net.tls import NOT_OFFERED, FilesUnusable, client_context
from exporter.net.waiting import WRITABLE


def look(errand: Errand, trail: Trail) -> None:
    """Connect, and shake hands where that is wanted; raise ProbeError where it fails."""
    addresses = find(errand, trail)
    trail.clock.enter(Phase.TCP)
    if errand.policy is None:
        rtt = first_that_connects(addresses, trail.clock, lambda *each: _knocked(errand, trail, *each))
        if rtt is not None:
            trail.phases[Phase.TCP] = rtt
        trail.say("Connected, and left before the server had to accept")
    elif errand.encryption is None:
        with connected(errand, trail, addresses) as stream:
            channel = encrypt(errand, trail, stream)
            trail.clock.enter(Phase.CLOSE)
            channel.say_goodbye()
    else:
        with connected(errand, trail, addresses) as stream, errand.encryption.visit():
            _ask_first(errand, trail, stream, errand.encryption)


def connected(errand: Errand, trail: Trail, addresses: Sequence[str]) -> Stream:
    """Connect to the first address that lets us; raise ProbeError."""
    trail.clock.enter(Phase.TCP)
    port = errand.port or 0

    def attempt(address: str, within: float) -> socket.socket:
        trail.address = address
        trail.say("Dialing", address=address, port=port)
        return dial(address, port, trail.clock, within)

    return Stream.over(first_that_connects(addresses, trail.clock, attempt), trail.clock)


def encrypt(errand: Errand, trail: Trail, stream: Stream) -> TlsChannel:
    """Shake hands and judge the certificate; raise ProbeError where it is not to be trusted."""
    policy = errand.policy
    assert policy is not None  # noqa: S101  who encrypts has one
    trail.clock.enter(Phase.TLS)
    try:
        channel = TlsChannel(stream, client_context(policy), policy, errand.server_name or errand.host)
    except FilesUnusable as error:
        raise ProbeError(Cause.TLS_CERTIFICATE, f"the files for TLS cannot be used: {error}") from None
    handshake = channel.look()
    trail.shown = _shown(handshake)
    trail.say("TLS handshake completed", version=handshake.version, cipher=handshake.cipher)
    if problem := policy.objection(handshake.chain_problem, handshake.name_problem):
        with contextlib.suppress(ProbeError):
            _leave(errand, trail, channel)
        trail.clock.enter(Phase.TLS)
        raise ProbeError(Cause.TLS_CERTIFICATE, problem)
    return channel


def _ask_first(errand: Errand, trail: Trail, stream: Stream, encryption: Encryption) -> None:
    """Ask a database for TLS, and leave it without a login."""
    if encryption.ask(stream):
        _leave(errand, trail, encrypt(errand, trail, stream))
        return
    trail.say("The server does not offer TLS")
    _leave(errand, trail, stream)
    if encryption.policy.required:
        trail.clock.enter(Phase.TLS)
        raise ProbeError(Cause.AUTH_NOT_ALLOWED, NOT_OFFERED)


def _leave(errand: Errand, trail: Trail, line: Stream | TlsChannel) -> None:
    """Take leave; what goes wrong then says nothing of TLS, but for a refusal that comes late."""
    trail.clock.enter(Phase.CLOSE)
    try:
        if errand.encryption is not None:
            errand.encryption.leave(line)
        elif isinstance(line, TlsChannel):
            line.say_goodbye()
    except ProbeError as error:
        if error.cause is Cause.TLS_HANDSHAKE:
            trail.clock.enter(Phase.TLS)
            raise


def _shown(handshake: Handshake) -> Shown:
    return Shown(
        version=handshake.version,
        cipher=handshake.cipher,
        verified=not (handshake.chain_problem or handshake.name_problem),
        expires=handshake.chain_expires,
        leaf=handshake.leaf,
    )


def _knocked(errand: Errand, trail: Trail, address: str, within: float) -> float | None:
    """Begin a connect and abort it when it is answered; give the kernel's round trip of it, if it has one."""
    trail.address = address
    trail.say("Dialing", address=address, port=errand.port)
    family, where = numeric(address, errand.port or 0)
    try:
        with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
            sock.setsockopt(*RECVERR[family], 1)
            knock(sock, where)
            trail.clock.wait(sock.fileno(), WRITABLE, within=within)
            check_connected(sock, address)
            return connect_info(sock).rtt
    except OSError as error:
        raise connect_error(error.errno or 0, address, at_once=True) from None
