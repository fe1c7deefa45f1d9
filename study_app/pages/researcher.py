"""The researcher's page: how far the study is, what the screening says, export, close and reopen."""

import io
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import streamlit as st

from study_app.export.monitor import Overview, overview
from study_app.export.places import KINDS
from study_app.export.tables import gather, write_export
from study_app.pages import aside, frame, sign_in, stopping
from study_app.server.service import Service
from study_app.storage.database import plain_words
from study_app.storage.opening import check_writing, set_open
from study_app.storage.refusals import UNAVAILABLE

REFRESH_SECONDS = 10


def show(service: Service) -> None:
    """Show the page to a researcher, and a way to sign in to others."""
    if not sign_in.is_done(service):
        return
    store = service.store
    frame.heading(store.study.title[store.study.languages[0]])
    kind = "simulated raters" if store.simulated else "people"
    st.markdown(f"Version {store.study.version} · {kind} · digest `{store.study.digest[:12]}`")
    _live(service)
    st.header("Export", anchor=False)
    st.markdown("Ratings, participants, log, codebook and the study itself as one zip; nothing in it names a person.")
    name = f"export-{KINDS[store.simulated]}-version-{store.study.version}.zip"
    st.download_button("Download the export", lambda: export_zip(service), name, on_click="ignore")
    aside.show(service)
    _opening(service)


def export_zip(service: Service) -> bytes:
    """The files of `study_app.export.tables` in one zip."""
    store = service.store
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        write_export(Path(folder), store.study, gather(store.database, store.study, store.simulated))
        for path in sorted(Path(folder).iterdir()):
            archive.write(path, path.name)
    return content.getvalue()


def cell_table(seen: Overview) -> pd.DataFrame:
    """Votes of every photograph (rows) in every method (columns), as `completed` or `completed + active`."""
    methods = list(dict.fromkeys(method for _, method in seen.cells))
    rows: dict[str, dict[str, str]] = {}
    for (photograph, method), (completed, active) in seen.cells.items():
        rows.setdefault(photograph, {})[method] = f"{completed} + {active}" if active else str(completed)
    return pd.DataFrame.from_dict(rows, orient="index")[methods].sort_index().rename_axis("photograph")


def completion(hours: float | None) -> str:
    """When all places will be completed, at the pace so far."""
    if hours is None:
        return "unknown"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


@st.fragment(run_every=REFRESH_SECONDS)
def _live(service: Service) -> None:
    _say_whether_answers_are_stored(service)
    seen = overview(service.store)
    completed, active = seen.states["completed"], seen.states["active"]
    st.progress(min(1.0, completed / seen.wanted), f"{completed} of {seen.wanted} sessions are completed")
    numbers = {
        "Study": "open" if seen.is_open else "closed",
        "Active now": str(active),
        "Dropped out": str(seen.states["lapsed"]),
        "Withdrawn": str(seen.states["withdrawn"]),
        "Set aside": str(seen.states["set_aside"]),
        "Median time": "-" if seen.median_minutes is None else f"{seen.median_minutes:.1f} min",
        "Until complete": completion(seen.hours_left),
    }
    for column, (name, value) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        column.metric(name, value)
    stopping.show(service)
    left, right = st.columns(2)
    with left:
        st.header("Screening", anchor=False)
        st.caption("Completed participants who broke a rule of study.yaml. Nobody is left out of the export for it.")
        rules = ("catch", "fast", "straight_lining", "inconsistent", "pace", "timing", "color_vision")
        st.table(pd.DataFrame({"participants": {rule: seen.flags.get(rule, 0) for rule in rules}}))
    with right:
        st.header("Where people dropped out", anchor=False)
        st.caption("After how many answered pictures silent sessions stopped.")
        if seen.left_at:
            st.table(pd.DataFrame({"sessions": seen.left_at}).rename_axis("pictures"))
        else:
            st.markdown("Nobody has.")
    st.header("Votes per cell", anchor=False)
    st.caption("Completed, and + active, of every photograph in every method.")
    st.dataframe(cell_table(seen), height=360)


def _say_whether_answers_are_stored(service: Service) -> None:
    store = service.store
    try:
        check_writing(store.database, store.study_id)
    except UNAVAILABLE as error:
        st.error(
            f"**Answers cannot be stored now:** {plain_words(error)}. They are kept in the volunteers' browsers, "
            "who are told so, and arrive once this works again."
        )


def _opening(service: Service) -> None:
    st.header("Close or reopen", anchor=False)
    is_open = overview(service.store).is_open
    about = "Closing turns new volunteers away; those who have begun may finish."
    st.markdown(about if is_open else "The study is closed to new volunteers.")

    def change() -> None:
        store = service.store
        st.session_state["closing"] = False
        set_open(store.database, store.study_id, not is_open, store.simulated, store.clock())

    def ask(closing: bool) -> None:
        st.session_state["closing"] = closing

    if not is_open:
        st.button("Open it again", on_click=change)
    elif st.session_state.get("closing"):
        st.markdown("Close the study? From then on nobody can begin, until somebody opens it again.")
        left, right = st.columns(2)
        left.button("Yes, close it", on_click=change)
        right.button("Keep it open", on_click=ask, args=(False,))
    else:
        st.button("Close the study", on_click=ask, args=(True,))
