"""How a researcher signs in, stays so when the page is loaded again, and signs out."""

import streamlit as st

from study_app.pages import frame
from study_app.server.researcher.cookie import COOKIE, PATH, is_pass, new_pass
from study_app.server.service import Service
from study_app.storage.refusals import RefusedError

# Sends the pass to the route that sets the cookie, once for each pass; Streamlit calls this after every run.
KEEP = """
let sent;
export default ({ data }) => {
  if (sent === data.pass) return;
  sent = data.pass;
  const headers = { "Content-Type": "application/json" };
  const sending = { method: "POST", headers, body: JSON.stringify({ text: data.pass }) };
  fetch(new URL(data.address, document.baseURI), sending).catch(() => (sent = undefined));
};
"""


def is_done(service: Service) -> bool:
    """Whether a researcher is signed in; if not, the page shows how to."""
    if st.session_state.get("researcher"):
        _offer_sign_out(service)
        return True
    kept = st.context.cookies.get(COOKIE, "")  # as the browser had it when it opened this page
    if not st.session_state.get("signed_out") and is_pass(service.store, service.access, kept):
        st.session_state["researcher"], st.session_state["pass"] = True, kept
        _offer_sign_out(service)
        return True
    if st.session_state.get("signed_out"):
        _keep("")
    if service.access.oidc:
        if not st.user.is_logged_in:
            frame.heading("Researcher")
            st.button("Sign in", on_click=st.login)
        elif str(st.user.email).lower() in service.access.oidc and st.user.get("email_verified", True):
            st.button("Sign out", on_click=st.logout)
            return True
        else:
            st.markdown("This account may not see this page.")
            st.button("Sign out", on_click=st.logout)
    if service.access.password:
        _ask_password(service)
        return bool(st.session_state.get("researcher"))
    return False


def _offer_sign_out(service: Service) -> None:
    """A button that ends it; and the pass, so that another loading of the page does not."""
    if service.access.password is None:
        return

    def sign_out() -> None:
        st.session_state["researcher"], st.session_state["signed_out"] = False, True

    st.button("Sign out", on_click=sign_out, key="sign_out")
    if "pass" not in st.session_state:
        st.session_state["pass"] = new_pass(service.store, service.access)
    _keep(st.session_state["pass"])


def _keep(text: str) -> None:
    """Have the browser keep a pass, or forget it."""
    data = {"address": PATH.removeprefix("/"), "pass": text}
    st.components.v2.component("pass", html="<span></span>", js=KEEP)(data=data, key="pass-keeper")


def _ask_password(service: Service) -> None:
    place = st.empty()
    with place.container():
        frame.heading("Researcher")
        with st.form("password"):
            typed = st.text_input("Password", type="password", autocomplete="current-password")
            pressed = st.form_submit_button("Open")
        if not pressed:
            return
        try:
            if service.access.opens(typed, frame.visitor()):
                st.session_state["researcher"] = True
                st.session_state["signed_out"] = False
            else:
                st.markdown("That is not the password.")
        except RefusedError:
            st.markdown("Too many attempts; please wait a minute.")
    if st.session_state.get("researcher"):
        place.empty()
        _offer_sign_out(service)
