"""What the page's image browser shows: small pictures of every method with their values, within a budget of bytes."""

import base64
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from reports.inputs.examples import evenly_spaced
from reports.inputs.scores import Dataset, read_pictures
from reports.plan.measures import SORTABLE
from reports.plan.order import OURS
from reports.tables.wording import number

MOST = 48  # photographs a dataset: who wants more opens the archives
BUDGET = 5_000_000  # letters of all pictures of a page
SIDE, QUALITY = 240, 80  # pixels of the longer side; of WebP


@dataclass(frozen=True)
class Shown:
    """One method's picture of one photograph. `values`: JSON for the script, `words`: the same for people."""

    method: str
    uri: str
    values: str
    words: str


@dataclass(frozen=True)
class Browser:
    """A dataset's photographs, each by every method. `left`, `right`: what stands beside each other at first."""

    name: str
    photographs: dict[str, list[Shown]]
    of: int
    left: str
    right: str

    @property
    def names(self) -> str:
        """JSON of the measures: name for people and decimals."""
        return json.dumps({key: [measure.label, measure.browser_digits] for key, measure in SORTABLE.items()})


def make_browser(dataset: Dataset, methods: Sequence[str], values: pd.DataFrame, budget: int) -> Browser:
    """As many photographs as the budget of letters holds, evenly spaced in the list of all."""
    ids = evenly_spaced(list(dataset.scores["id"]), MOST)
    pictures = {method: read_pictures(dataset.name, method, ids) for method in methods}
    described = _described(values)
    found = {
        id: [Shown(method, thumbnail(pictures[method][id]), *described[method, id]) for method in methods] for id in ids
    }
    letters = sum(len(shown.uri) for row in found.values() for shown in row)
    if letters > budget:
        kept = evenly_spaced(ids, max(1, int(len(ids) * budget / letters)))
        found = {id: found[id] for id in kept}
    left = OURS if OURS in methods else methods[0]
    return Browser(dataset.name, found, len(dataset.defects.ids), left, right=methods[-1])


def _described(values: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """By method and id: the values as JSON, null where there is none, and in words."""
    found = {}
    for (method, id), row in zip(values.index, values.to_numpy(dtype=float), strict=True):
        by_measure = list(zip(SORTABLE.values(), row, strict=True))
        plain = {measure.key: round(value, 4) if math.isfinite(value) else None for measure, value in by_measure}
        words = ", ".join(
            f"{measure.label} {number(value, measure.browser_digits or 0)}" for measure, value in by_measure
        )
        found[str(method), str(id)] = json.dumps(plain), words
    return found


def thumbnail(picture: np.ndarray) -> str:
    """A picture, (H, W, 3) uint8 sRGB, as a `data:` URI of a WebP with at most `SIDE` pixels a side."""
    image, content = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    image.save(content, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
