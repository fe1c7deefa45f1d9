"""Prepares the pictures that volunteers see: `python -m study_app.stimuli`."""

from pipeline.settings.errors import run_stage
from study_app.stimuli.prepare import main

if __name__ == "__main__":
    run_stage(main)
