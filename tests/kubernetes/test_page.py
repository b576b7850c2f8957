"""docs/deploy/kubernetes.md: what a person types is there, builds, and is taken."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.alerts.promtool import promtool
from tests.docs.reading import ROOT, _blocks
from tests.kubernetes.building import Object, built, kubectl
from tests.servers.releases import NEWER

PAGE: Final = ROOT / "docs" / "deploy" / "kubernetes.md"
BLOCKS: Final = list(_blocks(ROOT / "docs" / "deploy" / "kubernetes.md"))
LINES: Final = [
    shlex.split(line) for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()
]


class Cluster:
    """What would be in a cluster after what was typed, in a folder like a clone of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: list[Object] = []
        self.does: Mapping[str, Callable[[list[str]], Any]] = {
            "apply": self.apply,
            "create": self.create,
            "label": self.label,
            "rollout": self.named,
            "port-forward": self.named,
        }

    def do(self, words: list[str]) -> None:
        """Do what kubectl was told."""
        options = {"-n": ""}
        while words[0] in options:
            words = words[2:]
        self.does[words[0]](words[1:])

    def apply(self, words: list[str]) -> None:
        kind, place = [word for word in words if word != "--server-side"]
        where = self.folder / place
        if kind == "-k":
            self.objects += built(where)
        else:
            files = sorted(where.glob("*.yml")) if where.is_dir() else [where]
            assert files
            self.objects += [yaml.safe_load(file.read_text()) for file in files]

    def label(self, words: list[str]) -> None:
        """Have kubectl add labels to files of objects that have been applied."""
        command = [kubectl(), "label", *words, "--local", "--output=name"]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=True, timeout=20
        )
        for line in done.stdout.splitlines():  # prometheusrule.monitoring.coreos.com/conndrop-network
            kind, _, name = line.partition("/")
            self.named([f"{kind.partition('.')[0]}/{name}"])

    def create(self, words: list[str]) -> None:
        command = [kubectl(), "create", *words, "--dry-run=client", "--output=yaml"]
        done = subprocess.run(
            command, input="hunter2\n", capture_output=True, text=True, check=True, timeout=20
        )
        self.objects.append(yaml.safe_load(done.stdout))

    def named(self, words: list[str]) -> None:
        (kind, name), *_ = [word.split("/") for word in words if "/" in word]
        assert any((one["kind"].lower(), one["metadata"]["name"]) == (kind, name) for one in self.objects), (
            f"there is no {kind} {name}"
        )


def test_what_a_person_types(tmp_path: Path) -> None:
    """From top to bottom; but for the image, which is built elsewhere."""
    for folder in ("deploy/kubernetes", "grafana"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("generator"))
    cluster = Cluster(tmp_path)
    for words in LINES:
        if words[0] == "kubectl":
            cluster.do(words[1:])
        elif words[0] != "docker":
            line = shlex.join(words).replace("'>'", ">").removeprefix("conndrop")
            ours = f"{sys.executable} -m exporter" if words[0] == "conndrop" else ""
            subprocess.run(
                ["sh", "-euc", f"{ours} {line}"], cwd=tmp_path, check=True, timeout=60, capture_output=True
            )
    (secret,) = [one for one in cluster.objects if one["kind"] == "Secret"]
    volumes = [
        volume
        for one in cluster.objects
        if one["kind"] == "Deployment"
        for volume in one["spec"]["template"]["spec"]["volumes"]
    ]
    assert {"secretName": secret["metadata"]["name"]}.items() <= volumes[1]["secret"].items()


def test_prometheus_takes_what_finds_the_pods(tmp_path: Path) -> None:
    """Not the one of a stable Debian, which is built without Kubernetes."""
    (block,) = [block for block in BLOCKS if block.language == "yaml"]
    file = tmp_path / "prometheus.yml"
    file.write_text(block.text)
    done = subprocess.run(
        [promtool(NEWER.name), "check", "config", "--syntax-only", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_of_directories_are_those_there_are() -> None:
    """Those that are named in the middle of a sentence, as `components/…` and `examples/…`."""
    text = PAGE.read_text()
    named = {word.strip("`") for word in text.split() if word.startswith(("`components/", "`examples/"))}
    places = [word.rstrip(".,;:`") for word in named if "mine" not in word]
    assert places
    assert [place for place in places if not (ROOT / "deploy" / "kubernetes" / place).exists()] == []
