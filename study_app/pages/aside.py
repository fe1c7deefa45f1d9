"""A part of the researcher's page: sets sessions aside, with a reason, or brings them back."""

import pandas as pd
import streamlit as st

from pipeline.records.ratings import Participant
from pipeline.settings.errors import UserError
from study_app.export.tables import gather
from study_app.server.service import Service
from study_app.storage.set_aside import bring_back, parse_numbers, set_aside

COLUMNS = ("participant", "begun_on", "answered", "trials", "minutes", "median_pace_ms", "flags", "set_aside")


def show(service: Service) -> None:
    """Show all participants with what speaks against them, and the form."""
    store = service.store
    st.header("Set sessions aside", anchor=False)
    st.caption(
        "For answers that are not a volunteer's own, say those of a program. They are kept, and marked in every "
        "export; their places open again. The reason goes into the log."
    )
    st.dataframe(participant_table(gather(store.database, store.study, store.simulated).participants), hide_index=True)
    with st.form("aside"):
        typed = st.text_input("Participants", placeholder="7, 12-31")
        reason = st.text_input("Reason")
        left, right = st.columns(2)
        aside = left.form_submit_button("Set aside")
        back = right.form_submit_button("Bring back")
    if said := st.session_state.pop("aside_said", None):
        st.markdown(said)
    if aside or back:
        st.session_state["aside_said"] = _done(service, typed, reason, back)
        st.rerun()


def participant_table(participants: list[Participant]) -> pd.DataFrame:
    """A row for each participant: progress, pace and flags."""
    rows = [{column: getattr(person, column) for column in COLUMNS} for person in participants]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _done(service: Service, typed: str, reason: str, back: bool) -> str:
    """Do it; what to tell the researcher."""
    store = service.store
    try:
        numbers = parse_numbers(typed.replace(",", " ").split())
        mine = (store.simulated, store.clock())
        if back:
            changed = bring_back(store.database, store.study_id, numbers, *mine)
        else:
            changed = set_aside(store.database, store.study_id, numbers, reason, *mine)
    except UserError as error:
        return f"Nothing was changed: {error}"
    words = "Brought back" if back else "Set aside"
    return f"{words}: {', '.join(map(str, changed)) or 'nobody'}."
