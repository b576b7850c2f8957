"""From a plan to the one target that it means, read with the configuration's own rules."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from exporter.app.reading import read_configuration
from exporter.config import (
    Configuration,
    ConfigurationError,
    ProbedTarget,
    UrlError,
    prepare,
    read_url,
    shown_url,
)
from exporter.db import DIALECTS
from exporter.examination.plan import Plan, PlanError
from exporter.model import Endpoint, Secret, SecretUnreadable, Target

NOWHERE = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The target, with whatever the configuration says beside it; `driver` as the URL names it, if it does.

    `url` has no password in it.
    """

    configuration: Configuration
    probed: ProbedTarget
    driver: str = ""

    @property
    def endpoint(self) -> Endpoint:
        """Where the target is."""
        return self.probed.target.endpoint

    @property
    def url(self) -> str:
        """The URL, as people write it."""
        return shown_url(self.endpoint, self.driver)


def aim(plan: Plan) -> Aim:
    """Find out what the plan means; raise PlanError in words for people, which show no password."""
    if plan.budget < 1:
        raise PlanError("at least one connection has to be allowed")
    try:
        found = _at(plan) if "://" in plan.where else _named(plan)
        _reveal(found.endpoint.password)
    except SecretUnreadable as error:
        raise PlanError(f"password: {error}") from None
    return found


def _at(plan: Plan) -> Aim:
    """Read a URL."""
    try:
        endpoint, dialect = read_url(plan.where, None, DIALECTS)
        if endpoint.password is None:
            endpoint = replace(endpoint, password=plan.password)
        prepare(endpoint, dialect)
    except UrlError as error:
        raise PlanError(f"the URL {'; it '.join(error.problems)}") from None
    target = Target(name=endpoint.host, endpoint=endpoint)
    probed = ProbedTarget(target=target, dialect=dialect, probes={}, connection_budget=plan.budget)
    driver = plan.where.partition("://")[0].partition("+")[2]
    return Aim(configuration=Configuration(targets=(probed,)), probed=probed, driver=driver)


def _hint(name: str, found: Collection[str], *, lists: bool) -> str:
    """Say what could have been meant; with `lists`, more targets are discovered while an exporter runs."""
    if near := get_close_matches(name, found, n=1):
        return f"did you mean {near[0]}?"
    there = f"there are {', '.join(sorted(found))}" if found else "there is none"
    return f"{there}; targets that are discovered are looked at by their URLs: {NOWHERE}" if lists else there


def _named(plan: Plan) -> Aim:
    """Find a target by its name."""
    if plan.config is None:
        raise PlanError(f"{plan.where!r} is no URL, and no configuration is given to look it up; {NOWHERE}")
    configuration = _read(plan.config)
    found = {probed.target.name: probed for probed in configuration.targets}
    if plan.where not in found:
        hint = _hint(plan.where, found, lists=bool(configuration.listings))
        raise PlanError(f"no target {plan.where!r} in {plan.config}; {hint}")
    probed = found[plan.where]
    endpoint = probed.target.endpoint
    if endpoint.password is not None and plan.password is not None:
        raise PlanError(
            f"target {plan.where} has a password in {plan.config}, and another is given: keep one"
        )
    if endpoint.password is None:
        target = replace(probed.target, endpoint=replace(endpoint, password=plan.password))
        probed = replace(probed, target=target)
    budget = min(plan.budget, probed.connection_budget)
    return Aim(configuration=configuration, probed=replace(probed, connection_budget=budget))


def _read(path: Path) -> Configuration:
    try:
        return read_configuration(path)
    except ConfigurationError as error:
        raise PlanError(str(error)) from None


def _reveal(password: Secret | None) -> None:
    if password is not None:
        password.reveal()
