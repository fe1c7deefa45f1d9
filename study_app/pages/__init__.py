"""The pages of the study. Each is a function that Streamlit runs; what a browser does in between is in `browser/`."""
