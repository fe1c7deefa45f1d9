"""The pages of the study, which Streamlit runs as functions; the code that runs in the browser is in `browser/`."""
