"""What a server is at work on."""

from typing import Final

from grafana.generator.palette import Colour
from grafana.generator.panel import Limits, Lines, Query, Row
from grafana.generator.questions import SERVER

WORK: Final = (
    ("statements", "conndrop_server_queries_total", Colour.BLUE),
    ("transactions", "conndrop_server_transactions_total", Colour.ORANGE),
)


LOAD: Final = Lines(
    number=30,
    title="Statements and transactions",
    reads="How much the server does in a second. A line that falls to nothing while connections stay is a "
    "server that hangs. MySQL and MariaDB count each statement as a transaction, too; PostgreSQL counts "
    "transactions only.",
    unit="ops",
    queries=tuple(
        Query(expr=SERVER.rate(counter), legend=SERVER.legend(called), colour=colour)
        for called, counter, colour in WORK
    ),
)
HITS: Final = Lines(
    number=31,
    title="Found in the server's cache",
    reads="Share of pages that were in memory already. 99 % and more is usual; one that has fallen is "
    "reading from its disks, as after a restart or under a statement that reads everything.",
    unit="percentunit",
    least=None,
    most=1,
    empty="Nothing is drawn while nobody asks the database for anything.",
    queries=(
        Query(
            expr="1 - "
            + SERVER.share("conndrop_server_buffer_misses_total", "conndrop_server_buffer_requests_total"),
            legend=SERVER.named,
        ),
    ),
)
OLDEST: Final = Lines(
    number=32,
    title="Oldest transaction",
    reads="Age of the transaction that has been open for longest. Saws are work; a line that rises and rises "
    "is one that nobody ends.",
    unit="s",
    width=8,
    queries=(Query(expr=SERVER.latest("conndrop_server_oldest_transaction_seconds"), legend=SERVER.named),),
)
FORGOTTEN: Final = Lines(
    number=33,
    title="Longest idle in a transaction",
    reads="For how long a client has left its transaction open and done nothing. Its locks are held all that "
    "time, so others wait; beyond the lines is an alert.",
    unit="s",
    width=8,
    limits=Limits(warning="<idle_in_transaction_warning>", critical="<idle_in_transaction_critical>"),
    queries=(
        Query(expr=SERVER.latest("conndrop_server_oldest_idle_in_transaction_seconds"), legend=SERVER.named),
    ),
)
LOCKED: Final = Lines(
    number=34,
    title="Connections that wait for locks",
    reads="Connections that wait for a lock of another one. Some for a moment is usual; a stair that rises "
    "is a queue behind one transaction, mostly the oldest.",
    unit="short",
    width=8,
    decimals=0,
    queries=(Query(expr=SERVER.latest("conndrop_server_lock_waiters"), legend=SERVER.named),),
)
LOAD_ROW: Final = Row(
    number=103, title="What it is at work on", panels=(LOAD, HITS, OLDEST, FORGOTTEN, LOCKED)
)
