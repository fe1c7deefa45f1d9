"""Takes the study with simulated raters: `python -m study_app.simulation`."""

from pipeline.settings.errors import run_stage
from study_app.simulation.simulate import main

if __name__ == "__main__":
    run_stage(main)
