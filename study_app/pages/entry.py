"""The script that Streamlit runs for every visitor and every change of page."""

from study_app.pages.router import show
from study_app.server.traffic import FEW_RUNS

if __name__ == "__main__":
    with FEW_RUNS:
        show()
