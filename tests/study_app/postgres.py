"""A real PostgreSQL server for tests, from the binaries that Debian installs, on a socket in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

BINARIES = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The newest installed server's programs, or None."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgresServer:
    """A server that starts on construction; `kill` and `start` again for tests of what survives."""

    def __init__(self, settings: str = "-c fsync=off") -> None:
        """`settings` of the server; by default it is quick and would not survive a power cut."""
        programs = binaries()
        assert programs is not None
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path has at most 107 letters
        self.user = _server_user()
        if os.geteuid() == 0:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.options = f"-c listen_addresses='' -c max_connections=200 {settings}"
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "tester", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"{self.options} -k {self.folder}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start")

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def close(self) -> None:
        """End the server and remove all it wrote."""
        self.kill()
        shutil.rmtree(self.folder)

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"study_{uuid.uuid4().hex}"
        with psycopg.connect(host=str(self.folder), user="tester", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://tester@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        other = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **(other if os.geteuid() == 0 else {}),  # type: ignore[call-overload]
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")


def _server_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: then its own user runs it, or nobody."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
