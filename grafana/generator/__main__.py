"""Prints the dashboards: python -m grafana.generator [THRESHOLDS], a file as `conndrop alerts` reads it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from exporter.alerts import Thresholds
from exporter.config import ConfigurationError, load_block
from grafana.generator.board import printed
from grafana.generator.boards import BOARDS

PLACE = Path(__file__).parents[1]


def dashboards(thresholds: Thresholds) -> Mapping[str, str]:
    """Print all dashboards: from the name of each file to its text."""
    values = {name: value for name, value in thresholds if value is not None}
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {
        f"conndrop-{board.name}.json": encoder.encode(printed(board, BOARDS, values)) + "\n"
        for board in BOARDS
    }


def main(arguments: list[str]) -> int:
    """Write the files, and give the exit status."""
    try:
        thresholds = load_block(Path(arguments[0]), Thresholds) if arguments else Thresholds()
    except ConfigurationError as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        return 1
    for name, text in dashboards(thresholds).items():
        (PLACE / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
