"""Writes the answers of a study: `python -m study_app.export`."""

from pipeline.settings.errors import run_stage
from study_app.export.tables import main

if __name__ == "__main__":
    run_stage(main)
