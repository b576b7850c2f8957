"""The application: python -m exporter.demo.application URL PASSWORD_FILE REST.

It does what many do: it keeps a SQLAlchemy pool, and uses it when somebody comes, which is every REST
seconds. It writes a line of JSON about each use. A line on its standard input that is a number has it build
its pool anew, with that as `pool_recycle`; it ends when its standard input does.
"""

import json
import select
import sys
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

PATIENCE: Final = 3.0
"""Seconds without an answer until it gives up; without a limit, that takes a quarter of an hour."""
AGAIN: Final = 1.0
"""Seconds until whoever met an error tries again."""


def pool(url: str, password: str, recycle: int) -> Engine:
    """Make the engine as applications do; -1 lets connections grow old without limit."""
    patience = {"connect_timeout": round(PATIENCE), "tcp_user_timeout": round(1000 * PATIENCE)}
    return create_engine(make_url(url).set(password=password), pool_recycle=recycle, connect_args=patience)


def use(engine: Engine, recycle: int) -> dict[str, Any]:
    """Take a connection out of the pool and ask something; tell when and how long, and of what went wrong.

    `begun` is of the clock that all processes of a host have in common; `recycle` is the pool's.
    """
    begun, error = time.monotonic(), None
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as failed:
        error = (str(failed.orig).strip().splitlines() or [type(failed.orig).__name__])[0]
    return {
        "begun": begun,
        "seconds": round(time.monotonic() - begun, 3),
        "recycle": recycle,
        "error": error,
    }


def main() -> None:
    """Be used now and then, until nobody wants that any more."""
    url, rest = sys.argv[1], float(sys.argv[3])
    password = Path(sys.argv[2]).read_text()
    recycle = -1
    engine = pool(url, password, recycle)
    while True:
        told = use(engine, recycle)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if select.select([sys.stdin], [], [], rest if told["error"] is None else AGAIN)[0]:
            order = sys.stdin.readline()
            engine.dispose()
            if not order:
                return
            recycle = int(order)
            engine = pool(url, password, recycle)


if __name__ == "__main__":
    main()
