"""All objects keep to the schemas of Kubernetes, and to those of Prometheus Operator where they are at hand.

The latter are no part of this project. They are looked for in the directory that PROMETHEUS_OPERATOR_SCHEMAS
names, and in `schemas/prometheus-operator` beside the project.
"""

import copy
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.kubernetes.building import (
    EXAMPLES,
    LOADER,
    PLACE,
    ROOT,
    Object,
    built,
    example,
    laid_over,
    of_kind,
    pod,
    workload,
)

VERSIONS: Final = ("1.28", kubernetes_validate.latest_version())
"""The oldest one that tells a pod of a StatefulSet its number, and the newest one that is known."""
OPERATOR: Final = "monitoring.coreos.com/"


def places() -> Iterator[Path]:
    """Give directories that may have the schemas."""
    if named := os.environ.get("PROMETHEUS_OPERATOR_SCHEMAS"):
        yield Path(named)
    yield from (
        ROOT.parent / "schemas" / "prometheus-operator",
        *ROOT.parent.glob("*/schemas/prometheus-operator"),
    )


@pytest.fixture(scope="module")
def operator() -> Mapping[tuple[str, str], Draft202012Validator]:
    """Give what judges objects, by version and kind; skip where there are no schemas."""
    for place in places():
        if files := sorted(place.glob("*.yaml")):
            return dict(validator for file in files for validator in validators(file))
    pytest.skip(
        "Prometheus Operator's schemas are not here: PROMETHEUS_OPERATOR_SCHEMAS can name their directory"
    )


def validators(file: Path) -> Iterator[tuple[tuple[str, str], Draft202012Validator]]:
    """Read a CustomResourceDefinition."""
    document = yaml.load(file.read_text(), LOADER)  # noqa: S506  a safe one
    spec = document["spec"]
    for version in spec["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        for ours in ("apiVersion", "kind", "metadata"):
            schema["properties"][ours] = {}
        names = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
        yield names, Draft202012Validator(closed(schema))


def closed(schema: Any) -> Any:
    """Have a schema refuse keys that it does not know, which the API server drops without a word."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def mistakes(objects: tuple[Object, ...], version: str) -> list[str]:
    """Say what Kubernetes would not take."""
    found = []
    for one in objects:
        if one["apiVersion"].startswith(OPERATOR):
            continue
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{one['kind']} {one['metadata']['name']}: {error.json_path}: {error.message}")
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["shards", "nodes"])
def test_kubernetes_takes_the_objects(name: str, version: str) -> None:
    assert mistakes(example(name), version) == []


def test_kubernetes_takes_one_exporter_with_dashboards() -> None:
    assert mistakes(example("one"), VERSIONS[-1]) == []


def test_kubernetes_takes_what_components_change(tmp_path: Path) -> None:
    objects = laid_over(tmp_path, "nodes", "host-network", "restricted-egress")
    assert mistakes(objects, VERSIONS[-1]) == []
    spec = pod(objects)["spec"]
    assert spec["hostNetwork"]
    assert "sysctls" not in spec["securityContext"], "no pod may change those of its node"
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    (policy,) = of_kind(objects, "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["ingress"] == of_kind(example("nodes"), "NetworkPolicy")[0]["spec"]["ingress"]


@pytest.mark.parametrize("name", [*EXAMPLES, "zones"])
def test_the_operator_takes_the_objects(
    name: str, operator: Mapping[tuple[str, str], Draft202012Validator], tmp_path: Path
) -> None:
    objects = laid_over(tmp_path, "nodes", "zones") if name == "zones" else example(name)
    ours = [one for one in objects if one["apiVersion"].startswith(OPERATOR)]
    assert ours
    for one in ours:
        validator = operator[one["apiVersion"], one["kind"]]
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(one)] == []


def test_what_is_wrong_is_found(operator: Mapping[tuple[str, str], Draft202012Validator]) -> None:
    wrong = copy.deepcopy(dict(workload(example("nodes"))))
    wrong["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    assert len(mistakes((wrong,), VERSIONS[-1])) == 1
    (monitor,) = of_kind(example("nodes"), "PodMonitor")
    wrong = copy.deepcopy(dict(monitor))
    wrong["spec"]["podMetricsEndpoints"][0]["ports"] = "http"
    assert list(operator[wrong["apiVersion"], wrong["kind"]].iter_errors(wrong))


@pytest.mark.parametrize("file", sorted(PLACE.glob("*/kustomization.yml")), ids=lambda file: file.parent.name)
def test_each_part_can_be_built(file: Path) -> None:
    """`pod` is a part of the others, and has nothing of its own."""
    if file.parent.name != "pod":
        assert built(file.parent)
