"""What makes a comparison fair: what every method is, what it has learned from, and the paper's own figures on size."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from pipeline.records.rows import MethodCard
from pipeline.settings.params import REPEAT
from reports.inputs.scores import Dataset, Training
from reports.plan.measures import MEASURES
from reports.plan.published import FLOAT32, Published, PublishedSize
from reports.tables.documents import Table, sizes, titled
from reports.tables.wording import CONVENTIONS, integer, listed, number

PARAMETERS = MEASURES["parameters"].name
# How to read the columns of the paper's sizes.
SIZES = {
    "Printed, Mb": "as the paper has it",
    "is in": "the unit that the number fits, of 1,000,000 bytes (MB) or 1,048,576 (MiB)",
    "MB": "the same in decimal MB",
    "Network, MB": "its parameters alone, 4 bytes each",
    "Our MB": "at full width also 4 bytes a parameter, else the file of weights",
    "Our width": "what multiplies every hidden layer",
}
TIMES_APART = (
    "Our times belong to one machine and one run, so they stand in a file of their own, times.html beside the report."
)


@dataclass(frozen=True)
class Shared:
    """Methods of one card: a model's, for instance, that differ only in how its colours are upsampled.

    `training`: of their model, if it was trained here.
    """

    methods: tuple[str, ...]
    card: MethodCard
    training: Training | None

    @property
    def telling(self) -> bool:
        """Whether there is more to say than fits the overview."""
        return bool(self.card.weights or self.card.differences or self.card.remarks or self.training)


def shared_cards(dataset: Dataset) -> list[Shared]:
    """The dataset's cards, each once, in the order of their first methods."""
    holders: dict[tuple[MethodCard, str], list[str]] = {}
    for method, card in dataset.cards.items():
        holders.setdefault((card, dataset.models.get(method, "")), []).append(method)
    return [Shared(tuple(methods), card, dataset.trainings.get(model)) for (card, model), methods in holders.items()]


def methods_document(datasets: Sequence[Dataset]) -> Table:
    """The overview of all methods; what does not fit its columns stands in the notes."""
    rows = [_card_row(dataset, method) for dataset in datasets for method in dataset.cards]
    shown = [
        {
            "Dataset": row["dataset"],
            "Method": row["method"],
            PARAMETERS: integer(row["parameters"]),
            "MB": number(row["weights_megabytes"], 1),
            "Sees": row["resolution"] or "-",
            "Learned from": row["training_data"] or "-",
        }
        for row in rows
    ]
    caption = (
        f"The methods compared on {sizes(datasets)}. MB: {CONVENTIONS['MB']}. Sees: {CONVENTIONS['Sees']}. "
        "A dash: there is none, or it is not stated."
    )
    words = ("Dataset", "Method", "Sees", "Learned from")
    return Table("methods", _frame(rows), pd.DataFrame(shown), caption, titled(datasets, _card_notes), words)


def _card_row(dataset: Dataset, method: str) -> dict[str, Any]:
    """`dataset_name` is the block of params.yaml, by which other files know the dataset; lists are joined."""
    card = asdict(dataset.cards[method])
    lists = {name: " | ".join(card[name]) for name in ("differences", "remarks")}
    return {"dataset": dataset.title, "dataset_name": dataset.name, "method": method, **card, **lists}


def _card_notes(dataset: Dataset) -> list[str]:
    stated = [shared for shared in shared_cards(dataset) if shared.telling]
    return [
        *_recipe_notes(dataset),
        *(f"{', '.join(shared.methods)}: {' '.join(_sentences(shared))}" for shared in stated),
    ]


def _recipe_notes(dataset: Dataset) -> list[str]:
    """How networks were trained here, and with which seeds."""
    seeds: dict[str, dict[str, list[str]]] = {}
    for model, training in dataset.repeated.trainings.items():
        recipe = {
            name: value for name, value in training.manifest.recipe.items() if name != "seed" and value is not None
        }
        of_model = seeds.setdefault(listed(recipe), {}).setdefault(model.partition(REPEAT)[0], [])
        of_model.append(str(training.manifest.recipe.get("seed", "")))
    notes = []
    for words, models in seeds.items():
        alike: dict[str, list[str]] = {}
        for model, own in models.items():
            alike.setdefault(", ".join(own), []).append(model)
        named = "; ".join(f"{', '.join(names)}: {own}" for own, names in alike.items() if own)
        notes.append(f"Trained here: {words}.{f' Seeds of {named}.' * bool(named)}")
    return notes


def _sentences(shared: Shared) -> list[str]:
    card, training = shared.card, shared.training
    sentences = [f"Weights: {card.weights} (SHA-256 {card.weights_sha256[:12]})."] if card.weights else []
    if training and training.manifest.options:
        sentences.append(f"Settings: {listed(training.manifest.options)}.")
    if card.differences:
        sentences.append(f"Differs from the published recipe: {'; '.join(card.differences)}.")
    return [*sentences, *card.remarks]


def size_and_time_document(datasets: Sequence[Dataset], published: Published) -> Table:
    """The paper's sizes and times in the units they really have, beside our sizes.

    Our times are true of one machine alone, so they are no part of any result (`reports.times.times`).
    """
    paper = published.size_and_time
    rows = [_size_row(dataset, method, size) for dataset in datasets for method, size in paper.rows.items()]
    shown = [
        {
            "Dataset": row["dataset"],
            "Method": row["method"],
            "Printed, Mb": f"{row['published_size']:g}",
            "is in": row["published_unit"],
            "MB": number(row["published_megabytes"], 1),
            "Network, MB": number(row["published_network_megabytes"], 1),
            "Our parameters": integer(row["parameters"]),
            "Our MB": number(row["megabytes"], 1),
            "Our width": number(row["width"]),
            "Printed, ms": f"{row['published_milliseconds']:g}",
        }
        for row in rows
    ]
    caption = (
        f"Sizes and times in the text of the paper ({paper.where}; {paper.holds_for}), "
        f"beside ours on {sizes(datasets)}. "
        f"{' '.join(f'{name}: {text}.' for name, text in SIZES.items())} {TIMES_APART}"
    )
    means = tuple(f"{method}: {size.size:g} is {size.means}." for method, size in paper.rows.items())
    return Table("size_and_time", _frame(rows), pd.DataFrame(shown), caption, means, ("Dataset", "Method", "is in"))


def _size_row(dataset: Dataset, method: str, published: PublishedSize) -> dict[str, Any]:
    """One method of the paper beside ours of that name; nothing of ours where no method here has it."""
    card, width = dataset.cards.get(method, MethodCard()), width_of(dataset, method)
    return {
        "dataset": dataset.title,
        "method": method,
        "published_size": published.size,
        "published_unit": published.unit,
        "published_bytes": published.bytes,
        "published_megabytes": published.megabytes,
        "published_parameters": published.parameters,
        "published_network_megabytes": published.network_megabytes,
        "parameters": card.parameters,
        "megabytes": card.parameters * FLOAT32 / 1e6 if card.parameters and width == 1 else card.weights_megabytes,
        "width": width,
        "published_milliseconds": published.milliseconds,
    }


def width_of(dataset: Dataset, method: str) -> float | None:
    """What multiplies the layers of a method's network: 1 for published weights; None where there is no network."""
    model = dataset.models.get(method)
    if model is None:
        return None
    return float(dataset.trainings[model].manifest.recipe["width"]) if model in dataset.trainings else 1.0


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a table in which whole numbers stay whole though some are missing."""
    frame = pd.DataFrame(rows)
    whole = [name for name in ("parameters", "published_parameters", "published_bytes") if name in frame]
    return frame.astype(dict.fromkeys(whole, "Int64"))
