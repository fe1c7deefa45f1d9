"""Serves the human study: pages, pictures and answers, from one process.

    python -m study_app.serve [study.yaml] [--db sqlite:///study.sqlite3] [--port 8501] [--address localhost]
        [--begins-per-address 40] [--preview]

Reads `study.yaml` and `stimuli/<digest of the study>/`; writes the database. The researcher's page exists if the
environment holds STUDY_PASSWORD, or `.streamlit/secrets.toml` a section [researcher]. STUDY_SIMULATED=1 marks every
session that begins here as simulated; --preview does too, and keeps nothing. Several processes on one PostgreSQL share
`stimuli/secret`.
"""

import argparse
import gc
import os
import socket
import sys
import tempfile
from pathlib import Path

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import private_folder
from study_app.design.study import STUDY_FILE, load_study
from study_app.design.tokens import derive
from study_app.server.researcher.access import PASSWORD, Access, read_access
from study_app.server.security import BEGINS, BEGINS_SECONDS, Rate, Rates, network
from study_app.stimuli.manifest import STIMULI, load_stimuli
from study_app.storage.database import DEFAULT_URL, Database
from study_app.storage.opening import recognised
from study_app.storage.store import Store

SWITCH_SECONDS = 0.0005
SIMULATED = "STUDY_SIMULATED"
EVERYWHERE = ("0.0.0.0", "::")
GRAY = "#6e6e6e"  # the surround of all pictures: near L* = 46, dark enough for white letters (5.1 : 1)
OPTIONS: dict[str, object] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.showSidebarNavigation": False,
    "client.toolbarMode": "minimal",
    "runner.postScriptGC": False,  # Streamlit would visit every object after each page; Python collects by itself
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "theme.base": "dark",
    "theme.backgroundColor": GRAY,
    "theme.secondaryBackgroundColor": "#5c5c5c",
    "theme.textColor": "#ffffff",
    "theme.primaryColor": "#f2f2f2",
    "theme.codeTextColor": "#ffffff",
    "theme.linkColor": "#ffffff",
    "theme.borderColor": "#d0d0d0",
    "theme.showWidgetBorder": True,
    # Those of the volunteer's device. Streamlit's own would be another 170 kB before anything is shown.
    "theme.font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    "theme.codeFont": "ui-monospace, Menlo, Consolas, monospace",
}


def main() -> None:
    """Check everything, print the links, serve until stopped."""
    parser = argparse.ArgumentParser(description="Serve the human study.")
    parser.add_argument("study", nargs="?", type=Path, default=STUDY_FILE)
    parser.add_argument("--db", default=DEFAULT_URL, help="the database's address")
    parser.add_argument("--stimuli", type=Path, default=STIMULI, help="folder that `study_app.stimuli` has written")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument(
        "--address",
        default="localhost",
        help="what to listen on; 0.0.0.0 lets other machines of the network in, over plain http",
    )
    parser.add_argument(
        "--begins-per-address",
        type=int,
        default=BEGINS,
        metavar="N",
        help=f"how many volunteers may begin at one address within {BEGINS_SECONDS // 60} minutes (default {BEGINS})",
    )
    parser.add_argument("--preview", action="store_true", help="try the study; nothing is kept")
    arguments = parser.parse_args()
    begins = arguments.begins_per_address
    if begins < 1:
        raise UserError(f"--begins-per-address is {begins}, but must be at least 1.")
    check_port(arguments.address, arguments.port)
    where = (arguments.address, arguments.port, begins)
    if not arguments.preview:
        serve(arguments.study, arguments.db, arguments.stimuli, *where)
        return
    os.environ[SIMULATED] = "1"
    with tempfile.TemporaryDirectory(prefix="huebench-preview-") as folder:
        print("preview: what is answered here is gone when the server stops")
        serve(arguments.study, f"sqlite:///{folder}/preview.sqlite3", arguments.stimuli, *where)


def serve(
    study_file: Path, database_url: str, stimuli_root: Path, address: str, port: int, begins: int = BEGINS
) -> None:
    """Open the study on its database and serve it. `begins`: how many may begin at one address within five minutes."""
    database = Database(database_url)
    database.migrate()
    study = recognised(database, load_study(study_file))
    stimuli = load_stimuli(study.digest, stimuli_root, study_file)
    private_folder(stimuli_root)  # an earlier version made it readable for everybody
    simulated = os.environ.get(SIMULATED) == "1"
    store = Store(database, study, stimuli, simulated)
    # Signs Streamlit's cookies; the same for all processes that serve this study, and never shown.
    os.environ.setdefault("STREAMLIT_SERVER_COOKIE_SECRET", derive(stimuli.secret, "cookies").hex())
    from streamlit import config  # Streamlit is slow to import: after what can go wrong
    from streamlit.web.bootstrap import load_config_options

    options = {**OPTIONS, "server.port": port, "server.address": address}
    load_config_options(options)  # before anything asks for one, or Streamlit would warn that options had changed
    from study_app.app import build_service, create_app
    from study_app.server.running import run

    access = read_access(secrets=_streamlit_secrets())
    app = create_app(build_service(store, access, Rates(begin=Rate(begins / BEGINS_SECONDS, begins))))
    _settle()
    print(links(link(address, port, is_encrypted := bool(config.get_option("server.sslCertFile"))), access, simulated))
    print(network_notice(address, is_encrypted), end="", flush=True)
    run(app, address, port)


def _settle() -> None:
    """Make pages quick. Streamlit needs pandas for its first component, so it is loaded now. Loaded objects stay, so
    the garbage collector skips them. A thread with SQLite's write lock waits for the interpreter after every call, by
    default 5 ms behind each running page: the interval is shortened."""
    import pandas  # noqa: F401

    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)


def link(address: str, port: int, is_encrypted: bool) -> str:
    """The address of the first page, for other machines if they can reach it."""
    host = own_address() if address in EVERYWHERE else address
    return f"{'https' if is_encrypted else 'http'}://{_in_url(host)}:{port}/"


def own_address() -> str:
    """By which address other machines of the network reach this one; without a network, this machine's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the address is one of those that nobody has
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def network_notice(address: str, is_encrypted: bool) -> str:
    """What whoever serves other machines without encryption should know; "" for others."""
    if is_encrypted or (network(address) == "" and address not in EVERYWHERE):
        return ""
    return (
        "plain http: whoever is in the same network can read what volunteers send, their links and withdrawal codes, "
        "and your password. Good in a lab's own network; for any other see docs/deploy.md.\n"
    )


def links(link: str, access: Access, simulated: bool) -> str:
    """The links that are printed at the start."""
    researcher = f"{link}?page=researcher" if access.configured else f"none; set {PASSWORD} to have one"
    lines = [f"volunteers: {link}", f"researcher: {researcher}"]
    if simulated:
        lines.append("STUDY_SIMULATED=1: everything that is answered here is marked as simulated")
    return "\n".join(lines)


def _streamlit_secrets() -> dict[str, object]:
    """What `.streamlit/secrets.toml` holds, or nothing."""
    from streamlit.runtime.secrets import secrets_singleton

    return dict(secrets_singleton.to_dict()) if secrets_singleton.load_if_toml_exists() else {}


def check_port(address: str, port: int) -> None:
    """Raise `UserError` if the port is taken: Streamlit would quietly take another one."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((place[0], port, *place[2:]))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
        wanted = f"{_in_url(address)}:{port}"
        raise UserError(f"{wanted} cannot be listened on ({reason}); try --port or another --address.") from None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    run_stage(main)
