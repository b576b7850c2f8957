"""Alerts on what the server says of itself."""

from typing import Final

from exporter.alerts import conditions
from exporter.alerts.bridging import A_MINUTE, bridged
from exporter.alerts.conditions import measured
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

NEARLY_BLOCKED: Final = Alert(
    name="DatabaseHostNearlyBlocked",
    kind=Kind.RISK,
    levels=(Level(severity=Severity.WARNING),),
    expr=f"""\
{bridged("conndrop_server_host_connect_errors")}
  / ignoring (setting) {bridged('conndrop_server_setting{setting="max_connect_errors"}')}
> <blocked_warning>
""",
    summary="{{ $labels.target }} will soon let nobody in from the exporter's address",
    evidence="{{ $value | humanizePercentage }} of max_connect_errors is reached by connects from there that "
    "broke off in a row; more than <blocked_warning:percent> is near",
    fix="Find what connects from there and hangs up before the login is over, such as a health check or a "
    "port scan",
)
BLOCKED: Final = Alert(
    name="DatabaseHostsBlocked",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.CRITICAL),),
    expr=f"{bridged('conndrop_server_hosts_blocked')} > 0",
    summary="{{ $labels.target }} lets nobody in from some addresses",
    evidence="addresses that are blocked for too many broken connects (max_connect_errors): {{ $value | "
    'printf "%.0f" }}',
    fix="Unblock them: TRUNCATE TABLE performance_schema.host_cache (MySQL), FLUSH HOSTS (MariaDB)",
)
OTHER_USAGE: Final = 'conndrop_server_limit_usage_ratio{scope=~"account|database"}'
# A limit that is as large as a pool is reached by design: who is refused for it is an incident's matter.
ACCOUNT_NEAR_LIMIT: Final = Alert(
    name="DatabaseAccountNearLimit",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"{bridged(OTHER_USAGE)} > <saturation_critical>",
    summary="One {{ $labels.scope }} of {{ $labels.target }} has few connections left, or none",
    evidence="{{ $value | humanizePercentage }} of those that this {{ $labels.scope }} may have are in use, "
    "whatever room the server has for others",
    fix="See which one it is (<exporter_url>/api/v1/targets), and let its pools hold less or allow it more",
)
ADDRESS_CHANGED: Final = Alert(
    name="DatabaseEgressAddressChanged",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    expr="increase(conndrop_server_client_address_changes_total[15m]) > 0",
    summary="{{ $labels.target }} sees the exporter under another address than before",
    evidence='changes within 15 minutes, by the server\'s own word: {{ $value | printf "%.0f" }}',
    fix="See whether a NAT gateway, a VPN or a route has changed, and whether the server lets the new "
    "address in",
)
ABORTED_CONNECTS: Final = "target:conndrop_server_aborted_connects:rate5m"
USAGE: Final = bridged('conndrop_server_limit_usage_ratio{scope="server"}')
"""How full the server is for ordinary accounts: what it keeps for superusers is left out."""
CONNECTIONS: Final = "target:conndrop_server_connections:sum"


def _in_state(state: str) -> str:
    """Ask for how many connections are in a state."""
    of_state = f'conndrop_server_connections{{state="{state}"}}'
    return f"sum without (state) {bridged(of_state)}"


SERVER: Final = (
    Group(
        name="conndrop-server",
        rules=(
            measured(conditions.ABORTED_CONNECTS, rate=ABORTED_CONNECTS),
            measured(
                conditions.ABOVE_BASELINE,
                rate=ABORTED_CONNECTS,
                mean="target:conndrop_server_aborted_connects:mean1d",
            ),
            measured(conditions.ABORTED_CLIENTS, rate="target:conndrop_server_aborted_clients:rate5m"),
            NEARLY_BLOCKED,
            BLOCKED,
            measured(conditions.NEAR_LIMIT, usage=USAGE),
            measured(conditions.EXHAUSTED, usage=USAGE),
            ACCOUNT_NEAR_LIMIT,
            measured(conditions.FELL, now=bridged(CONNECTIONS), connections=CONNECTIONS),
            measured(
                conditions.IDLE_IN_TRANSACTION,
                oldest=bridged("conndrop_server_oldest_idle_in_transaction_seconds"),
            ),
            measured(
                conditions.PILE_UP,
                idle=_in_state("idle_in_transaction"),
                connections=bridged(CONNECTIONS),
            ),
            measured(conditions.RESTARTED, times="increase(conndrop_server_restarts_total[15m])"),
            measured(
                conditions.READ_ONLY,
                read_only=bridged("conndrop_server_read_only", A_MINUTE),
                least="target:conndrop_server_read_only:min1d",
            ),
            measured(
                conditions.LOAD_HIGH,
                active=_in_state("active"),
                allowed=f"({bridged('conndrop_server_connections_max')}"
                f" - {bridged('conndrop_server_connections_reserved')})",
            ),
            ADDRESS_CHANGED,
        ),
    ),
)
