"""Draws docs/dashboards/*.png of a recorded story: python -m tests.dashboards.pictures [STORY] [NAME…].

The story is the one in .cache/story where no other is named. A name is that of a dashboard without
`conndrop-`; all are drawn where there is none.
"""

import sys
from pathlib import Path
from typing import Final

from tests.dashboards.asking import Range
from tests.dashboards.boards import boards
from tests.dashboards.pictures.sheet import drawn
from tests.dashboards.pictures.telling import Chapter, told
from tests.dashboards.recording import recorded, served
from tests.servers.releases import NEWER

ROOT: Final = Path(__file__).parents[3]
STORY: Final = ROOT / ".cache" / "story"
PLACE: Final = ROOT / "docs" / "dashboards"
TARGET: Final = "orders"
"""What is shown of dashboards that are about one target."""


def main(story: Path, names: list[str]) -> None:
    """Draw dashboards of a recorded story; raises OSError where there is none."""
    recording = recorded(story)
    times = Range(begin=recording.begin, end=recording.end, scrape=recording.scrape)
    chapters = [Chapter(name=one.name, begin=one.begin, end=one.end) for one in recording.chapters]
    PLACE.mkdir(parents=True, exist_ok=True)
    with served(recording, NEWER) as prometheus:
        for board in boards():
            name = board.name.removeprefix("conndrop-")
            if not names or name in names:
                path = PLACE / f"{name}.png"
                drawn(board, told(prometheus, board, times, chapters, TARGET), path)
                sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else STORY, sys.argv[2:])
