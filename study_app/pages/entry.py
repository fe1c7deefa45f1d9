"""The script that Streamlit runs for every visitor and every change of page."""

from study_app.pages.router import show

if __name__ == "__main__":
    show()
