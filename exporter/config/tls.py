"""How a server's certificate is to be judged, read from a block `tls_config`."""

from exporter.config.document import Document
from exporter.config.modules import TlsConfig
from exporter.config.problems import Place, Problem
from exporter.net.tls import FilesUnusable, TlsPolicy, Verify, client_context


def read_policy(document: Document, place: Place, wanted: TlsConfig, problems: list[Problem]) -> TlsPolicy:
    """Give what a block at `place` demands; what is wrong with its files is added to `problems`."""
    written = {key: getattr(wanted, key) for key in ("ca_file", "cert_file", "key_file")}
    files = {key: read_path(document, (*place, key), name, problems) for key, name in written.items()}
    policy = TlsPolicy(
        required=True,
        verify=Verify.NOTHING if wanted.insecure_skip_verify else Verify.CHAIN_AND_NAME,
        ca=files["ca_file"],
        certificate=files["cert_file"],
        key=files["key_file"],
    )
    if any(files.values()) and not problems:
        try:
            client_context(policy)
        except FilesUnusable as error:
            problems.append(document.problem(place, f"cannot be used: {error}"))
    return policy


def read_path(document: Document, place: Place, name: str | None, problems: list[Problem]) -> str:
    """Give a path, which is written relative to the configuration; empty where there is none."""
    path = document.path.parent / (name or "")
    if name and not path.is_file():
        problems.append(document.problem(place, f"{name!r} is no file that can be read"))
    return str(path) if name else ""
