"""What a PostgreSQL server says of itself."""

from exporter.db.asking import Ask
from exporter.model import ServerView


def view(ask: Ask, *, tables: bool) -> ServerView:  # noqa: ARG001  to come
    """Ask for everything (see `exporter.db.dialect.Session.view`)."""
    ((version,),) = ask("SHOW server_version")
    return ServerView(product="PostgreSQL", version=str(version))
