"""Causes in TLS."""

from typing import Final

from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.diagnosis.catalogue.phrases import CONNECT_TIMES_OUT
from exporter.model import Cause, Severity

LOOK: Final = Fix(
    text="See what the server shows",
    copy=("openssl s_client -connect {host}:{port} -starttls postgres -showcerts",),
    otherwise="See what the server shows: openssl s_client -connect HOST:PORT -starttls postgres -showcerts",
    family="postgresql",
)
LOOK_MYSQL: Final = Fix(
    text="See what the server shows",
    copy=("openssl s_client -connect {host}:{port} -starttls mysql -showcerts",),
    otherwise="See what the server shows: openssl s_client -connect HOST:PORT -starttls mysql -showcerts",
    family="mysql",
)

CERTIFICATE: Final = Entry(
    cause=Cause.TLS_CERTIFICATE,
    severity=Severity.CRITICAL,
    title="The server's certificate is not accepted",
    summary="The certificate of {target} is not accepted",
    meaning="The certificate has expired, is not valid yet, is signed by nobody we trust, or is made out "
    "to another name. libpq says the same for the first three. With sslmode=require it accepts an "
    "expired one. Against MySQL and MariaDB, each attempt counts towards the blocking of the host.",
    looks=(
        Looks(library="psycopg2", text="SSL error: certificate verify failed"),
        Looks(library="psycopg2", text='server certificate for "…" does not match host name "…"'),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([SSL: CERTIFICATE_VERIFY_FAILED] "
            'certificate verify failed: …)")',
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.TLS_HANDSHAKE,
            splitter="there the handshake fails before a certificate is judged: no common version, or no "
            "answer",
        ),
        LookAlike(
            cause=Cause.CLIENT_RESOURCES,
            splitter="there the clock of this host is wrong, and every certificate seems expired or not "
            "valid yet",
        ),
    ),
    fixes=(
        LOOK,
        LOOK_MYSQL,
        Fix(
            text="If it has expired, install the new one, and let the server read it",
            copy=("SELECT pg_reload_conf();",),
            family="postgresql",
        ),
        Fix(
            text="If it has expired, install the new one, and let MariaDB read it",
            copy=("FLUSH SSL;",),
            family="mysql",
        ),
        Fix(
            text="If it has expired, install the new one, and let MySQL read it",
            copy=("ALTER INSTANCE RELOAD TLS;",),
            family="mysql",
        ),
        Fix(
            text="If nobody known has signed it, name its authority",
            copy=(
                "create_engine(url, connect_args=dict(sslmode='verify-full', sslrootcert='/path/ca.pem'))",
            ),
            family="postgresql",
        ),
        Fix(
            text="If nobody known has signed it, name its authority",
            copy=(
                "create_engine(url, connect_args=dict(ssl_ca='/path/ca.pem', ssl_verify_cert=True, "
                "ssl_verify_identity=True))",
            ),
            family="mysql",
        ),
        Fix(
            text="If the name does not match, connect by a name of the certificate, or have {host} added "
            "to it (subjectAltName)",
            otherwise="If the name does not match, connect by a name of the certificate, or have the "
            "right one added to it (subjectAltName)",
        ),
    ),
)

HANDSHAKE: Final = Entry(
    cause=Cause.TLS_HANDSHAKE,
    severity=Severity.CRITICAL,
    title="TLS does not come about",
    summary="TLS with {target} does not come about",
    meaning="Both sides find no version or cipher in common, or the handshake begins and nothing comes "
    "back. The latter is often a question of size: a certificate does not fit into one packet. "
    "Otherwise a device on the way inspects TLS and cannot cope with a database's.",
    looks=(
        Looks(library="psycopg2", text="SSL error: tlsv1 alert protocol version"),
        Looks(
            library="PyMySQL",
            text="(2003, \"Can't connect to MySQL server on '…' ([Errno 104] Connection reset by peer)\")",
        ),
        *CONNECT_TIMES_OUT,
    ),
    look_alikes=(
        LookAlike(cause=Cause.NET_MTU_BLACKHOLE, splitter="there a large answer over plain TCP hangs, too"),
        LookAlike(
            cause=Cause.TLS_CERTIFICATE,
            splitter="there the handshake goes as far as the certificate, and the error names it",
        ),
        LookAlike(cause=Cause.SERVER_UNRESPONSIVE, splitter="there not even the first byte comes"),
    ),
    fixes=(
        LOOK,
        LOOK_MYSQL,
        Fix(
            text="See which versions each side allows, and let them meet at TLS 1.2 or later",
            copy=(
                "SHOW ssl_min_protocol_version;",
                "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.2';",
                "SELECT pg_reload_conf();",
            ),
            family="postgresql",
        ),
        Fix(
            text="See which versions each side allows, and let them meet at TLS 1.2 or later",
            copy=("SHOW VARIABLES LIKE 'tls_version';",),
            family="mysql",
        ),
        Fix(
            text="If nothing comes back, look for packets that are too large first, then for a firewall "
            "that inspects TLS"
        ),
    ),
)
