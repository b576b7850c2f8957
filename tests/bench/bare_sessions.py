"""Holds sessions one after the other, with nothing around the driver; a byte is written to FILE for each.

python -m tests.bench.bare_sessions URL FILE
"""

import sys
from pathlib import Path

import psycopg2


def main(url: str, file: str) -> None:
    """Go on until told to stop."""
    with Path(file).open("wb", buffering=0) as counted:
        while True:
            connection = psycopg2.connect(url)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchall()
            connection.close()
            counted.write(b".")


if __name__ == "__main__":
    main(*sys.argv[1:])
