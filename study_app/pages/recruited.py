"""What volunteers see whom a platform or an invitation has sent: the way in again, the way back, and no thanks."""

import html

import streamlit as st

from study_app.design.recruitment import TURK_PREVIEW, Recruitment, is_link, turk_form
from study_app.pages import frame
from study_app.server.languages import Texts
from study_app.server.service import Service
from study_app.storage.refusals import RefusedError


def given_id(service: Service) -> str:
    """The id in the address, or ""."""
    recruitment = service.store.study.recruitment
    return "" if recruitment is None else st.query_params.get(recruitment.name, "")


def is_preview(service: Service) -> bool:
    """Whether a worker of Mechanical Turk only looks at the task, and has no id yet."""
    recruitment = service.store.study.recruitment
    is_turk = recruitment is not None and recruitment.platform == "mturk"
    return is_turk and st.query_params.get("assignmentId") == TURK_PREVIEW


def check(service: Service) -> None:
    """Raise `RefusedError` for a visitor whom nobody has sent, before anything is read."""
    if not is_preview(service):
        service.store.recruits.admitted(given_id(service))


def enter(service: Service, token: str) -> None:
    """Put the session into the address, and take the id out of it."""
    kept = {key: st.query_params[key] for key in frame.KEPT if key in st.query_params}
    st.query_params.from_dict({"s": token, **(kept if service.store.study.recruitment is not None else {})})


def go_on(service: Service, texts: Texts) -> None:
    """Ask somebody whose id has begun already for the code."""
    words = texts["recruited"]
    frame.heading(words["begun_heading"])
    st.markdown(words["begun"])
    if not frame.asked_code("resume", words["code"], words["go_on"]):
        return
    outcome = _resume(service)
    if outcome is None:
        st.rerun()
    st.html(f'<p class="said" role="status">{html.escape(words[outcome])}</p>')


def _resume(service: Service) -> str | None:
    """Enter the session of id and code; the words that say why not, if that cannot be."""
    store, caller = service.store, frame.visitor()
    try:
        service.limits.withdraw.check(caller)
        token = store.recruits.resume(store.database, store.study_id, given_id(service), st.session_state["code"])
    except RefusedError as refusal:
        if refusal.reason == "rate":
            return "often"
        service.limits.withdraw.failed(caller)
        return "wrong"
    del st.session_state["begun"]
    enter(service, token)
    return None


def declined(service: Service, texts: Texts) -> None:
    """Who does not take part goes back."""
    words = texts["recruited"]
    frame.heading(words["declined_heading"])
    st.markdown(words["declined"])
    way_back(service, texts, "no_consent")


def way_back(service: Service, texts: Texts, end: str) -> None:
    """The link or the code of an end, if the study has one; at the end of all, Mechanical Turk's form."""
    recruitment, words = service.store.study.recruitment, texts["recruited"]
    is_turk = recruitment is not None and recruitment.platform == "mturk" and end == "completed"
    form = turk_form(st.query_params.to_dict()) if is_turk else None
    if form is None:
        shown = end_html(recruitment, texts, end)
    else:
        address, assignment = map(html.escape, form)
        shown = (
            f'<form class="way_back" method="post" action="{address}"><input type="hidden" name="assignmentId" '
            f'value="{assignment}"><input type="hidden" name="finished" value="1">'
            f"<button>{html.escape(words['hand_in'])}</button></form>"
        )
    if shown:
        st.html(shown)


def end_html(recruitment: Recruitment | None, texts: Texts, end: str) -> str:
    """The link or the code of an end (one of `ENDS`), or ""."""
    told, words = "" if recruitment is None else recruitment.ends.get(end, ""), texts["recruited"]
    if is_link(told):
        return f'<p><a class="way_back" href="{html.escape(told)}" target="_self">{html.escape(words["back"])}</a></p>'
    return told and f"<p>{html.escape(words['copy_code'])} <code>{html.escape(told)}</code></p>"
