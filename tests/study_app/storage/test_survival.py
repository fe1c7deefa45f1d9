"""What was acknowledged survives the sudden end of the app and of the database server."""

import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx2
from sqlalchemy import select

from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import answers
from study_app.storage.store import Store
from tests.study_app.postgres import PostgresServer
from tests.study_app.servers import ForkedServer
from tests.study_app.volunteers import Clock, answer_to, new_key, newcomer, prepared_study, read


def test_answers_survive_a_crash_of_postgresql_and_the_app_goes_on(
    postgres: PostgresServer, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    store = Store(Database(postgres.new_database()), study, stimuli, clock=clock)
    one = newcomer(store, clock)
    one.take(3)
    postgres.kill()
    clock.advance(2)
    message = answer_to(3)
    for _ in range(2):
        reply = one.post("/api/answers", message)
        assert (reply.status_code, reply.json()["reason"]) == (503, "busy")
    assert one.client.get("/readyz").status_code == 503
    postgres.start()
    assert one.post("/api/answers", message).status_code == 200
    assert len(one.take()) == 6
    ratings = gather(store.database, study, False).ratings
    assert [(rating.trial, rating.value) for rating in ratings] == [(trial, 1) for trial in range(10) for _ in range(3)]
    store.database.close()


def post_until_acknowledged(app: ForkedServer, path: str, content: object, token: str = "") -> dict[str, object]:
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


def send(app: ForkedServer, message: object, token: str) -> None:
    """Once, whatever comes of it."""
    with suppress(httpx2.HTTPError):
        httpx2.post(
            f"{app.address}/api/answers", json=message, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )


def test_answers_survive_kill_9_of_the_app_and_none_is_doubled(url: str, archives: Path, tmp_path: Path) -> None:
    """The app dies twice in one session, each time with an answer under way."""
    study, stimuli = prepared_study(tmp_path, archives, exposure_ms=50)
    app = ForkedServer(url, tmp_path / "study.yaml", tmp_path / "stimuli", simulated=False)
    try:
        begin = {"language": "en", "consent": True, "study": study.digest, "key": new_key()}
        token = str(post_until_acknowledged(app, "/api/sessions", begin)["session"])
        httpx2.get(app.address + "/api/plan", headers={"Authorization": f"Bearer {token}"}, timeout=20)
        acknowledged = []
        for trial in range(10):
            message = answer_to(trial, value=trial % 2)
            if trial in (2, 6):
                time.sleep(0.06)
                sender = Thread(target=send, args=(app, message, token), daemon=True)
                sender.start()
                time.sleep(0.2 + 0.1 * trial)  # sometimes before, sometimes after the reply
                app.kill()
                app.start()
            acknowledged.append(post_until_acknowledged(app, "/api/answers", message, token)["acknowledged"])
    finally:
        app.close()
    store = Store(Database(url), study, stimuli)
    rows = read(store.database, select(answers).order_by(answers.c.id)).all()
    store.database.close()
    assert [row.key for row in rows] == [key for key in acknowledged for _ in range(3)]
    assert [row.value for row in rows] == [trial % 2 for trial in range(10) for _ in range(3)]
