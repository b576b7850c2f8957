"""Takes docs/pages/*.png in the lab: python -m tests.browser.screenshots [MINUTES] [DIRECTORY].

All is well for half of the time, and then it is not. What is seen is what has happened there.
"""

import io
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, ViewportSize

from tests.browser.driving import chromium
from tests.browser.staged import KINDS, Stage, stage
from tests.browser.visit import visit
from tests.servers import Certificates
from tests.waiting import wait_for

PLACE: Final = Path(__file__).parents[2] / "docs" / "pages"
WARM: Final = 120.0
"""Seconds within which everything is well."""
NAMED: Final = 420.0
"""Seconds within which every trouble has its name."""
COLOURS: Final = 256
"""Of a picture: text and charts need no more, and the files stay small."""
LARGEST: Final = 200_000
"""Bytes of a picture."""
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 720}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
CAUSES: Final = {
    "orders": "middlebox.idle_timeout",
    "stock": "net.loss",
    "reports": "auth.credentials",
}
"""What each target is to suffer from."""
ENDED: Final = "billing"
"""The target whose sessions are ended, which takes no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture: the file's `name`, the page's `path`, how it is looked at, and how much of it is shown."""

    name: str
    path: str
    size: ViewportSize = field(default_factory=lambda: DESKTOP)
    height: int | None = None
    options: dict[str, Any] = field(default_factory=dict)


WELL: Final = (
    Shot(name="overview-well", path="/"),
    Shot(name="target-well", path="/targets/orders", height=2000),
)
DARK: Final = {"color_scheme": "dark"}
TROUBLE: Final = (
    Shot(name="overview-trouble", path="/"),
    Shot(name="overview-dark", path="/", options=DARK),
    Shot(name="target-idle-timeout", path="/targets/orders", height=2400),
    Shot(name="target-loss", path="/targets/stock", height=1900),
    Shot(name="target-killed", path="/targets/billing", height=1000),
    Shot(name="target-dark", path="/targets/stock", height=1300, options=DARK),
    Shot(name="phone-overview", path="/", size=PHONE, height=1300),
    Shot(name="phone-target", path="/targets/stock", size=PHONE, height=1900),
)
INCIDENT: Final = Shot(name="incident", path="/incidents", height=1100)
"""Its path is that of an incident that there is then."""


def main(minutes: float, directory: Path) -> None:
    """Take all pictures; raises ServerMissing, and AssertionError where a trouble is not found."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="conndrop-screenshots-") as place:
        Path(place).chmod(0o755)
        with stage(Certificates(Path(place))) as there, there.site.client.entered(), chromium() as browser:
            wait_for(lambda: well(there), WARM)
            pause(there, 30 * minutes)
            take(browser, there, WELL, directory)
            with there.trouble():
                begun = time.monotonic()
                there.change_password()
                wait_for(lambda: named(there) == CAUSES and settled(there), NAMED)
                pause(there, 30 * minutes - (time.monotonic() - begun))
                there.end_sessions()
                wait_for(lambda: newest(there, ENDED).get("cause") == "server.session_killed", NAMED)
                incident = newest(there, "orders")["id"]
                take(browser, there, [*TROUBLE, replace(INCIDENT, path=f"/incidents/{incident}")], directory)


def well(there: Stage) -> bool:
    """Whether the exporter is in at every database."""
    up = {labels["target"]: value for labels, value in there.exporter.every("conndrop_up")}
    return up == dict.fromkeys(KINDS, 1.0)


def named(there: Stage) -> dict[str, str]:
    """Give the cause that each target has suffered from last."""
    return {name: str(newest(there, name)["cause"]) for name in CAUSES if newest(there, name)}


def settled(there: Stage) -> bool:
    """Whether it is known how long a connection may be silent."""
    wanted = {"msg": "idle timeout found", "target": "orders"}
    return any(wanted.items() <= line.items() for line in there.exporter.log)


def newest(there: Stage, target: str) -> dict[str, Any]:
    """Give the newest incident of a target, empty where there is none."""
    return next((one for one in there.exporter.incidents() if one["target"] == target), {})


def pause(there: Stage, seconds: float) -> None:
    """Let time go by; the exporter has to run on."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        assert there.exporter.process.poll() is None, "the exporter has ended"
        time.sleep(min(1.0, left))


def take(browser: Browser, there: Stage, shots: Iterable[Shot], directory: Path) -> None:
    """Take pictures and say how large they are."""
    for shot in shots:
        with visit(browser, f"http://{there.exporter.address}", shot.size, **shot.options) as reader:
            reader.go(shot.path)
            picture = reader.page.screenshot(full_page=shot.height is not None)
        path = directory / f"{shot.name}.png"
        small(picture, shot.height).save(path, optimize=True)
        assert path.stat().st_size <= LARGEST, path
        sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KiB\n")
        sys.stdout.flush()


def small(picture: bytes, height: int | None) -> Image.Image:
    """Cut a picture, and give it a palette."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    cut = image.crop((0, 0, image.width, min(image.height, height or image.height)))
    return cut.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended in good order
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 12.0,
        Path(sys.argv[2]) if len(sys.argv) > 2 else PLACE,
    )
