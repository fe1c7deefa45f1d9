"""Real servers for tests and measurements: started, killed and started again on the same port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Protocol

from tests.conftest import ROOT, environment


class Server(Protocol):
    """Something that serves a study of simulated raters at `address`."""

    address: str
    pid: int

    def start(self) -> None:
        """Begin to serve; return when requests will be answered."""

    def kill(self) -> None:
        """kill -9."""


class ForkedServer:
    """The routes under uvicorn, forked from a nursery in a fraction of a second; `close` it at the end."""

    def __init__(self, url: str, study_file: Path, stimuli_root: Path, simulated: bool = True) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        arguments = [url, str(study_file), str(stimuli_root), str(self.socket.fileno()), str(int(simulated))]
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.study_app.nursery", *arguments],
            cwd=ROOT,
            env=environment(),
            pass_fds=[self.socket.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.start()

    def start(self) -> None:
        """Fork; requests wait in the socket until the server is there."""
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        self.nursery.stdin.write("start\n")
        self.nursery.stdin.flush()
        self.pid = int(self.nursery.stdout.readline())

    def kill(self) -> None:
        """kill -9."""
        assert self.nursery.stdout is not None
        os.kill(self.pid, signal.SIGKILL)
        assert self.nursery.stdout.readline() == "ended\n"

    def close(self) -> None:
        """End the nursery, and with it the server."""
        self.nursery.kill()
        self.nursery.wait()
        self.socket.close()


class AppServer:
    """The whole app, `python -m study_app.serve`, as a researcher starts it; `close` it at the end."""

    def __init__(self, url: str, study_file: Path, stimuli_root: Path, *options: str, **variables: str) -> None:
        """More `options`, say --address; `variables` of the environment; by default all is marked as simulated."""
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        place = ["--address", "127.0.0.1", "--db", url, "--stimuli", str(stimuli_root), "--port", str(self.port)]
        self.command = [sys.executable, "-m", "study_app.serve", str(study_file), *place, *options]
        kept = {name: value for name, value in environment().items() if name != "STUDY_PASSWORD"}
        self.environment = kept | (variables or {"STUDY_SIMULATED": "1"})
        self.folder = study_file.parent
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.pid = self.process.pid
        self._wait_until_ready()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    close = kill

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server does not come up:\n{(self.folder / 'server.log').read_text()}")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
