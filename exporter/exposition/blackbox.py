"""The series of a look on request, under the names of blackbox_exporter where it has the same."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.exposition.registry import encoder
from exporter.model import Look, Page, Phase, Records, Shown

PHASES: Final[Mapping[str, tuple[str, ...]]] = {
    "icmp": ("resolve", "setup", "rtt"),
    "dns": ("resolve", "connect", "request"),
    "http": ("resolve", "connect", "tls", "processing", "transfer"),
}
"""Phases that are told as 0 where it did not come to them, as blackbox_exporter does."""
DURATIONS: Final[Mapping[str, str]] = {
    "icmp": "Duration of icmp request by phase",
    "dns": "Duration of DNS request by phase",
    "http": "Duration of http request by phase, summed over all redirects",
    "tcp": "Duration of the connection by phase; absent are those that were not completed",
    "session": "Duration of the database session by phase; absent are those that were not completed",
}
WORDS: Final[Mapping[str, str]] = {
    Phase.DNS: "resolve",
    Phase.TCP: "connect",
    Phase.AUTH: "greeting",
    Phase.QUERY: "request",
}
"""Phases in the words of blackbox_exporter, where those of a session are others."""
REQUESTS: Final[Mapping[str, str]] = {"icmp": "rtt", "http": "processing"}
"""What the phase of the question is with each prober."""
FNV_BASIS: Final = 0x811C9DC5
FNV_PRIME: Final = 0x01000193


def rendered(look: Look, accept: str, constant: Mapping[str, str]) -> tuple[str, bytes]:
    """Write the series for a client that sends `accept`: content type and content."""
    render, kind = encoder(accept)
    registry = CollectorRegistry()
    registry.register(_Seen(look, constant))
    return kind, render(registry)


class _Seen(Collector):
    """The families of one look, in the order of their names."""

    def __init__(self, look: Look, constant: Mapping[str, str]) -> None:
        self._families = sorted(_families(look), key=lambda family: family.name)
        for family in self._families:
            family.samples = [
                sample._replace(labels={**constant, **sample.labels}) for sample in family.samples
            ]

    def collect(self) -> Iterable[Metric]:
        """Give the families."""
        return self._families


def _families(look: Look) -> Iterator[Metric]:
    yield _one("probe_success", "Displays whether or not the probe was a success", look.success)
    yield _one(
        "probe_duration_seconds", "Returns how long the probe took to complete in seconds", look.duration
    )
    yield _one("probe_timeout_seconds", "Returns how long the probe timeout is in seconds", look.timeout)
    yield from _where(look)
    if look.prober in DURATIONS:
        yield _durations(look)
    if look.prober in ("tcp", "http"):
        yield _one("probe_failed_due_to_regex", "Indicates if probe failed due to regex", 0)
    if look.failure is not None:
        labels = {"phase": _word(look, look.failure.phase or ""), "cause": str(look.failure.cause)}
        yield _info("probe_failure_info", "Contains where the probe failed and the cause seen then", labels)
    if look.shown is not None:
        yield from _encryption(look.shown)
    if look.page is not None:
        yield from _page(look.page)
    if look.records is not None:
        yield from _records(look.records, succeeded=bool(look.records.rcode))


def _where(look: Look) -> Iterator[Metric]:
    if look.lookup is None:
        return
    yield _one(
        "probe_dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds", look.lookup
    )
    yield _one(
        "probe_ip_protocol",
        "Specifies whether probe ip protocol is IP4 or IP6",
        6 if ":" in look.address else 4,
    )
    yield _one(
        "probe_ip_addr_hash",
        "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
        _hash(look.address),
    )


def _durations(look: Look) -> Metric:
    name = f"probe_{look.prober}_duration_seconds"
    family = GaugeMetricFamily(name, DURATIONS[look.prober], labels=["phase"])
    foreseen = dict.fromkeys(PHASES.get(look.prober, ()), 0.0)
    seen = {_word(look, phase): seconds for phase, seconds in look.phases.items()}
    for phase, seconds in sorted((foreseen | seen).items()):
        family.add_metric([phase], seconds)
    return family


def _word(look: Look, phase: str) -> str:
    if look.prober == "session":
        return str(phase)
    return REQUESTS.get(look.prober, WORDS[phase]) if phase == Phase.QUERY else WORDS.get(phase, str(phase))


def _encryption(shown: Shown) -> Iterator[Metric]:
    version = shown.version.replace("TLSv", "TLS ")
    version = f"{version}.0" if version == "TLS 1" else version
    yield _info(
        "probe_tls_version_info", "Returns the TLS version used or NaN when unknown", {"version": version}
    )
    yield _info(
        "probe_tls_cipher_info",
        "Returns the TLS cipher negotiated during handshake",
        {"cipher": shown.cipher},
    )
    if shown.expires is not None:
        one = partial(_one, value=shown.expires)
        yield one("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime")
        if shown.verified:
            yield one(
                "probe_ssl_last_chain_expiry_timestamp_seconds", "Returns last SSL chain expiry in timestamp"
            )
    if shown.leaf is not None:
        leaf = shown.leaf
        labels = {
            "fingerprint_sha256": leaf.fingerprint,
            "subject": leaf.subject,
            "issuer": leaf.issuer,
            "subjectalternative": leaf.names,
            "serialnumber": leaf.serial,
        }
        yield _info("probe_ssl_last_chain_info", "Contains SSL leaf certificate information", labels)


def _page(page: Page) -> Iterator[Metric]:
    yield _one("probe_http_status_code", "Response HTTP status code", page.status)
    yield _one("probe_http_content_length", "Length of http content response", page.length)
    yield _one("probe_http_uncompressed_body_length", "Length of uncompressed response body", page.body)
    yield _one("probe_http_redirects", "The number of redirects", page.redirects)
    yield _one("probe_http_ssl", "Indicates if SSL was used for the final redirect", page.encrypted)
    yield _one("probe_http_version", "Returns the version of HTTP of the probe response", page.version)
    if page.last_modified is not None:
        yield _one(
            "probe_http_last_modified_timestamp_seconds",
            "Returns the Last-Modified HTTP response header in unixtime",
            page.last_modified,
        )


def _records(records: Records, *, succeeded: bool) -> Iterator[Metric]:
    parts = {"answer": records.answers, "authority": records.authority, "additional": records.additional}
    for part, count in parts.items():
        text = f"Returns number of entries in the {part} resource record list"
        yield _one(f"probe_dns_{part}_rrs", text, count)
    yield _one(
        "probe_dns_query_succeeded",
        "Displays whether or not the query was executed successfully",
        succeeded,
    )
    if records.serial is not None:
        yield _one("probe_dns_serial", "Returns the serial number of the zone", records.serial)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _info(name: str, text: str, labels: Mapping[str, str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=list(labels))
    family.add_metric([value.encode(errors="replace").decode() for value in labels.values()], 1)
    return family


def _hash(address: str) -> int:
    """Hash an address as blackbox_exporter does: FNV-1a, 32 bits, of its bytes."""
    bare = address.partition("%")[0]
    packed = socket.inet_pton(socket.AF_INET6 if ":" in bare else socket.AF_INET, bare)
    found = FNV_BASIS
    for byte in packed:
        found = (found ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return found
