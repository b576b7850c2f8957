"""What libraries say when a connection ends: the same words for many causes."""

from typing import Final

from exporter.diagnosis.catalogue.entry import Looks

CLOSED: Final = (
    Looks(library="psycopg2", text="server closed the connection unexpectedly"),
    Looks(library="psycopg2", text="SSL connection has been closed unexpectedly"),
    Looks(library="psycopg 3", text="consuming input failed: server closed the connection unexpectedly"),
    Looks(library="PyMySQL", text="(2013, 'Lost connection to MySQL server during query')"),
)
"""The peer has closed the connection."""
GONE_AWAY: Final = Looks(
    library="PyMySQL",
    text="(2006, \"MySQL server has gone away (ConnectionResetError(104, 'Connection reset by peer'))\")",
)
"""A reset has arrived before the query."""
RESET_WHILE_SILENT: Final = (Looks(library="psycopg2", text="SSL SYSCALL error: EOF detected"), GONE_AWAY)
RESET_ON_USE: Final = (
    Looks(library="psycopg2", text="server closed the connection unexpectedly"),
    Looks(library="psycopg 3", text="consuming input failed: server closed the connection unexpectedly"),
    Looks(
        library="PyMySQL",
        text="(2013, 'Lost connection to MySQL server during query ([Errno 104] Connection reset by peer)')",
    ),
)
SILENT: Final = (
    Looks(library="psycopg2", text="could not receive data from server: Connection timed out"),
    Looks(library="psycopg2", text="SSL SYSCALL error: Connection timed out"),
    Looks(
        library="psycopg 3",
        text="consuming input failed: could not receive data from server: Connection timed out",
    ),
    Looks(library="PyMySQL", text="(2013, 'Lost connection to MySQL server during query (timed out)')"),
)
"""Nothing comes, until a timeout; without one of their own, drivers wait for a quarter of an hour."""
CONNECT_TIMES_OUT: Final = (
    Looks(library="psycopg2", text='connection to server at "…", port … failed: timeout expired'),
    Looks(library="psycopg 3", text="connection timeout expired"),
    Looks(library="PyMySQL", text="(2003, \"Can't connect to MySQL server on '…' (timed out)\")"),
)
CONNECT_REFUSED: Final = (
    Looks(library="psycopg2", text='connection to server at "…", port … failed: Connection refused'),
    Looks(library="psycopg 3", text='connection to server at "…", port … failed: Connection refused'),
    Looks(
        library="PyMySQL",
        text="(2003, \"Can't connect to MySQL server on '…' ([Errno 111] Connection refused)\")",
    ),
)
CONNECT_CLOSED: Final = (
    Looks(
        library="psycopg2",
        text='connection to server at "…", port … failed: server closed the connection unexpectedly',
    ),
    Looks(library="PyMySQL", text="(2013, 'Lost connection to MySQL server during query')"),
)
"""The connect works, and the connection ends before the server has said a word."""
