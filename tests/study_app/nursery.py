"""A process that starts servers quickly: it has everything imported and forks one for each line on its input.

    python -m tests.study_app.nursery URL STUDY STIMULI SOCKET SIMULATED

Prints the new server's process id, and "ended" when it has. Each server opens the database anew and serves on the
inherited socket, where requests wait while there is no server. SIMULATED: 1 if it marks everything as simulated.
"""

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from study_app.design.study import load_study
from study_app.server.routes import application
from study_app.stimuli.manifest import load_stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Linux ends this process when the one that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(url: str, study_file: Path, stimuli_root: Path, descriptor: int, simulated: bool) -> None:
    """One server, until it is killed."""
    study = load_study(study_file)
    app = application(Store(Database(url), study, load_stimuli(study.digest, stimuli_root), simulated))
    config = uvicorn.Config(app, log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def main() -> None:
    """Fork on demand."""
    url, study_file, stimuli_root, descriptor, simulated = sys.argv[1:]
    die_with_parent()
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            die_with_parent()
            serve(url, Path(study_file), Path(stimuli_root), int(descriptor), simulated == "1")
            return
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
