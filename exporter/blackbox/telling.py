"""A look told to people: the three blocks that blackbox_exporter answers to debug=true."""

from collections.abc import Mapping

from exporter.config import shown_settings


def told(log: str, metrics: str, module: Mapping[str, object]) -> str:
    """Write the blocks; nothing is told of passwords."""
    return (
        f"Logs for the probe:\n{log}\n\n\n"
        f"Metrics that would have been returned:\n{metrics}\n\n\n"
        f"Module configuration:\n{shown_settings(module)}"
    )
