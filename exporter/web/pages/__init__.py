"""The status pages: what each shows, as values prepared for its template."""

from exporter.web.pages.routes import Pages
from exporter.web.pages.sources import Sources, Watch

__all__ = ["Pages", "Sources", "Watch"]
