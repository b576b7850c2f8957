"""Rules as the files that Prometheus reads."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from exporter.alerts.filling import Value, fill
from exporter.alerts.rule import Alert, Book, Group, Level, Record
from exporter.alerts.thresholds import Thresholds

HEADING: Final = (
    "# Printed by `conndrop alerts --directory`; `conndrop alerts --defaults` shows what can be changed.\n"
)
WIDTH: Final = 110
FILES: Final = "alerts/runbooks"
"""Where runbooks are that no exporter serves, from the project's root."""


def printed(book: Book, thresholds: Thresholds) -> Mapping[str, str]:
    """Write every file of `book`: from its name to its text."""
    return {name: HEADING + _yaml(document) for name, document in _documents(book, thresholds).items()}


def printed_for_operator(book: Book, thresholds: Thresholds) -> Mapping[str, str]:
    """Write every file of `book` as the PrometheusRule that Prometheus Operator reads."""
    return {
        name: HEADING + _yaml(_prometheus_rule(name, document))
        for name, document in _documents(book, thresholds).items()
    }


def _documents(book: Book, thresholds: Thresholds) -> Mapping[str, dict[str, Any]]:
    values = {name: value for name, value in thresholds if value is not None}
    return {name: {"groups": [_group(group, values) for group in groups]} for name, groups in book.items()}


def _prometheus_rule(file: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Make an object of it, called after its file in letters that Kubernetes allows."""
    name = file.removesuffix(".yml").replace("/", "-").replace("_", "-")
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": name if name.startswith("conndrop-") else f"conndrop-{name}",
            "labels": {"app.kubernetes.io/name": "conndrop-exporter"},
        },
        "spec": document,
    }


def _group(group: Group, values: Mapping[str, Value]) -> dict[str, Any]:
    rules = [document for rule in group.rules for document in _rules(rule, values)]
    interval = {"interval": group.interval} if group.interval else {}
    return {"name": group.name, **interval, "rules": rules}


def _rules(rule: Record | Alert, values: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
    if isinstance(rule, Record):
        yield {"record": rule.name, "expr": fill(rule.expr, values)}
        return
    for level in rule.levels:
        yield _alert(rule, level, {**values, **level.values})


def _alert(alert: Alert, level: Level, values: Mapping[str, Value]) -> dict[str, Any]:
    lasts = {"for": fill(level.lasts, values)} if level.lasts else {}
    labels = {"severity": str(level.severity), "kind": str(alert.kind), **alert.labels}
    return {
        "alert": alert.name,
        "expr": fill(alert.expr, values),
        **lasts,
        "labels": {name: fill(text, values) for name, text in labels.items()},
        "annotations": {name: fill(text, values) for name, text in _texts(alert, values).items()},
    }


def _texts(alert: Alert, values: Mapping[str, Value]) -> Mapping[str, str]:
    """Give the annotations; the description says in one breath what the others say one by one."""
    told = {"summary": alert.summary, "evidence": alert.evidence, "fix": alert.fix}
    whole = f"{alert.summary}. Evidence: {alert.evidence}. First: {alert.fix}."
    if "incidents_url" in alert.annotations:
        whole += f" All that was seen: {alert.annotations['incidents_url']}"
    return {**told, "description": whole, **alert.annotations, "runbook_url": _runbook(alert, values)}


def _runbook(alert: Alert, values: Mapping[str, Value]) -> str:
    if "runbooks_url" in values:
        return f"<runbooks_url>/{alert.name}"
    return f"<exporter_url>/runbooks/{alert.name}" if alert.served else f"{FILES}/{alert.name}.md"


class _Dumper(yaml.SafeDumper):
    """Writes texts that are long, or have several lines, so that people can read them."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > WIDTH - 20 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text
