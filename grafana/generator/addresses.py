"""Where values lead to."""

from typing import Final

KEPT: Final = "${datasource:queryparam}&${__url_time_range}"
"""What goes along from one dashboard to the next."""


def target(name: str, *, job: bool = True) -> str:
    """Lead to the dashboard of that name, on the target of the table's row.

    The `job` goes along unless it is not the exporters'.
    """
    kept = f"{KEPT}&${{job:queryparam}}" if job else KEPT
    return f"/d/conndrop-{name}?{kept}&var-target=${{__data.fields.Target}}"


def chosen(name: str) -> str:
    """Lead to the dashboard of that name, on all that is chosen here."""
    names = ("job", "instance", "vantage", "target")
    return f"/d/conndrop-{name}?{KEPT}&" + "&".join(f"${{{one}:queryparam}}" for one in names)
