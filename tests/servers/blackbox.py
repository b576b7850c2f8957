"""The blackbox_exporter that Debian has."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.lab.exporter import HERE
from tests.servers.database import ServerMissing, free_port
from tests.servers.service import Service, serving

PROGRAM: Final = "prometheus-blackbox-exporter"
ENDS_WITH: Final = 0


@contextlib.contextmanager
def blackbox(modules: Mapping[str, Mapping[str, Any]]) -> Iterator[Service]:
    """Run it with these modules; raises ServerMissing."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise ServerMissing(f"no blackbox_exporter found: install the package {PROGRAM}")
    running = Service(HERE, f"127.0.0.1:{free_port()}")
    with tempfile.TemporaryDirectory(prefix="conndrop-blackbox-") as directory:
        file = Path(directory, "blackbox.yml")
        file.write_text(json.dumps({"modules": modules}))  # which is YAML, too
        words = [program, f"--config.file={file}", f"--web.listen-address={running.address}"]
        with serving(running, HERE, words, "/-/healthy", ends_with=ENDS_WITH):
            yield running
