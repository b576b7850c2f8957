"""Which exporter a target belongs to: as others compute it, and as a table of many names."""

import re

import pytest

from exporter.model import Shard
from exporter.model.shard import fnv, jump

NAMES = [f"db-{number:04}.example.com:5432" for number in range(1000)]


@pytest.mark.parametrize(
    ("key", "buckets", "bucket"),
    [
        (1, 1, 0),
        (42, 57, 43),
        (0xDEAD10CC, 1, 0),
        (0xDEAD10CC, 666, 361),
        (256, 1024, 520),
        (0, 60, 0),
        (1, 60, 55),
        (2, 60, 46),
    ],
)
def test_the_bucket_is_that_of_others(key: int, buckets: int, bucket: int) -> None:
    """Values with which implementations in Go, Rust and C test themselves."""
    assert jump(key, buckets) == bucket


@pytest.mark.parametrize(
    ("text", "found"),
    [("", 0xCBF29CE484222325), ("a", 0xAF63DC4C8601EC8C), ("foobar", 0x85944171F73967E8)],
)
def test_the_key_is_that_of_others(text: str, found: int) -> None:
    """Values of the authors' own test suite."""
    assert fnv(text.encode()) == found


def owners(count: int) -> list[list[int]]:
    """Give for each name the shards that take it for their own."""
    return [[shard for shard in range(count) if Shard(shard, count).owns(name)] for name in NAMES]


def test_each_name_has_one_owner_and_few_move() -> None:
    """For 1 to 16 shards each has its share; one more takes its own from the others, and moves no other."""
    before = owners(1)
    for count in range(2, 17):
        now = owners(count)
        assert all(len(found) == 1 for found in now)
        sizes = [sum(found == [shard] for found in now) for shard in range(count)]
        share = 1000 / count
        assert all(abs(size - share) < 5 * share**0.5 for size in sizes), sizes
        moved = [after for was, after in zip(before, now, strict=True) if was != after]
        assert all(after == [count - 1] for after in moved)
        assert abs(len(moved) - share) < 5 * share**0.5
        before = now


def test_a_shard_is_written_as_its_number_of_how_many() -> None:
    assert Shard.parse("0/1") == Shard()
    assert str(Shard.parse("9999/10000")) == "9999/10000"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1", "'1' is no shard; write which one of how many: 0/3, 1/3 or 2/3"),
        ("-1/3", "'-1/3' is no shard"),
        ("0/\u0663", "is no shard"),
        ("3/3", "'3/3' is none of 3; they are counted from 0, 0/3 being the first"),
        ("0/0", "'0/0' is out of range; there may be 1 to 10000 shards"),
        ("0/10001", "'0/10001' is out of range"),
    ],
)
def test_what_is_no_shard(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        Shard.parse(text)
