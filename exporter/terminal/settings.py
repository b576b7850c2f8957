"""What to set, to be read and to be copied."""

from collections.abc import Iterator

from exporter.examination.report import Advice, Setting
from exporter.terminal.parts import Part, Tone

HEADS = (
    ("client", "For the client library"),
    ("server", "On the server"),
    ("host", "On this host"),
)
"""Parts of advice that stand beside the engine's, and how they are called."""


def what_to_set(advice: Advice) -> Iterator[Part]:
    """Give all that is to be set; nothing where there is nothing."""
    if not given(advice):
        return
    yield Part("What to set", tone=Tone.STRONG)
    if advice.create_engine:
        yield Part()
        yield Part(advice.create_engine, copy=True)
        yield Part()
    yield from _listed(advice.engine)
    for name, head in HEADS:
        settings: tuple[Setting, ...] = getattr(advice, name)
        if settings:
            yield Part(f"{head}:", lead="  ")
            yield from _listed(settings)
    yield Part()


def given(advice: Advice) -> bool:
    """Whether there is any advice."""
    return bool(advice.create_engine or advice.engine or advice.client or advice.server or advice.host)


def _listed(settings: tuple[Setting, ...]) -> Iterator[Part]:
    for setting in settings:
        yield Part(f"{setting.name} = {setting.value}".replace("\n", " "), lead="    ", copy=True)
        yield Part(setting.why, lead="      ")
