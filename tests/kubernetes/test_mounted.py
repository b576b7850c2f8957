"""A pod's command on what a kubelet mounts: in a network of its own, without any capability."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tests.kubernetes.building import EXPANDED, container, example, pod
from tests.networks import in_own_network, needs_namespaces
from tests.waiting import wait_for

TARGET: Final = "- {{name: {name}, url: 'mysql://u@127.0.0.1:9/d', password: {{file: {file}}}}}\n"
NODE: Final = "ip-10-0-3-7.eu-west-1.compute.internal"
ADDRESS: Final = "127.0.0.1:10054"


def mounted(folder: Path, files: Mapping[str, str]) -> None:
    """Mount these in place of what is mounted there, as a kubelet does with ConfigMaps and Secrets."""
    versions = [path for path in folder.glob("..*") if path.is_dir() and not path.is_symlink()]
    version = folder / f"..2026_{len(versions)}"
    version.mkdir(parents=True)
    for name, text in files.items():
        (version / name).write_text(text)
        if not (link := folder / name).is_symlink():
            link.symlink_to(Path("..data", name))
    (folder / "..new").symlink_to(version.name)
    (folder / "..new").replace(folder / "..data")


def arguments(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Give those of the pods on nodes, with what is mounted in a folder and an address nobody else has."""
    found = []
    for word in container(example("nodes"))["args"]:
        said = EXPANDED.sub(lambda name: environment[name[1]], word)
        said = re.sub(r"=(/etc/conndrop|/var/lib/conndrop)", rf"={folder}\1", said)
        found.append(f"--web.listen-address={ADDRESS}" if "listen-address" in said else said)
    return found


def command(folder: Path) -> list[str]:
    """Give the pod's command, for a process with the group that a pod has, and without any capability."""
    group = pod(example("nodes"))["spec"]["securityContext"]["runAsGroup"]
    # The user stays who we are, to whom this project's files belong; root without capabilities is nobody.
    bare = f"setpriv --regid {group} --clear-groups --no-new-privs --bounding-set -all --inh-caps -all"
    words = arguments(folder, {"NODE_NAME": NODE})
    return [*bare.split(), sys.executable, "-m", "exporter", *words, "--config.auto-reload-interval=1s"]


def asked(path: str) -> str:
    """Ask the pod; empty where there is no answer."""
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}{path}", timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""


def targets(name: str) -> dict[str, float]:
    """Give the values of a series that has the node as its vantage, by target."""
    return {
        sample.labels["target"]: sample.value
        for family in text_string_to_metric_families(asked("/metrics"))
        for sample in family.samples
        if sample.name == name and sample.labels.get("vantage") == NODE
    }


def lived(folder: Path) -> int:
    """Have a pod live, with one target and then with two; give the status with which it ends."""
    spec = pod(example("nodes"))["spec"]
    (sysctl,) = spec["securityContext"]["sysctls"]
    Path("/proc/sys", sysctl["name"].replace(".", "/")).write_text(sysctl["value"])
    configuration, secrets = folder / "etc/conndrop", folder / "secrets"
    first, second = (TARGET.format(name=name, file=secrets / name) for name in "ab")
    mounted(secrets, {"a": "hunter2-a\n"})
    mounted(configuration, {"exporter.yml": f"targets:\n{first}"})
    with subprocess.Popen(command(folder)) as process:
        try:
            wait_for(lambda: targets("conndrop_ping_rtt_seconds_count").get("a", 0) > 0)
            assert asked("/-/healthy") == "Healthy\n"
            mounted(secrets, {"a": "hunter2-a\n", "b": "hunter2-b\n"})
            mounted(configuration, {"exporter.yml": f"targets:\n{first}{second}"})
            wait_for(lambda: targets("conndrop_target_info").keys() == {"a", "b"})
            process.terminate()
            return process.wait(spec["terminationGracePeriodSeconds"])
        finally:
            process.kill()


@needs_namespaces
def test_a_pod_lives_on_what_is_mounted(tmp_path: Path) -> None:
    """It sends echoes by its group alone, says where it stands, and reads a ConfigMap that was exchanged."""
    state = tmp_path / "var/lib/conndrop"
    state.mkdir(parents=True)
    assert in_own_network(lambda: lived(tmp_path)) == 0
    assert any(state.iterdir())
