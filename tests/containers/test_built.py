"""The image, built and run by podman: confined, healthy, probing; and unwell while a part hangs."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.written import ROOT
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough

BASE = os.environ.get("CONNDROP_IMAGE_BASE", "")
"""An image with Python to build on, where that of the Containerfile cannot be fetched."""
CONFIGURATION = """\
targets:
  - {name: orders, url: "postgresql://probe@127.0.0.1:9/orders"}
"""
CONFINED = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--sysctl=net.ipv4.ping_group_range=65532 65532",
    "--network=none",
]


def podman(*words: str, status: int | None = 0) -> str:
    """Run podman, and give what it has said; whatever its status if that is None."""
    done = subprocess.run(["podman", *words], capture_output=True, text=True, check=False, timeout=600)
    if status is not None:
        assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if not shutil.which("podman"):
        pytest.skip("podman is not installed: it comes with the package podman")
    base = [f"BASE={BASE}"] if BASE else []
    words = ["make", "image", "ENGINE=podman", "IMAGE=conndrop-exporter:tested", *base]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    if "pinging container registry" in built.stderr:
        pytest.skip("the registry of the base cannot be reached; CONNDROP_IMAGE_BASE names another base")
    assert built.returncode == 0, built.stdout + built.stderr
    yield "conndrop-exporter:tested"
    podman("rmi", "--force", "conndrop-exporter:tested")


@pytest.fixture
def container(image: str, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "exporter.yml").write_text(CONFIGURATION)
    tmp_path.chmod(0o755)
    folder = f"--volume={tmp_path}:/etc/conndrop:ro"
    name = f"conndrop-tested-{os.getpid()}"
    podman("run", "--detach", "--name", name, *CONFINED, folder, image)
    wait_for(lambda: "msg=listening" in podman("logs", name), 60)
    yield name
    podman("rm", "--force", "--volumes", name)


def metrics(container: str) -> str:
    script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:10054/metrics').read().decode())"
    return podman("exec", container, "python3", "-c", script)


def test_it_does_all_that_it_should_without_any_right(container: str) -> None:
    wait_for(lambda: 'conndrop_ping_rtt_seconds_count{target="orders"}' in metrics(container), 60)
    assert 'conndrop_up{target="orders"} 0' in metrics(container)
    assert podman("exec", container, "sh", "-c", "grep CapEff /proc/1/status").split()[1] == "0" * 16
    assert "Read-only file system" in podman("exec", container, "touch", "/opt/conndrop/x", status=1)
    podman("healthcheck", "run", container)
    podman("stop", container)
    assert podman("inspect", "--format", "{{.State.ExitCode}}", container).startswith("0\n")
    assert "Traceback" not in podman("logs", container)


def test_it_is_unwell_while_a_part_hangs(container: str) -> None:
    """The process that measures is held; the pages go on, and say so."""
    find = "grep -lz [e]xporter.meter /proc/[0-9]*/cmdline | head -1 | cut -d/ -f3"
    podman("exec", container, "sh", "-c", f"kill -STOP $({find})")
    wait_for(lambda: "meter hangs" in podman("exec", container, "conndrop", "healthy", status=None), 60)
    podman("exec", container, "sh", "-c", f"kill -CONT $({find})")
    wait_for(lambda: "Healthy" in podman("exec", container, "conndrop", "healthy", status=None), 60)


def test_it_is_labelled(image: str) -> None:
    (told,) = json.loads(podman("image", "inspect", image))
    labels = told["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    version = labels["org.opencontainers.image.version"]
    assert f"conndrop-exporter {version}\n" in podman("run", "--rm", *CONFINED, image, "--version")
