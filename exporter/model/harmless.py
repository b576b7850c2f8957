"""Texts of peers, which may say whatever they like."""

import re
from typing import Final

UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Characters that control a terminal, turn the direction of reading, or are not to be seen at all."""
PICTURES: Final = 0x2400
"""Where Unicode has its pictures of the characters from 0 to 31."""


def harmless(text: str) -> str:
    """Replace each character that does something other than being read; the text stays on one line."""
    return UNSEEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(PICTURES + code)
    return "\u2421" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"
