"""Questions to applications. Each process counts for itself: they are added up."""

from typing import Final

from grafana.generator.questions import Subject

JOB: Final = Subject(by=("job", "target"), named="{{target}} {{job}}")
"""An application: the job that scrapes it."""
PROCESS: Final = Subject(
    by=("job", "instance", "pid", "target"), named="{{target}} {{job}} {{instance}} {{pid}}"
)
CHECKOUTS: Final = "conndrop_app_checkout_seconds"
ERRORS: Final = "conndrop_app_errors_total"
EXHAUSTED: Final = 'cause="client.pool_exhausted"'


def connections(subject: Subject, state: str) -> str:
    """Ask how many connections there are in a state."""
    return subject.total("conndrop_app_pool_connections", having=f'state="{state}"')


def taken(subject: Subject) -> str:
    """Ask how many connections are taken in a second."""
    return subject.rate(f"{CHECKOUTS}_count")


def erred(subject: Subject) -> str:
    """Ask for the errors for each connection taken.

    Those of an application that has had none are 0. Where none could be taken for errors it is 1; where none
    was wanted there is no answer.
    """
    errors = f"({subject.rate(ERRORS)} or 0 * {taken(subject)})"
    return f"clamp_max({errors} / {taken(subject)}, 1) >= 0"
