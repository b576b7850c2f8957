"""What each side has come to, in one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.examination import words
from exporter.examination.pace import SIDES
from exporter.examination.record import Delays, Told
from exporter.examination.report import Look, Side, State
from exporter.model import (
    DnsObservation,
    IdleObservation,
    MtuObservation,
    PathObservation,
    Phase,
    PingObservation,
    PoolObservation,
    Scope,
    Seen,
    ServerObservation,
    ServerView,
    SessionObservation,
    TcpObservation,
    TlsObservation,
)

ECHOES: Final = 10
ROUNDS: Final = 2
"""Echoes, rounds along the path and exercises of the pool after which these sides have told."""
UNANSWERED: Final = 5
"""Echoes after which it is told that none was answered."""
LOSSY: Final = 0.01
"""Share of packets lost that is not good."""
SOON: Final = 21 * words.DAY
"""Seconds before a certificate expires from which it is told of."""
FULL: Final = 0.9

Said = tuple[State, str]
WAITING: Final[Said] = (State.WAITING, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that looks are drawn from; `absent` says of a probe why there is none; `now` is the wall clock's.

    `saturation` is the share of the server's slots in use that is told of.
    """

    seen: Seen
    told: Told
    now: float
    absent: Mapping[str, str]
    saturation: float = FULL

    @property
    def view(self) -> ServerView | None:
        """What the server has said of itself last, if anything."""
        known = self.seen.known
        return known.view if known is not None else None


def looks(sight: Sight, wanted: frozenset[Side], *, holding: bool) -> tuple[Look, ...]:
    """Say of each side how far it has got."""
    return tuple(_look(side, sight, wanted, holding=holding) for side in Side)


def _look(side: Side, sight: Sight, wanted: frozenset[Side], *, holding: bool) -> Look:
    absent = sight.absent.get(SIDES[side][0], "")
    if side not in wanted or (side is Side.HOLD and not holding):
        return Look(side=side, state=State.ABSENT, text="not asked for")
    if absent:
        return Look(side=side, state=State.ABSENT, text=words.line(absent))
    state, text = ROWS[side](sight)
    return Look(side=side, state=state, text=words.line(text))


def _dns(sight: Sight) -> Said:
    seen = sight.seen.names.get("") or sight.seen.last(DnsObservation)
    if seen is None:
        return WAITING
    if seen.failure is not None:
        return State.BAD, words.failed(seen.failure)
    shown = ", ".join(seen.answers[:3]) + (" …" if len(seen.answers) > 3 else "")
    return State.GOOD, f"{shown} in {words.duration(seen.duration)}"


def _ping(sight: Sight) -> Said:
    echoes, latest = sight.told.echoes, sight.seen.last(PingObservation)
    if latest is not None and not echoes.sent and latest.failure is not None:
        return State.BAD, words.failed(latest.failure)
    if not echoes.sent:
        return WAITING
    text = _delays(echoes, "echo", "echoes")
    if echoes.sent < (ECHOES if echoes.seconds else UNANSWERED):
        return State.WAITING, text
    if not echoes.seconds:
        return _unanswered(sight, f"none of {echoes.sent} echoes was answered")
    return (State.BAD if _lossy(echoes) else State.GOOD), text


def _unanswered(sight: Sight, text: str) -> Said:
    """Tell of what is filtered on many paths by design: it is bad only where connects fail, too."""
    latest = sight.seen.last(TcpObservation)
    if latest is None or latest.failure is not None or not sight.told.connects.seconds:
        return State.BAD, text
    return State.ABSENT, f"{text}; connects are answered"


def _delays(delays: Delays, one: str, many: str) -> str:
    middle = delays.median
    lost = f"{delays.lost} lost" if delays.lost else "none lost"
    told = f"{words.duration(middle)} median of " if middle is not None else ""
    return f"{told}{words.several(delays.sent, one, many)}, {lost}"


def _lossy(delays: Delays) -> bool:
    return delays.lost > max(1, LOSSY * delays.sent)


def _path(sight: Sight) -> Said:
    seen = sight.seen.last(PathObservation)
    if seen is None:
        return WAITING
    if seen.route is None or not seen.route.hops:
        if seen.failure is not None:
            return State.BAD, words.failed(seen.failure)
        return _unanswered(sight, "no hop has answered")
    hops = words.several(len(seen.route.hops), "hop")
    start = seen.route.loss_start
    if start is not None:
        who = next((hop for hop in seen.route.hops if hop.ttl == start), None)
        name = f" ({who.hostname or who.address})" if who is not None and who.address else ""
        return State.BAD, f"{hops}, loss begins at hop {start}{name}"
    if not seen.reached:
        return _unanswered(sight, f"{hops} seen, the target does not answer")
    state = State.GOOD if sight.told.seen.get("path", 0) >= ROUNDS else State.WAITING
    return state, f"{hops}, loss begins nowhere"


def _mtu(sight: Sight) -> Said:
    seen = sight.seen.last(MtuObservation)
    if seen is None:
        return WAITING
    if seen.blackhole:
        return State.BAD, f"{seen.mtu} bytes pass, larger packets vanish without a word"
    if seen.mtu is not None:
        return State.GOOD, f"{seen.mtu} bytes"
    if seen.failure is not None:
        return State.BAD, words.failed(seen.failure)
    return _unanswered(sight, "no packet size is answered")


def _tcp(sight: Sight) -> Said:
    seen, connects = sight.seen.last(TcpObservation), sight.told.connects
    if seen is None:
        return WAITING
    if seen.failure is not None:
        return State.BAD, words.failed(seen.failure)
    again = sum(each.syn_retransmits for each in seen.connects)
    repeated = f", {words.several(again, 'packet')} sent again" if again else ""
    failing = f", {connects.lost} failed" if connects.lost else ""
    middle = words.duration(connects.median or 0.0)
    return (
        State.GOOD,
        f"{middle} median of {words.several(len(connects.seconds), 'connect')}{failing}{repeated}",
    )


def _tls(sight: Sight) -> Said:
    seen = sight.seen.last(TlsObservation)
    if seen is None:
        return WAITING
    if seen.failure is not None:
        return State.BAD, words.failed(seen.failure)
    if seen.handshake is None:
        return State.GOOD, "the server offers no TLS, and the URL does not demand it"
    version = seen.version.replace("TLSv", "TLS ")
    left = None if seen.expires is None else seen.expires - sight.now
    good = f"good for {words.duration(left)}" if left is not None and left > 0 else "has expired"
    until = "" if left is None else f", certificate {good}"
    doubt = f"; not verified: {seen.problem}" if seen.problem else ""
    return (State.BAD if left is not None and left < SOON else State.GOOD), f"{version}{until}{doubt}"


def _session(sight: Sight) -> Said:
    seen = sight.seen.last(SessionObservation)
    if seen is None:
        return WAITING
    if seen.failure is not None and not seen.usable:
        return State.BAD, words.failed(seen.failure)
    phases = ", ".join(
        f"{phase} {words.duration(seconds)}" for phase, seconds in seen.phases if phase is not Phase.CLOSE
    )
    return State.GOOD, f"open in {words.duration(seen.duration)}: {phases}"


def _server(sight: Sight) -> Said:
    latest, view = sight.seen.last(ServerObservation), sight.view
    if latest is None:
        return WAITING
    if view is None:
        return State.BAD, words.failed(latest.failure) if latest.failure else "nothing can be asked"
    whole = next((limit for limit in view.limits if limit.scope is Scope.SERVER), None)
    taken = f": {whole.connections} of {whole.most} connections" if whole is not None else ""
    kind = ", a replica" if view.replica else ", read-only" if view.read_only else ""
    full = whole is not None and whole.connections >= sight.saturation * whole.most
    return (State.BAD if full else State.GOOD), f"{view.product} {view.version}{taken}{kind}"


def _pool(sight: Sight) -> Said:
    seen, told = sight.seen.last(PoolObservation), sight.told
    if seen is None or not told.checkouts:
        return WAITING
    failures = [each.failure for each in told.checkouts if each.failure is not None]
    if failures:
        return (
            State.BAD,
            f"{len(failures)} of {len(told.checkouts)} checkouts failed: {words.failed(failures[-1])}",
        )
    dead = f", {len(told.invalidations)} let go of" if told.invalidations else ""
    text = f"{words.several(len(told.checkouts), 'checkout')}, all good{dead}"
    return (State.GOOD if told.rested else State.WAITING), text


def _hold(sight: Sight) -> Said:
    idle = sight.seen.last(IdleObservation)
    if idle is None or (idle.survived is None and idle.killed is None):
        return State.WAITING, "nothing is known of silence yet"
    lived = (
        f"{words.duration(idle.survived)} survived" if idle.survived is not None else "nothing survived yet"
    )
    if idle.killed is None:
        return (State.GOOD if idle.settled else State.WAITING), f"{lived}, nothing has ended"
    layers = ", ".join(f"{cause} after {words.duration(seconds)}" for cause, seconds in idle.timeouts)
    return State.BAD, f"{lived}, {words.duration(idle.killed)} kills{f': {layers}' if layers else ''}"


ROWS: Final[Mapping[Side, Callable[[Sight], Said]]] = {
    Side.DNS: _dns,
    Side.PING: _ping,
    Side.PATH: _path,
    Side.MTU: _mtu,
    Side.TCP: _tcp,
    Side.TLS: _tls,
    Side.SESSION: _session,
    Side.SERVER: _server,
    Side.POOL: _pool,
    Side.HOLD: _hold,
}
