"""The faults of the lab as commands that are typed, one a line."""

import contextlib
import itertools
from collections.abc import Callable
from typing import Final, cast

from tests.lab.balancer import Balancer
from tests.lab.firewall import Refusal, Way
from tests.lab.fronts import Haproxy, PgBouncer
from tests.lab.resetter import Resetter
from tests.lab.site import Reached, Site

FARTHER: Final = 9001
"""The first port for what stands before a database."""
ASKING: Final = {"limit", "kill", "restart", "freeze"}
"""Commands that a database must answer to, or must not stand still for."""


class Menu:
    """Brings faults upon one database at a time; `close` heals all."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._database = next(iter(site.databases.values()))
        self._faults = contextlib.ExitStack()
        self._held: list[str] = []
        self._ports = itertools.count(FARTHER)

    def close(self) -> None:
        """Heal everything."""
        self._held.clear()
        self._faults.close()

    def obey(self, line: str) -> str:
        """Do what a line says and give what there is to say about it. An empty line says nothing."""
        name, *words = line.split() or ["help"]
        if name not in COMMANDS:
            return f"There is no {name!r}.\n{usage()}"
        if self._frozen and name in ASKING:
            return f"{self._database.name} is frozen, and answers nobody: heal it first."
        try:
            return COMMANDS[name][1](self, *words)
        except Exception as error:  # noqa: BLE001  whatever is typed, the lab goes on
            return f"{name} {COMMANDS[name][0]}: {error}"

    def on(self, name: str) -> str:
        self._database = self._site.databases[name]
        return self.status()

    def nat(self, seconds: str, refusal: str = "silent") -> str:
        firewall, port = self._site.firewall, self._database.port
        if refusal == "remap":
            return self._begin(f"nat {seconds} remap", firewall.remapped(port, int(seconds)))
        fault = firewall.idle(port, int(seconds), cast("Refusal", refusal))
        return self._begin(f"nat {seconds} {refusal}", fault)

    def flush(self, refusal: str = "silent") -> str:
        fault = self._site.firewall.forgotten(self._database.port, cast("Refusal", refusal))
        return self._begin(f"flush {refusal}", fault)

    def blackhole(self, *words: str) -> str:
        ways = tuple(cast("Way", word) for word in words if word != "held") or ("there", "back")
        fault = self._site.firewall.black_hole(self._database.port, ways, held="held" in words)
        return self._begin(f"blackhole {' '.join(words)}", fault)

    def reset(self, idle: str, age: str = "0") -> str:
        fault = Resetter(self._site.router, self._database.port, idle=float(idle), age=float(age))
        return self._begin(f"reset {idle} {age}", fault)

    def balancer(self, idle: str, farewell: str = "rst") -> str:
        port = next(self._ports)
        front = Balancer(self._site, self._database, port=port)
        front.tell(idle=float(idle), farewell=farewell)
        return self._before(f"balancer {idle} {farewell}", front, front)

    def haproxy(self, client: str = "3600", server: str = "3600") -> str:
        front = Haproxy(
            self._site, self._database, port=next(self._ports), client=float(client), server=float(server)
        )
        return self._before(f"haproxy {client} {server}", front, front)

    def pgbouncer(self, idle: str, pooling: str = "session") -> str:
        if self._database.name != "postgresql":
            raise ValueError("stands before a PostgreSQL only")
        front = PgBouncer(
            self._site, self._database, port=next(self._ports), client_idle=float(idle),
            pooling="transaction" if pooling == "transaction" else "session",
        )  # fmt: skip
        return self._before(f"pgbouncer {idle} {pooling}", front, front)

    def limit(self, setting: str, seconds: str) -> str:
        return self._begin(f"limit {setting} {seconds}", self._database.limited(setting, int(seconds)))

    def kill(self, number: str = "all") -> str:
        numbers = self._database.numbers() if number == "all" else [int(number)]
        for one in numbers:
            self._database.kill(one)
        return f"Killed: {numbers}"

    def restart(self, how: str = "well") -> str:
        with self._site.down(self._database.name, crash=how == "crash"):
            pass
        return self.status()

    def freeze(self) -> str:
        return self._begin("freeze", self._site.frozen(self._database.name))

    def heal(self) -> str:
        self.close()
        return self.status()

    def status(self) -> str:
        sessions = "frozen" if self._frozen else self._database.numbers()
        held = self._held or ["none"]
        return f"{self._site.url(self._database.name)}\nsessions: {sessions}\nfaults: {'; '.join(held)}"

    def help(self) -> str:
        return usage()

    @property
    def _frozen(self) -> bool:
        return f"freeze ({self._database.name})" in self._held

    def _begin(self, said: str, fault: contextlib.AbstractContextManager[object]) -> str:
        self._faults.enter_context(fault)
        self._held.append(f"{said.strip()} ({self._database.name})")
        return f"faults: {'; '.join(self._held)}"

    def _before(self, said: str, front: Reached, fault: contextlib.AbstractContextManager[object]) -> str:
        self._begin(said, fault)
        return f"{self._site.url(self._database.name, via=front)}"


COMMANDS: Final[dict[str, tuple[str, Callable[..., str]]]] = {
    "on": ("postgresql|mariadb|mysql", Menu.on),
    "nat": ("SECONDS [silent|rst|remap]", Menu.nat),
    "flush": ("[silent|rst]", Menu.flush),
    "blackhole": ("[there|back] [held]", Menu.blackhole),
    "reset": ("IDLE [AGE]", Menu.reset),
    "balancer": ("IDLE [rst|fin|mute]", Menu.balancer),
    "haproxy": ("[CLIENT [SERVER]]", Menu.haproxy),
    "pgbouncer": ("IDLE [session|transaction]", Menu.pgbouncer),
    "limit": ("SETTING SECONDS", Menu.limit),
    "kill": ("[NUMBER]", Menu.kill),
    "restart": ("[crash]", Menu.restart),
    "freeze": ("", Menu.freeze),
    "heal": ("", Menu.heal),
    "status": ("", Menu.status),
    "help": ("", Menu.help),
}


def usage() -> str:
    """Say what can be typed."""
    lines = (f"  {name} {words}".rstrip() for name, (words, _) in COMMANDS.items())
    return "\n".join((*lines, "  quit"))
