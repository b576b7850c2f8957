"""The pods: what they may, what they are told, and that all names within lead somewhere."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter import __version__
from exporter.web.operating import Operating
from tests.kubernetes.building import (
    EXAMPLES,
    EXPANDED,
    PLACE,
    ROOT,
    container,
    example,
    laid_over,
    of_kind,
    pod,
    workload,
)
from tests.test_cli import told

WORKLOADS: Final = [name for name in EXAMPLES if name != "scraping"]
SCALING: Final = ROOT / "docs" / "scaling.md"
VOLUMES: Final = frozenset({"configMap", "emptyDir", "secret", "persistentVolumeClaim"})
"""Those that are allowed, of the ones we use."""


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_are_restricted(name: str) -> None:
    """As the profile "restricted" of the Pod Security Standards has it, which the namespace asks for."""
    (namespace,) = of_kind(example(name), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    spec, inside = pod(example(name))["spec"], container(example(name))
    whole, own = spec["securityContext"], inside["securityContext"]
    assert (whole["runAsNonRoot"], whole["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert whole["runAsUser"] > 0
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    assert all(volume.keys() - {"name"} <= VOLUMES for volume in spec["volumes"])
    assert not any("hostPort" in port for port in inside["ports"])
    assert (spec["automountServiceAccountToken"], spec["serviceAccountName"]) == (False, "conndrop-exporter")
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}, "a DaemonSet would go to all"
    (account,) = of_kind(example(name), "ServiceAccount")
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_group_of_the_process_may_send_echoes(name: str) -> None:
    context = pod(example(name))["spec"]["securityContext"]
    (sysctl,) = context["sysctls"]
    assert sysctl["name"] == "net.ipv4.ping_group_range"
    first, last = map(int, sysctl["value"].split())
    assert first <= context["runAsGroup"] <= last


@pytest.mark.parametrize("name", WORKLOADS)
def test_labels_are_those_that_are_asked_for(name: str) -> None:
    objects = example(name)
    labels = pod(objects)["metadata"]["labels"]
    selectors = [workload(objects)["spec"]["selector"]["matchLabels"]]
    selectors += [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(objects, "NetworkPolicy")]
    selectors += [
        one["spec"]["selector"]["matchLabels"]
        for one in of_kind(objects, "PodMonitor", "PodDisruptionBudget")
    ]
    spread = pod(objects)["spec"].get("topologySpreadConstraints", [])
    selectors += [one["labelSelector"]["matchLabels"] for one in spread]
    assert len(selectors) >= 4
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


@pytest.mark.parametrize("name", WORKLOADS)
def test_ports_and_addresses_are_those_of_the_exporter(name: str) -> None:
    objects, inside = example(name), container(example(name))
    (port,) = inside["ports"]
    assert f"--web.listen-address=:{port['containerPort']}" in inside["args"]
    routes = Operating(lambda: True, str).routes
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = inside[probe]["httpGet"]
        assert asked["port"] == port["name"]
        assert asked["path"] in routes
    (service,) = of_kind(objects, "Service")
    assert service["spec"]["clusterIP"] == "None"
    assert [one["targetPort"] for one in service["spec"]["ports"]] == [port["name"]]
    (policy,) = of_kind(objects, "NetworkPolicy")
    assert [one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]] == [
        port["containerPort"]
    ]
    (monitor,) = of_kind(objects, "PodMonitor")
    assert [one["port"] for one in monitor["spec"]["podMetricsEndpoints"]] == [port["name"]]


def test_who_is_asked_on_request_is_there() -> None:
    (probe,) = of_kind(example("scraping"), "Probe")
    (service,) = of_kind(example("one"), "Service")
    name, space, port = re.fullmatch(r"(.+)\.(.+)\.svc:(\d+)", probe["spec"]["prober"]["url"]).groups()  # type: ignore[union-attr]
    assert (name, space) == (service["metadata"]["name"], service["metadata"]["namespace"])
    assert int(port) == service["spec"]["ports"][0]["port"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_name_within_leads_somewhere(name: str) -> None:
    objects, inside = example(name), container(example(name))
    claims = workload(objects)["spec"].get("volumeClaimTemplates", [])
    volumes = {volume["name"]: volume for volume in pod(objects)["spec"]["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in inside["volumeMounts"]}
    assert mounts.keys() == volumes.keys() | {claim["metadata"]["name"] for claim in claims}
    configured = {one["metadata"]["name"] for one in of_kind(objects, "ConfigMap")}
    assert volumes["configuration"]["configMap"]["name"] in configured
    assert f"--state.directory={mounts['state']}" in inside["args"]
    assert f"--config.file={mounts['configuration']}/exporter.yml" in inside["args"]
    expanded = {word for argument in inside["args"] for word in EXPANDED.findall(argument)}
    assert expanded == {variable["name"] for variable in inside.get("env", [])}


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_configuration_is_good(name: str, tmp_path: Path) -> None:
    """With each password where the pod has it."""
    objects = example(name)
    mounts = {mount["name"]: mount["mountPath"] for mount in container(objects)["volumeMounts"]}
    (files,) = [
        one["data"] for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == "conndrop-exporter"
    ]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for file, text in files.items():
        assert mounts["passwords"] in text or "target_files" in text
        for password in re.findall(rf"{mounts['passwords']}/(\w+)", text):
            (secrets / password).write_text("hunter2-hunter2\n")
        (tmp_path / file).write_text(text.replace(mounts["passwords"], str(secrets)))
    assert len(list(secrets.iterdir())) >= 1
    status, said, errors = told("check", str(tmp_path / "exporter.yml"))
    assert (status, errors) == (0, ""), said


def options(text: str) -> set[str]:
    """Give the options that a text names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z.-]*", text))


@pytest.mark.parametrize("name", ["one", "nodes", "shards"])
def test_options_are_those_of_the_command(name: str) -> None:
    inside = container(example(name))
    assert inside["image"] == f"registry.example.com/conndrop-exporter:{__version__}"
    assert inside["command"] == ["conndrop"]
    assert inside["args"][0] == "run"
    known = options(told("run", "--help")[1])
    assert options(" ".join(inside["args"])) <= known


def numbers(objects: Any) -> tuple[int, str]:
    """Give how many pods there are, and how many they are told there are."""
    told = {variable["name"]: variable.get("value") for variable in container(objects)["env"]}
    assert container(objects)["args"][-1] == "--shard=$(SHARD)/$(SHARDS)"
    return workload(objects)["spec"]["replicas"], told["SHARDS"]


def test_each_shard_knows_how_many_there_are(tmp_path: Path) -> None:
    """The example, with any number; and what it is laid over, by itself."""
    assert numbers(example("shards")) == (4, "4")
    kustomization = yaml.safe_load((PLACE / "examples" / "shards" / "kustomization.yml").read_text())
    more = {
        "replicas": [{"name": "conndrop-exporter", "count": 7}],
        "replacements": kustomization["replacements"],
    }
    assert numbers(laid_over(tmp_path, "shards", **more)) == (7, "7")


def test_shards_are_counted_from_the_pods_own_number() -> None:
    variables: Mapping[str, Any] = {one["name"]: one for one in container(example("shards"))["env"]}
    field = variables["SHARD"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert field == "metadata.labels['apps.kubernetes.io/pod-index']"
    assert "podManagementPolicy" in workload(example("shards"))["spec"]
    assert "start" not in workload(example("shards"))["spec"].get("ordinals", {})


@pytest.mark.parametrize(("name", "targets"), [("one", "250"), ("nodes", "250"), ("shards", "1,000")])
def test_the_memory_is_enough(name: str, targets: str) -> None:
    """For as many targets as the page says, by what the daemon and its meter were measured to take."""
    row = re.search(rf"^\| {targets} \|.* to (\d+), (\d+) MB \|", SCALING.read_text(), flags=re.MULTILINE)
    assert row
    resources = container(example(name))["resources"]
    number, unit = resources["limits"]["memory"][:-2], resources["limits"]["memory"][-2:]
    assert int(number) * {"Mi": 1024**2, "Gi": 1024**3}[unit] > 1.25 * 1e6 * (int(row[1]) + int(row[2]))
    assert "cpu" not in resources["limits"]


def test_a_node_is_a_vantage() -> None:
    inside = container(example("nodes"))
    assert inside["args"][-1] == "--vantage=$(NODE_NAME)"
    (variable,) = inside["env"]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"


def test_a_change_of_what_is_mounted_replaces_no_pod() -> None:
    """It is read by who runs; so the names of what is generated have no number behind them."""
    for name in WORKLOADS:
        names = [one["metadata"]["name"] for one in of_kind(example(name), "ConfigMap")]
        assert "conndrop-exporter" in names
        assert "--config.enable-auto-reload" in container(example(name))["args"]


def test_another_namespace_is_one_word(tmp_path: Path) -> None:
    objects = laid_over(tmp_path, "one", namespace="watched")
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["name"] == "watched"
    others = [one for one in objects if one["kind"] != "Namespace"]
    assert {one["metadata"]["namespace"] for one in others} == {"watched"}
