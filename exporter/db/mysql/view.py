"""What a MySQL or MariaDB server says of itself."""

from exporter.db.asking import Ask
from exporter.model import ServerView


def view(ask: Ask, *, tables: bool) -> ServerView:  # noqa: ARG001  to come
    """Ask for everything (see `exporter.db.dialect.Session.view`)."""
    ((version,),) = ask("SELECT version()")
    return ServerView(product="MariaDB" if "MariaDB" in version else "MySQL", version=str(version))
