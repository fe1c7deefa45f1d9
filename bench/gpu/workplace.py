"""The folders that a session works in: one with the data, and one for each training with a params.yaml of its own."""

from pathlib import Path
from typing import Any

import yaml

from bench.gpu.evaluate import SEGMENTER
from bench.gpu.plan import Scale, Training
from pipeline.settings.files import write_whole
from pipeline.settings.paths import RESULTS
from pipeline.settings.provenance import ROOT

DATASET = "voc2012_part"
REFERENCES = ("gray", "mean_ab", "class_mean", "original")
SHARED = (RESULTS / "data", RESULTS / "segmenters")  # made once, read by all


class Workplace:
    """Everything below `work`: with photographs a VOCdevkit-style folder `voc`, else scenes are painted."""

    def __init__(self, work: Path, photographs: bool, scale: Scale) -> None:
        self.work, self.scale, self.voc = work.resolve(), scale, work.resolve() / "voc"
        self.dataset = DATASET if photographs else "scenes"

    def folder(self, name: str) -> Path:
        """Where the stages of one training run; its data and segmenters lead to those of all."""
        folder = self.work / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        for shared in SHARED:
            (self.work / shared).mkdir(parents=True, exist_ok=True)
            link = folder / shared
            link.parent.mkdir(exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(self.work / shared)
        return folder

    def write_params(
        self, folder: Path, training: Training | None = None, epochs: int | None = None, precision: str = "auto"
    ) -> None:
        """The repository's params.yaml for this dataset and this one network, its methods with and without JBU."""
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        width = self.scale.width if training is None or training.model != SEGMENTER else self.scale.segmenter_width
        params["datasets"], params["data"] = [self.dataset], {self.dataset: self._block(width, epochs, precision)}
        params["sizes"], params["published"], params["seeds"] = [], {}, [0]
        params["methods"] = {name: params["methods"][name] for name in REFERENCES}
        if training is not None and training.model != SEGMENTER:
            params["models"][training.name] = {**params["models"][training.model], "seeds": [training.seed]}
            for method, upsampling in methods_of(training).items():
                params["methods"][method] = {
                    "class": "pipeline.methods.colorizer:Colorizer",
                    "model": training.name,
                    "upsampling": upsampling,
                }
        write_whole(folder / "params.yaml", yaml.safe_dump(params, sort_keys=False))

    def _block(self, width: float, epochs: int | None, precision: str) -> dict[str, Any]:
        scale = self.scale
        size = {"height": 48, "width": 64, "train": scale.photographs, "val": scale.photographs}
        scenes = {"kind": "scenes", "seed": 0, **size}
        return {
            "source": {"kind": "voc", "root": str(self.voc)} if self.dataset == DATASET else scenes,
            "pack": {"size": scale.size, "on_bad_image": "stop"},
            "train": {
                "width": width,
                "epochs": epochs or scale.epochs,
                "batch_size": scale.batch_size,
                "learning_rate": 0.0005,
                "precision": precision,
                "first_weights": "pytorch",
                "threads": None,
            },
        }


def methods_of(training: Training) -> dict[str, str]:
    """The methods that colorize with a network, and how each raises its chroma to the photograph's size."""
    return {training.name: "bilinear", f"{training.name}_jbu": "jbu"}
