"""A database that can be read but not written is not ready, and everybody is told so."""

from sqlalchemy import select
from starlette.testclient import TestClient

from study_app.storage.opening import check_writing
from study_app.storage.schema import studies
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Newcomer, answer_to, read


def set_read_only(store: Store, is_on: bool) -> None:
    """What a disk that was mounted again read-only is, or a PostgreSQL that follows another."""
    word = "on" if is_on else "off"
    raw = store.database.engine.raw_connection()
    if store.database.is_sqlite:
        raw.cursor().execute(f"PRAGMA query_only={word}")
        raw.close()
        return
    cursor = raw.cursor()
    cursor.execute("SET TRANSACTION READ WRITE")
    name = store.database.engine.url.database
    cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {word}')
    raw.commit()
    store.database.close()  # connections of afterwards are so


def test_what_cannot_be_written_is_not_ready_and_the_answer_arrives_afterwards(
    store: Store, client: TestClient, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    clock.advance(5)
    message = answer_to(0)
    set_read_only(store, True)
    for reply in (one.post("/api/answers", message), client.get("/readyz")):
        assert (reply.status_code, reply.json()["reason"]) == (503, "busy")
        assert "kept in the browser" in reply.json()["error"] and reply.headers["retry-after"]
    assert client.get("/healthz").status_code == 200
    set_read_only(store, False)
    assert client.get("/readyz").status_code == 200
    assert one.post("/api/answers", message).json() == {"acknowledged": message["key"]}


def test_asking_whether_it_can_be_written_changes_nothing(store: Store) -> None:
    before = read(store.database, select(studies)).all()
    check_writing(store.database, store.study_id)
    assert read(store.database, select(studies)).all() == before
