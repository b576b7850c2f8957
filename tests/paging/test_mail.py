"""The double of a mail server: what is no whole letter is none."""

import socket

from tests.lab.exporter import HERE
from tests.paging.mail import mailbox


def test_a_letter_that_breaks_off_is_none_and_holds_up_nobody() -> None:
    """An Alertmanager that is ended may be in the middle of one."""
    with mailbox(HERE) as letters:
        host, _, port = letters.address.partition(":")
        with socket.create_connection((host, int(port))) as sender, sender.makefile("rb") as told:
            sender.sendall(b"DATA\r\nSubject: whole\r\n\r\n..a\r\n.\r\nDATA\r\nSubject: half\r\n")
            answers = [told.readline()[:3] for _ in range(4)]
    assert answers == [b"220", b"354", b"250", b"354"]
    (letter,) = letters.letters
    assert letter.get_content() == ".a\r\n"
