"""Causes at the door: who may come in, and with which password."""

from typing import Final

from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike, Looks
from exporter.model import Cause, Severity

CREDENTIALS: Final = Entry(
    cause=Cause.AUTH_CREDENTIALS,
    severity=Severity.CRITICAL,
    title="Name or password is wrong",
    summary="{target} refuses the name or the password: {said}",
    bare="{target} refuses the name or the password",
    meaning="The password is wrong, has expired, or the account is locked or does not exist. PostgreSQL "
    "says the same for a wrong password, an unknown role and a role past its VALID UNTIL; its log "
    "tells them apart. MySQL and MariaDB say the same where an account demands TLS and the connection "
    "has none. Existing sessions go on.",
    looks=(
        Looks(library="psycopg2", text='FATAL:  password authentication failed for user "…"'),
        Looks(library="psycopg 3", text='FATAL:  password authentication failed for user "…"'),
        Looks(library="PyMySQL", text="(1045, \"Access denied for user '…'@'…' (using password: YES)\")"),
        Looks(
            library="PyMySQL",
            text="(1862, 'Your password has expired. To log in you must change it using a client that "
            "supports expired passwords')",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.AUTH_NOT_ALLOWED,
            splitter="there the same login works over TLS or from another address, and the text may name "
            "pg_hba.conf or 1130",
        ),
        LookAlike(cause=Cause.SERVER_HOST_BLOCKED, splitter="that is error 1129, and concerns all accounts"),
    ),
    fixes=(
        Fix(text="See whether the password was changed, and whether the application has read the new one"),
        Fix(
            text="See whether the role may log in, and until when",
            copy=("SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_roles;",),
            family="postgresql",
        ),
        Fix(
            text="Set a new password",
            copy=("ALTER ROLE app PASSWORD '…' VALID UNTIL 'infinity';",),
            family="postgresql",
        ),
        Fix(
            text="See which accounts there are; the most exact host wins, an anonymous account included",
            copy=("SELECT user, host, plugin FROM mysql.user;",),
            family="mysql",
        ),
        Fix(
            text="Set a new password, or unlock the account",
            copy=("ALTER USER 'app'@'%' IDENTIFIED BY '…';", "ALTER USER 'app'@'%' ACCOUNT UNLOCK;"),
            family="mysql",
        ),
    ),
)

NOT_ALLOWED: Final = Entry(
    cause=Cause.AUTH_NOT_ALLOWED,
    severity=Severity.CRITICAL,
    title="The server does not let us in from here, or not without TLS",
    summary="{target} does not let us in: {said}",
    bare="{target} does not let us in: address, database or encryption are not as its rules want them",
    meaning="The name may be right, but no rule lets it in like this: from this address, to this "
    "database, or without TLS. Often the address at which the server sees us has changed: it stands in "
    "the text. A missing database or right belongs here, too. Existing sessions go on.",
    looks=(
        Looks(
            library="psycopg2",
            text='FATAL:  no pg_hba.conf entry for host "…", user "…", database "…", no encryption',
        ),
        Looks(
            library="psycopg2",
            text='FATAL:  pg_hba.conf rejects connection for host "…", user "…", database "…", no encryption',
        ),
        Looks(library="psycopg2", text="server does not support SSL, but SSL was required"),
        Looks(library="psycopg2", text='FATAL:  database "…" does not exist'),
        Looks(
            library="PyMySQL", text="(1130, \"Host '…' is not allowed to connect to this MariaDB server\")"
        ),
        Looks(library="PyMySQL", text="(1130, \"Host '…' is not allowed to connect to this MySQL server\")"),
        Looks(library="PyMySQL", text="(1044, \"Access denied for user '…'@'…' to database '…'\")"),
        Looks(library="PyMySQL", text="(1045, \"Access denied for user '…'@'…' (using password: YES)\")"),
        Looks(
            library="PyMySQL",
            text="(3159, 'Connections using insecure transport are prohibited while "
            "--require_secure_transport=ON.')",
        ),
    ),
    look_alikes=(
        LookAlike(
            cause=Cause.AUTH_CREDENTIALS,
            splitter="there the login is refused over TLS as well",
        ),
        LookAlike(
            cause=Cause.MIDDLEBOX_CONNECT_BLOCKED,
            splitter="there no server says anything: the connect itself fails",
        ),
        LookAlike(cause=Cause.SERVER_HOST_BLOCKED, splitter="that is error 1129, and FLUSH HOSTS mends it"),
    ),
    fixes=(
        Fix(
            text="Allow {our_address}, in pg_hba.conf (with /128 if it is an IPv6 address), and reload",
            copy=("hostssl DATABASE USER {our_address}/32 scram-sha-256", "SELECT pg_reload_conf();"),
            otherwise="Allow the address that stands in its text, in pg_hba.conf: hostssl DATABASE USER "
            "ADDRESS/32 scram-sha-256, then SELECT pg_reload_conf()",
            family="postgresql",
            codes=frozenset({"28000"}),
        ),
        Fix(
            text='If the server wants TLS ("no encryption" in its text), use it',
            copy=(
                "create_engine(url, connect_args=dict(sslmode='verify-full', sslrootcert='/path/ca.pem'))",
            ),
            family="postgresql",
            codes=frozenset({"28000"}),
        ),
        Fix(
            text='If it is the right to log in that is missing ("not permitted to log in")',
            copy=("ALTER ROLE app LOGIN;",),
            family="postgresql",
            codes=frozenset({"28000"}),
        ),
        Fix(
            text="If the database does not exist, see which there are, and mend the name in the URL",
            copy=("SELECT datname FROM pg_database;",),
            family="postgresql",
            codes=frozenset({"3D000"}),
        ),
        Fix(
            text="If it is the right to connect that is missing",
            copy=("GRANT CONNECT ON DATABASE app TO app;",),
            family="postgresql",
            codes=frozenset({"42501"}),
        ),
        Fix(
            text='If the database takes no connections ("not currently accepting connections")',
            copy=("ALTER DATABASE app ALLOW_CONNECTIONS true;",),
            family="postgresql",
            codes=frozenset({"55000"}),
        ),
        Fix(
            text="If the account or the server demands TLS (REQUIRE SSL, require_secure_transport), use it",
            copy=(
                "create_engine(url, connect_args=dict(ssl_ca='/path/ca.pem', ssl_verify_cert=True, "
                "ssl_verify_identity=True))",
            ),
            family="mysql",
            codes=frozenset({"1045", "3159"}),
        ),
        Fix(
            text="If our host may not connect, allow {our_address}",
            copy=(
                "CREATE USER 'app'@'{our_address}' IDENTIFIED BY '…';",
                "GRANT … ON DATABASE.* TO 'app'@'{our_address}';",
            ),
            otherwise="If our host may not connect, allow the one that stands in its text: "
            "CREATE USER 'app'@'ADDRESS' IDENTIFIED BY '…'",
            family="mysql",
            codes=frozenset({"1130"}),
        ),
        Fix(
            text="See whether the database exists, and what the account may do there",
            copy=("SHOW DATABASES;", "SHOW GRANTS FOR 'app'@'%';", "GRANT … ON DATABASE.* TO 'app'@'%';"),
            family="mysql",
            codes=frozenset({"1044", "1049", "1142", "1227"}),
        ),
        Fix(
            text="If the server is in offline mode, end that",
            copy=("SET GLOBAL offline_mode = OFF;",),
            family="mysql",
            codes=frozenset({"3032"}),
        ),
        Fix(
            text="If our address has changed, see whether the NAT gateway or the host was replaced, and "
            "give it a fixed one",
            codes=frozenset({"28000", "1130"}),
        ),
    ),
)
