"""The consent says everything that is stored: each column of the database and of the codebook, and each event."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from study_app.design.study import load_study
from study_app.export.codebook import RECORDS, codebook
from study_app.server.assets import BROWSER, SHELL
from study_app.server.languages import FOLDER, RECRUITED, STORED, load_texts, stored
from study_app.storage.schema import metadata
from tests.conftest import ROOT
from tests.study_app.browsing import Served

# The line of the consent that tells of each column. What the study itself decides is no news of the
# volunteer: "". Whoever adds a column has to find its line, or to write one.
DATABASE = {
    "studies": {"": "id digest version pictures content opened_at closed_at"},
    "trials": {"": "session_id position kind photograph method fault first fake_place other"},
    "log": {"": "id study_id simulated at what detail"},
    "sessions": {
        "": "id study_id simulated number block row trials lapsed set_aside_at set_aside",
        "answers": "answered",
        "identifiers": "token_hash code_hash tab",
        "recruited": "recruited",
        "language": "language",
        "times": "begun_at seen_at ready_at completed_at withdrawn_at",
    },
    "answers": {
        "": "id study simulated session_id trial criterion",
        "answers": "value",
        "identifiers": "key tab",
        "times": "received_at onset_ms offset_ms shown_ms response_ms exposures",
        "interruptions": "hidden",
        "screen": "picture_width picture_height zoom",
    },
    "showings": {"": "id session_id trial", "identifiers": "key", "times": "begun_at"},
    "events": {
        "": "id study simulated session_id name detail",  # by the event's name, see below
        "identifiers": "key",
        "times": "at_ms received_at",
    },
}
EVENTS = {
    "answers": "practice practice_done",
    "vision": "vision",
    "screen": "screen",
    "interruptions": "hidden visible offline online damaged break_began break_ended",
}
EXPORTED = {
    "ratings.csv": {
        "": "study version simulated participant trial kind repeat_of photograph method criterion maximum fake_place"
        " other method_place shown_methods",
        "answers": "value",
        "times": "onset_ms offset_ms shown_ms response_ms exposures showings seen_at_most_ms",
        "interruptions": "hidden",
        "screen": "picture_width picture_height zoom",
    },
    "participants.csv": {
        "": "study version simulated participant block row trials set_aside place_lost",
        "answers": "answered completed catch_shown catch_wrong most_common_share repeat_agreement flags",
        "times": "begun_on minutes median_response_ms median_pace_ms odd_timings begun_again",
        "language": "language",
        "screen": "window_width window_height zoom gray_step_seen",
        "vision": "plates_right plates_shown",
    },
    "log.csv": {"": "study simulated on what detail"},
    "stopping.csv": {"": "study version simulated volunteers contrast low high decision"},
}
# Names in the browser's own storage.
ON_THE_DEVICE = {"answers", "events", "tab", "latest", "taken", "reloaded", "probe"}


def named(lines: dict[str, str]) -> list[str]:
    """All names of a table above."""
    return sorted(name for names in lines.values() for name in names.split())


def test_every_column_of_the_database_has_its_line() -> None:
    assert set(DATABASE) == set(metadata.tables)
    for table, lines in DATABASE.items():
        assert named(lines) == sorted(column.name for column in metadata.tables[table].c), table


def test_every_column_of_the_codebook_has_its_line() -> None:
    entries = {(entry.file, entry.column) for record in RECORDS.values() for entry in codebook(record, stops=True)}
    assert {(file, name) for file, lines in EXPORTED.items() for name in named(lines)} == entries


def test_every_event_that_a_page_notes_has_its_line() -> None:
    noted = set()
    for path in (*BROWSER.glob("*.js"), SHELL):
        for call in re.findall(r"\.note\(([^,)]*)", path.read_text(encoding="utf-8")):
            noted |= set(re.findall(r'"(\w+)"', call))
    for path in (ROOT / "study_app" / "server").glob("*.py"):
        noted |= set(re.findall(r'EventMessage\([^"]*"(\w+)"', path.read_text(encoding="utf-8")))
    assert noted == set(named(EVENTS))


def test_all_that_stays_on_the_device_is_known() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (*BROWSER.glob("*.js"), SHELL))
    names = set(re.findall(r"huebench\.(\w+)", code)) | set(re.findall(r'new Outbox\("(\w+)"', code))
    assert names == ON_THE_DEVICE


def test_every_line_that_is_needed_is_in_the_consent_and_no_other() -> None:
    tables = [*DATABASE.values(), *EXPORTED.values(), EVENTS]
    assert {line for lines in tables for line in lines} - {""} | {"device"} == {*STORED, RECRUITED}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_language_says_every_line(path: Path) -> None:
    _, texts = load_texts(path.stem)
    ours, recruited = stored(texts), stored(texts, recruited=True)
    assert (ours.count("\n- "), recruited.count("\n- ")) == (len(STORED), len(STORED) + 1)
    only = {"nothing_else": ours, RECRUITED: recruited, "nothing_but_id": recruited}
    for key, words in texts["stored"].items():
        assert words in only.get(key, ours) and (key in (RECRUITED, "nothing_but_id")) != (words in ours)


@pytest.mark.parametrize("file", ["study.yaml", "study_pairs.yaml"])
def test_the_studies_own_words_do_not_list_what_is_stored_a_second_time(file: str) -> None:
    consent = load_study(ROOT / file).consent
    assert not [words for words in consent.values() if re.search("store|speichern|enregistr|[Gg]uardamos", words)]


def test_the_welcome_page_shows_all_of_it(page: Page, server: Served) -> None:
    page.goto(f"{server.url}?lang=de")
    _, texts = load_texts("de")
    for key in ("heading", *STORED, "nothing_else"):
        line = texts["stored"][key]
        page.get_by_text(line.split(",")[0]).first.wait_for()
