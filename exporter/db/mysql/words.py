"""The words of MySQL and MariaDB, cut out of what came."""


def said(packet: bytes) -> str:
    """Read the words of an error packet: behind the number, and a SQLSTATE that begins with a hash."""
    text = packet[3:].decode("utf-8", "replace")
    return text[6:] if text[:1] == "#" else text
