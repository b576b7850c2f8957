"""How memory is kept: it is settled where the C library can be told."""

from exporter.app.allocating import LARGE, MOST_ARENAS, spare_memory


class Told:
    """A C library that can be told."""

    def __init__(self) -> None:
        self.settings: list[tuple[int, int]] = []

    def mallopt(self, which: int, value: int) -> int:
        """Take a setting, as glibc's does."""
        self.settings.append((which, value))
        return 1


def test_the_c_library_is_told_once_for_each_setting() -> None:
    library = Told()
    spare_memory(library)
    assert library.settings == [MOST_ARENAS, LARGE]


def test_another_c_library_is_left_alone() -> None:
    spare_memory(object())
