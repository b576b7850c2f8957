"""A certificate authority for one test run, and the certificates a server can be given."""

import datetime
import ssl
from pathlib import Path

import trustme

NAME = "localhost"
OTHER_NAME = "elsewhere.test"
SHORT_LIFE = datetime.timedelta(seconds=2)


class Certificates:
    """Certificates for `localhost`, good and bad, as PEM files in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self.ca = directory / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))

    def install(self, kind: str, certificate: Path, key: Path) -> datetime.datetime | None:
        """Write a certificate and its key to where a server expects them.

        `kind` is `good`, `other_name`, or `expiring`: a server may refuse to load what has expired, but not
        to go on with what expires while it runs. Returns the moment when that is.
        """
        until = (
            datetime.datetime.now(datetime.UTC).replace(microsecond=0) + SHORT_LIFE
            if kind == "expiring"
            else None
        )
        pair = self._authority.issue_cert(OTHER_NAME if kind == "other_name" else NAME, not_after=until)
        certificate.write_bytes(pair.cert_chain_pems[0].bytes())
        key.write_bytes(pair.private_key_pem.bytes())
        return until

    def load_into(self, context: ssl.SSLContext) -> None:
        """Give a server's context a good certificate."""
        self._authority.issue_cert(NAME).configure_cert(context)
