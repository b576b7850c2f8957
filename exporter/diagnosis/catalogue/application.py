"""What an application can do about connections that end, whatever ends them."""

from typing import Final

from exporter.diagnosis.catalogue.entry import Fix

RECYCLE: Final = Fix(
    text="Let the pool give up connections before they have been silent for too long, and try them "
    "before use",
    copy=("create_engine(url, pool_recycle={pool_recycle}, pool_pre_ping=True)",),
    otherwise="Let the pool give up connections before they have been silent for too long: "
    "create_engine(url, pool_recycle=…, pool_pre_ping=True), with four fifths of the shortest idle "
    "timeout on the way (240 suits most of them)",
)
PRE_PING: Final = Fix(
    text="Try pooled connections before use; it costs one round trip, and where a path swallows packets it "
    "waits for a timeout first",
    copy=("create_engine(url, pool_pre_ping=True)",),
)
RETRY: Final = Fix(
    text="Begin a transaction anew when its connection has ended: SQLAlchemy's error has "
    "connection_invalidated=True then"
)
KEEPALIVE_POSTGRESQL: Final = Fix(
    family="postgresql",
    text="Send keepalives while a connection is silent, and give up one that nobody answers",
    copy=(
        "create_engine(url, connect_args=dict(keepalives=1, keepalives_idle={keepalive_idle}, "
        "keepalives_interval={keepalive_interval}, keepalives_count={keepalive_count}, "
        "tcp_user_timeout={user_timeout}))",
    ),
    otherwise="Send keepalives while a connection is silent, and give up one that nobody answers: "
    "create_engine(url, connect_args=dict(keepalives=1, keepalives_idle=60, keepalives_interval=10, "
    "keepalives_count=3, tcp_user_timeout=90000))",
)
KEEPALIVE_MYSQL: Final = Fix(
    family="mysql",
    text="Send keepalives while a connection is silent; PyMySQL has no option for them, so set them in a "
    "listener of SQLAlchemy's connect event",
    copy=(
        "sock = dbapi_connection._sock",
        "sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)",
        "sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, {keepalive_idle})",
        "sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, {keepalive_interval})",
        "sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, {keepalive_count})",
        "sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, {user_timeout})",
    ),
    otherwise="Send keepalives while a connection is silent; PyMySQL has no option for them, so set "
    "SO_KEEPALIVE=1, TCP_KEEPIDLE=60, TCP_KEEPINTVL=10, TCP_KEEPCNT=3 and TCP_USER_TIMEOUT=90000 on "
    "dbapi_connection._sock in a listener of SQLAlchemy's connect event",
)
DEADLINE_POSTGRESQL: Final = Fix(
    family="postgresql",
    text="Bound every wait, which is a quarter of an hour otherwise; keepalives find what tcp_user_timeout "
    "does not: an answer that got lost",
    copy=(
        "create_engine(url, connect_args=dict(connect_timeout=5, keepalives=1, keepalives_idle=30, "
        "keepalives_interval=10, keepalives_count=3, tcp_user_timeout=60000))",
    ),
)
DEADLINE_MYSQL: Final = Fix(
    family="mysql",
    text="Bound every wait, which is a quarter of an hour otherwise: read_timeout above the longest query, "
    "since connect_timeout alone does not bound the login",
    copy=("create_engine(url, connect_args=dict(connect_timeout=5, read_timeout=60, write_timeout=60))",),
)
DEADLINES: Final = (DEADLINE_POSTGRESQL, DEADLINE_MYSQL)
KEEPALIVES: Final = (KEEPALIVE_POSTGRESQL, KEEPALIVE_MYSQL)
