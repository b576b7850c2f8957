"""Which of several exporters a target belongs to."""

import re
from dataclasses import dataclass
from typing import Final, Self

WRITTEN: Final = re.compile(r"(\d{1,5})/(\d{1,5})", re.ASCII)
MOST: Final = 10_000
WORD: Final = (1 << 64) - 1
FNV_OFFSET: Final = 0xCBF29CE484222325
FNV_PRIME: Final = 0x100000001B3


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` exporters that share the targets of one configuration; `ordinal` counts from 0.

    A target belongs to one of them by its name alone, in the way of kube-state-metrics: the jump consistent
    hash of the FNV-1a hash of 64 bits. With one exporter more, that one takes its part from all others, and
    no target moves between these.
    """

    ordinal: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0/3`; raise ValueError in words for people."""
        written = WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text[:20]!r} is no shard; write which one of how many: 0/3, 1/3 or 2/3")
        ordinal, count = map(int, written.groups())
        if not 0 < count <= MOST:
            raise ValueError(f"{text!r} is out of range; there may be 1 to {MOST} shards")
        if ordinal >= count:
            raise ValueError(
                f"{text!r} is none of {count}; they are counted from 0, 0/{count} being the first"
            )
        return cls(ordinal, count)

    def owns(self, name: str) -> bool:
        """Whether the target of this name belongs here."""
        return jump(fnv(name.encode()), self.count) == self.ordinal

    def __str__(self) -> str:
        return f"{self.ordinal}/{self.count}"


def fnv(content: bytes) -> int:
    """Give the FNV-1a hash of 64 bits."""
    found = FNV_OFFSET
    for byte in content:
        found = (found ^ byte) * FNV_PRIME & WORD
    return found


def jump(key: int, buckets: int) -> int:
    """Give the bucket of a key of 64 bits, by Lamping and Veach's jump consistent hash (arXiv 1406.2294)."""
    bucket, following = 0, 0
    while following < buckets:
        bucket = following
        key = (key * 2862933555777941757 + 1) & WORD
        following = int((bucket + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return bucket
