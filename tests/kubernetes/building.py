"""What kustomize makes of the directories that are shipped, and of small ones that lay more over them."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / "deploy" / "kubernetes"
FETCHED: Final = ROOT / ".cache" / "kubectl" / "usr" / "bin"
"""Where `tests/prepare` puts kubectl."""
PROGRAMS: Final = {"fetched": str(FETCHED), "installed": os.environ.get("PATH", os.defpath)}
EXAMPLES: Final = ("one", "shards", "nodes", "scraping")
EXPANDED: Final = re.compile(r"\$\((\w+)\)")
"""A variable in a command, as Kubernetes fills it in."""
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Object = Mapping[str, Any]


def kubectl() -> str:
    """Find the program; skip the test where there is none, but never so in CI."""
    found = [program for path in PROGRAMS.values() if (program := shutil.which("kubectl", path=path))]
    if not found:
        missing = "no kubectl found: run tests/prepare, which fetches one into .cache/kubectl"
        if os.environ.get("CI"):
            raise FileNotFoundError(missing)
        pytest.skip(missing)
    return found[0]


@cache
def built(directory: Path) -> tuple[Object, ...]:
    """Build a directory, and give its objects."""
    done = subprocess.run(
        [kubectl(), "kustomize", directory], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.load_all(done.stdout, LOADER))


def example(name: str) -> tuple[Object, ...]:
    """Build one of the examples."""
    return built(PLACE / "examples" / name)


def laid_over(folder: Path, example: str, *components: str, **more: Any) -> tuple[Object, ...]:
    """Build an example with further components, in a folder that is empty."""

    def relative(path: Path) -> str:
        return os.path.relpath(path.resolve(), folder.resolve())

    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [relative(PLACE / "examples" / example)],
        "components": [relative(PLACE / "components" / name) for name in components],
        **more,
    }
    (folder / "kustomization.yml").write_text(yaml.safe_dump(document))
    return built(folder)


def of_kind(objects: Sequence[Object], *kinds: str) -> list[Object]:
    """Give the objects of these kinds."""
    return [one for one in objects if one["kind"] in kinds]


def workload(objects: Sequence[Object]) -> Object:
    """Give the one object that has pods."""
    (found,) = of_kind(objects, "Deployment", "StatefulSet", "DaemonSet")
    return found


def pod(objects: Sequence[Object]) -> Object:
    """Give what that says of its pods."""
    template: Object = workload(objects)["spec"]["template"]
    return template


def container(objects: Sequence[Object]) -> Object:
    """Give the one container of a pod."""
    (found,) = pod(objects)["spec"]["containers"]
    assert isinstance(found, dict)
    return found
