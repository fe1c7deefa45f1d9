"""What was acknowledged survives the sudden end of the app and of the database server."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
from sqlalchemy import select
from starlette.testclient import TestClient

from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.server.routes import application
from study_app.stimuli.manifest import Stimuli, load_stimuli
from study_app.stimuli.prepare import prepare
from study_app.storage.database import Database
from study_app.storage.schema import answers
from study_app.storage.store import Store
from tests.conftest import environment
from tests.study_app.postgres import PostgresServer
from tests.study_app.volunteers import ROOT, Clock, Volunteer, answer_to, new_key, small_study

SERVER = """
import socket, sys
from pathlib import Path
import uvicorn
from study_app.database import Database
from study_app.manifest import load_stimuli
from study_app.routes import application
from study_app.store import Store
from study_app.study import load_study
url, folder = sys.argv[1], Path(sys.argv[2])
study = load_study(folder / "study.yaml")
app = application(Store(Database(url), study, load_stimuli(study.digest, folder / "stimuli")))
config = uvicorn.Config(app, log_level="error", access_log=False)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[3]))])
"""


def test_answers_survive_a_crash_of_postgresql_and_the_app_goes_on(
    postgres: PostgresServer, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    store = Store(Database(postgres.new_database()), study, stimuli, clock=clock)
    client = TestClient(application(store))
    one = Volunteer(client, study, clock)
    one.take(3)
    postgres.kill()
    clock.advance(2)
    message = answer_to(3)
    for _ in range(2):
        reply = one.post("/api/answers", message)
        assert (reply.status_code, reply.json()["reason"]) == (503, "busy")
    assert client.get("/readyz").status_code == 503
    postgres.start()
    assert one.post("/api/answers", message).status_code == 200
    assert len(one.take()) == 6
    ratings = gather(store.database, study, False).ratings
    assert [(rating.trial, rating.value) for rating in ratings] == [(trial, 1) for trial in range(10) for _ in range(3)]
    store.database.close()


class RunningApp:
    """The routes under uvicorn in a process of their own, to be killed and started again on the same port."""

    def __init__(self, url: str, folder: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.command = [sys.executable, "-c", SERVER, url, str(folder), str(self.socket.fileno())]
        self.start()

    def start(self) -> None:
        """Start the process; requests wait in the socket until it is there."""
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment(), pass_fds=[self.socket.fileno()], stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def post_until_acknowledged(app: RunningApp, path: str, content: object, token: str = "") -> dict[str, object]:
    """As a browser's outbox: the same request again until there is a reply."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for _ in range(200):
        try:
            reply = httpx2.post(app.address + path, json=content, headers=headers, timeout=20)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.TimeoutException):
            time.sleep(0.05)
            continue
        if reply.status_code == 429:
            time.sleep(reply.json()["retry_after_ms"] / 1000)
            continue
        assert reply.status_code == 200, reply.text
        return dict(reply.json())
    raise AssertionError(f"{path} was never acknowledged")


def test_answers_survive_kill_9_of_the_app_and_none_is_doubled(url: str, archives: Path, tmp_path: Path) -> None:
    """The app dies twice in one session, each time with an answer under way."""
    study = small_study(tmp_path, exposure_ms=50)
    prepare(study, archives, tmp_path / "stimuli")
    app = RunningApp(url, tmp_path)
    try:
        begin = {"language": "en", "consent": True, "study": study.digest, "key": new_key()}
        token = str(post_until_acknowledged(app, "/api/sessions", begin)["session"])
        httpx2.get(app.address + "/api/plan", headers={"Authorization": f"Bearer {token}"}, timeout=20)
        acknowledged = []
        for trial in range(10):
            message = answer_to(trial, value=trial % 2)
            if trial in (2, 6):
                time.sleep(0.06)
                sender = subprocess.Popen(
                    [sys.executable, "-c", SEND, app.address, token, json.dumps(message)], env=environment()
                )
                time.sleep(0.2 + 0.1 * trial)  # sometimes before, sometimes after the reply
                app.kill()
                sender.kill()
                sender.wait()
                app.start()
            acknowledged.append(post_until_acknowledged(app, "/api/answers", message, token)["acknowledged"])
    finally:
        app.kill()
        app.socket.close()
    store = Store(Database(url), study, load_stimuli(study.digest, tmp_path / "stimuli"))
    with store.database.reading() as connection:
        rows = connection.execute(select(answers).order_by(answers.c.id)).all()
    store.database.close()
    assert [row.key for row in rows] == [key for key in acknowledged for _ in range(3)]
    assert [row.value for row in rows] == [trial % 2 for trial in range(10) for _ in range(3)]


SEND = """
import sys, json, httpx2
address, token, message = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
httpx2.post(address + "/api/answers", json=json.loads(message), headers=headers, timeout=20)
"""
