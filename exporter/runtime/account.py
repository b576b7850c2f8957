"""An observation told in lines of plain text."""

from collections.abc import Iterator

from exporter.model import (
    Connect,
    DnsObservation,
    DropObservation,
    Failure,
    Observation,
    PathObservation,
    PingObservation,
    Result,
    SessionObservation,
    TcpObservation,
    TlsObservation,
    harmless,
    rfc3339,
)


def went_well(observation: Observation) -> bool:
    """Tell whether nothing was lost, dropped or failed."""
    lost = isinstance(observation, PingObservation) and observation.lost > 0
    return observation.failure is None and not lost and not isinstance(observation, DropObservation)


def result(observation: Observation) -> Result:
    """Write what an observation says."""
    return Result(
        target=observation.target,
        module=observation.probe,
        started=observation.started,
        duration=observation.duration,
        success=went_well(observation),
        log="".join(f"{line}\n" for line in _lines(observation)),
    )


def _lines(observation: Observation) -> Iterator[str]:
    yield f"{observation.probe} of {observation.target}, {rfc3339(observation.started)}"
    yield from _particulars(observation)
    if observation.failure is not None:
        yield from _failure(observation.failure)
    yield f"{'succeeded' if went_well(observation) else 'failed'} after {observation.duration:.6f} s"


def _particulars(observation: Observation) -> Iterator[str]:
    match observation:
        case SessionObservation():
            yield from (f"phase {phase}: {seconds:.6f} s" for phase, seconds in observation.phases)
        case PingObservation():
            yield f"echoes sent: {observation.sent}, lost: {observation.lost}"
        case TcpObservation():
            yield from (line for connect in observation.connects for line in _connect(connect))
        case PathObservation():
            for hop in observation.hops:
                delay = "" if hop.rtt is None else f" {hop.rtt:.6f} s"
                yield f"hop {hop.ttl}: {hop.address or 'no answer'}{delay}"
        case DnsObservation():
            yield f"name server: {observation.resolver or 'as the system resolves'}"
            yield f"answers: {', '.join(observation.answers) or 'none'} {observation.rcode}".rstrip()
        case TlsObservation():
            problem = f", {observation.problem}" if observation.problem else ""
            yield f"TLS: {observation.version or 'none'} {observation.cipher}{problem}"
        case DropObservation():
            used = ", noticed on use" if observation.used else ""
            yield f"end: {observation.end}{used}"
            yield f"age: {observation.duration:.3f} s, silent for {observation.silent:.3f} s"
        case _:
            return


def _connect(connect: Connect) -> Iterator[str]:
    again = f", SYN sent again {connect.syn_retransmits} times" if connect.syn_retransmits else ""
    yield f"connect to {connect.address}: {connect.seconds:.6f} s{again}"
    if connect.failure is not None:
        yield from _failure(connect.failure)


def _failure(failure: Failure) -> Iterator[str]:
    where = f" in phase {failure.phase}" if failure.phase else ""
    yield f"failed{where}: {failure.cause}"
    yield f"detail: {harmless(failure.detail)}"
    told = {"code": failure.code, "said": failure.said, "refused by": failure.offender}
    yield from (f"{name}: {harmless(text)}" for name, text in told.items() if text and text != failure.detail)
