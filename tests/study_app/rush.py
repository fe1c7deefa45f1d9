"""A process of its own that begins sessions from many threads; run by the tests of allocation."""

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from study_app.design.study import Study, load_study
from study_app.stimuli.manifest import load_stimuli
from study_app.storage.database import Database
from study_app.storage.messages import BeginMessage
from study_app.storage.refusals import RefusedError
from study_app.storage.store import Store


def begin(store: Store, study: Study, shows_itself: bool = True) -> str:
    """Begin one session, and show a browser to it; "" if it was refused because the study is full."""
    try:
        token = store.begin(BeginMessage("en", True, study.digest)).token
        if shows_itself:
            store.claim_tab(token, str(uuid.uuid4()), take=False)
        return token
    except RefusedError as refusal:
        if refusal.reason != "full":
            raise
        return ""


def begin_many(store: Store, study: Study, threads: int, tries: int) -> int:
    """Begin from many threads at once; returns how many were let in."""
    with ThreadPoolExecutor(threads) as pool:
        return sum(map(bool, pool.map(lambda _: begin(store, study), range(tries))))


if __name__ == "__main__":
    url, study_file, stimuli_root, threads, tries = sys.argv[1:]
    study = load_study(Path(study_file))
    store = Store(Database(url), study, load_stimuli(study.digest, Path(stimuli_root)))
    print("ready", flush=True)
    sys.stdin.readline()
    print(begin_many(store, study, int(threads), int(tries)))
