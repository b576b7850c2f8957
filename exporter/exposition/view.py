"""The series that show what a server says of itself as it is."""

from typing import Final

from exporter.exposition.told import Told, Values, each, one, text
from exporter.model import ServerView


def _info(view: ServerView) -> Values:
    role = {None: "", True: "replica", False: "primary"}[view.replica]
    return {(*(text(word) for word in (view.product, view.version, view.identity)), role): 1}


LASTING: Final = (
    Told(
        "conndrop_server_info",
        "gauge",
        "What the server is: product, version, identity and role (primary or replica), as last told.",
        ("product", "version", "identity", "role"),
        _info,
    ),
    Told(
        "conndrop_server_start_timestamp_seconds",
        "gauge",
        "When the server began, by its own clock.",
        (),
        lambda view: one(view.started),
    ),
    Told(
        "conndrop_server_replica",
        "gauge",
        "Whether the server follows another one.",
        (),
        lambda view: one(view.replica),
    ),
    Told(
        "conndrop_server_read_only",
        "gauge",
        "Whether the server takes no changes.",
        (),
        lambda view: one(view.read_only),
    ),
    Told(
        "conndrop_server_connections_max",
        "gauge",
        "Connections the server is configured for, those it reserves included.",
        (),
        lambda view: one(view.most),
    ),
    Told(
        "conndrop_server_connections_reserved",
        "gauge",
        "Connections of these that are kept from ordinary accounts.",
        (),
        lambda view: {} if view.most is None else one(view.reserved),
    ),
    Told(
        "conndrop_server_connections_high_water",
        "gauge",
        "Most connections there have been at once: as the server remembers, or else as looks have met them.",
        (),
        lambda view: one(view.high_water),
    ),
    Told(
        "conndrop_server_connection_errors_total",
        "counter",
        "Connections that the server could not take, by its own reason.",
        ("reason",),
        lambda view: each(view.errors),
    ),
    Told(
        "conndrop_server_setting_seconds",
        "gauge",
        "Settings that are times; what 0 means is the setting's own matter, mostly for ever.",
        ("setting",),
        lambda view: each(view.settings),
    ),
    Told(
        "conndrop_server_setting",
        "gauge",
        "Settings without a unit; 1 is on.",
        ("setting",),
        lambda view: each(view.values),
    ),
)
"""What still holds when a look fails, as far as anybody knows."""
MOMENTARY: Final = (
    Told(
        "conndrop_server_connections",
        "gauge",
        "Connections to the server by what they are doing.",
        ("state",),
        lambda view: each(view.connections),
    ),
    Told(
        "conndrop_server_oldest_transaction_seconds",
        "gauge",
        "Age of the oldest transaction.",
        (),
        lambda view: one(view.oldest_transaction),
    ),
    Told(
        "conndrop_server_oldest_idle_in_transaction_seconds",
        "gauge",
        "For how long at most a client has left its transaction idle.",
        (),
        lambda view: one(view.oldest_idle_in_transaction),
    ),
    Told(
        "conndrop_server_lock_waiters",
        "gauge",
        "Connections that wait for a lock of another one.",
        (),
        lambda view: one(view.lock_waiters),
    ),
    Told(
        "conndrop_server_replication_lag_seconds",
        "gauge",
        "How far a replica is behind.",
        (),
        lambda view: one(view.replication_lag),
    ),
    Told(
        "conndrop_server_host_connect_errors",
        "gauge",
        "Broken connections in a row that the server has counted for our address.",
        (),
        lambda view: one(view.host_errors),
    ),
    Told(
        "conndrop_server_hosts_blocked",
        "gauge",
        "Addresses that the server lets in no more for their broken connections.",
        (),
        lambda view: one(view.hosts_blocked),
    ),
    Told(
        "conndrop_server_missing_privileges",
        "gauge",
        "Privileges our account lacks to be told everything.",
        (),
        lambda view: one(len(view.missing)),
    ),
    Told(
        "conndrop_pooler_connections",
        "gauge",
        "Connections of a pooler to its servers by what they are doing.",
        ("state",),
        lambda view: each(view.pooler.backends) if view.pooler else {},
    ),
    Told(
        "conndrop_pooler_longest_wait_seconds",
        "gauge",
        "For how long the most patient of a pooler's clients has waited for a connection to the server.",
        (),
        lambda view: one(view.pooler.longest_wait if view.pooler else None),
    ),
)
"""What was true only at the moment it was told."""
