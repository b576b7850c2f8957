"""What the demo says on the terminal."""

import logging
from collections.abc import Iterator

import pytest

from exporter.demo.story import Ear, Story

TIMED_OUT = "could not receive data from server: Connection timed out"


class Stage:
    """A story with a clock that is moved by hand, and all that was said."""

    def __init__(self, *, apply: bool = False, width: int = 100) -> None:
        self.now = 1000.0
        self.said: list[str] = []
        self.heeded: list[int] = []
        heed = self.heeded.append if apply else None
        self.story = Story(self.said.append, stretch=60.0, heed=heed, width=width, now=lambda: self.now)

    def use(self, error: str | None = None, seconds: float = 0.01) -> None:
        recycle = self.heeded[-1] if self.heeded else -1
        self.story.used({"begun": self.now - seconds, "seconds": seconds, "recycle": recycle, "error": error})

    def log(self, message: str, **fields: str) -> None:
        record = logging.LogRecord("exporter", logging.INFO, "", 0, message, None, None)
        record.fields = fields
        self.story.logged(record)

    def find(self, cause: str = "unknown") -> None:
        self.log("idle timeout found", survived="10.0", killed="10.5", pool_recycle="8.0", cause=cause)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_errors_are_told_once_in_a_row(stage: Stage) -> None:
    stage.now += 18
    for error in (None, TIMED_OUT, TIMED_OUT, None, TIMED_OUT):
        stage.use(error, 3.04 if error else 0.01)
    stage.use("refused")
    line = f"00:18  application  no answer for 3 s: {TIMED_OUT}"
    assert stage.said == [line, line, "00:18  application  refused"]


def test_what_others_say_cannot_move_the_cursor(stage: Stage) -> None:
    stage.use("a\x1b[2Jb\x00\x9bc\nd")
    assert stage.said == ["00:00  application  a [2Jb c d"]


def test_a_cause_is_told_once(stage: Stage) -> None:
    stage.log("incident opened", cause="unknown", summary="trouble")
    for cause in ("net.loss", "net.loss", "middlebox.idle_timeout"):
        stage.log("incident named", cause=cause, summary="It is so")
    assert [said.splitlines()[0][20:] for said in stage.said] == [
        "names a cause: net.loss",
        "names a cause: middlebox.idle_timeout",
    ]
    assert stage.said[0].splitlines()[1] == 20 * " " + "It is so"


def test_what_is_found_is_told_with_what_to_do(stage: Stage) -> None:
    stage.now += 52
    for cause in ("unknown", "unknown", "middlebox.idle_timeout", "middlebox.idle_timeout"):
        stage.find(cause)
    assert stage.said == [
        "00:52  conndrop     found: connections live when idle for 10.0 s, and not for 10.5 s\n"
        "                    to do: create_engine(…, pool_recycle=8)",
        "00:52               With --apply the application does so, and its errors stop.",
        "00:52  conndrop     has tried in five ways who ends them: middlebox.idle_timeout",
    ]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ([None, None, None], "2 errors in the 1m before, none after: the errors have stopped"),
        ([None, TIMED_OUT, None], "2 errors in the 1m before, 1 after"),
    ],
)
def test_before_and_after_are_compared_over_equal_stretches(after: list[str | None], told: str) -> None:
    stage = Stage(apply=True)
    stage.use(TIMED_OUT)  # longer ago than counts
    for error in (TIMED_OUT, None):
        stage.now += 40
        stage.use(error)
    stage.now += 15
    stage.find()
    assert stage.heeded == [8]
    stage.now += 2
    stage.use(TIMED_OUT, 3.0)  # it had begun before
    begun = {"begun": stage.now, "seconds": 0.0, "recycle": -1, "error": TIMED_OUT}
    stage.story.used(begun)  # it had not read it yet
    for error in after:
        stage.now += 20
        assert told not in stage.said[-1]
        stage.use(error)
    assert stage.said[-1].endswith(f"application  {told}")
    count = len(stage.said)
    stage.now += 60
    stage.use()
    assert len(stage.said) == count, "once"


def test_lines_fit_the_terminal() -> None:
    stage = Stage(width=60)
    stage.use("many words " * 20)
    lines = stage.said[0].splitlines()
    assert len(lines) > 4
    assert all(len(line) <= 60 for line in lines)


def test_it_ends_with_a_count(stage: Stage) -> None:
    stage.use(TIMED_OUT)
    stage.now += 61
    assert stage.story.end() == "01:01  end          the application met 1 error; nothing of the demo is left"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    yield (made := logging.getLogger("tests.story"))
    made.handlers.clear()


def test_an_ear_hears_what_is_logged(logger: logging.Logger) -> None:
    heard: list[logging.LogRecord] = []
    logger.setLevel(logging.INFO)
    logger.addHandler(Ear(heard.append))
    logger.info("told")
    assert [record.getMessage() for record in heard] == ["told"]
