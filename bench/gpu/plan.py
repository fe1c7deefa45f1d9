"""Which networks are trained in which order, and for how many epochs, so that the time that is left is used."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WORTH = 0.2  # of all epochs; a training shortened to less would say nothing of the network
REHEARSED = ("semantics", "no_semantics")
SHORTEST_STEP = 0.02  # seconds: what it took an H200's processor to start one of iizuka's, whose GPU waited for it
MARGIN = 1.06  # times as long as computed: the last epochs must not run into the end


@dataclass(frozen=True)
class Scale:
    """How large and how long the networks train. `size` in pixels, `width` a factor of every hidden layer.

    The segmenter is narrower, so that it trains in seconds and its weights come home.
    """

    size: int
    width: float
    epochs: int
    segmenter_width: float
    segmenter_epochs: int
    batch_size: int
    photographs: int | None = None  # of each split where scenes are painted
    only: tuple[str, ...] = ()  # of all trainings; () all
    seeds: tuple[int, ...] = (0, 1, 2)  # of the two main networks


PAPER = Scale(size=224, width=1.0, epochs=40, segmenter_width=0.5, segmenter_epochs=20, batch_size=40)
TINY = Scale(
    size=32,
    width=0.125,
    epochs=1,
    segmenter_width=0.125,
    segmenter_epochs=1,
    batch_size=4,
    photographs=12,
    only=REHEARSED,
)


@dataclass(frozen=True)
class Training:
    """One network trained once. `model`: its block in params.yaml; `group`: trainings that only count together."""

    name: str
    model: str
    seed: int
    group: str


# Operations of a training photograph at 224 px and full width, in GFLOP (torch.utils.flop_counter).
GFLOP = {
    "small": 22.3,  # a quarter of full width's, as it has half of that here
    "semantics": 194.6,
    "no_semantics": 191.8,
    "zhang": 88.3,
    "iizuka": 51.5,
    "larsson": 136.6,
    "siggraph17": 333.4,
}


def trainings(scale: Scale) -> list[Training]:
    """The paper's two networks with each seed, its baselines, Zhang's later network; then one training again.

    One training a side decides nothing, so the seeds come before the baselines. The last shows the noise from run to
    run of the same seed.
    """
    seeds = [
        Training(model if seed == 0 else f"{model}_seed{seed}", model, seed, f"seed {seed}")
        for seed in scale.seeds
        for model in ("semantics", "no_semantics")
    ]
    others = [Training(model, model, 0, model) for model in ("zhang", "iizuka", "larsson", "siggraph17")]
    everything = [*seeds, *others, Training("semantics_again", "semantics", 0, "again")]
    return [training for training in everything if not scale.only or training.name in scale.only]


@dataclass(frozen=True)
class Pace:
    """What trainings have taken so far. `rates`: photographs a second of each network; `start`: seconds before that.

    `semantics` is the rate of that network, from which the others' are computed by their operations until measured.
    """

    photographs: int
    batch_size: int
    semantics: float
    start: float
    rates: Mapping[str, float]

    def rate(self, model: str) -> float:
        """Photographs a second; of a network that has not been trained yet, nine tenths of what operations say."""
        by_operations = 0.9 * self.semantics * GFLOP["semantics"] / GFLOP[model]
        return self.rates.get(model) or min(by_operations, max(self.semantics, self.batch_size / SHORTEST_STEP))

    def seconds(self, model: str, epochs: int) -> float:
        """From the start of the process to its end."""
        return self.start + MARGIN * epochs * self.photographs / self.rate(model)

    def epochs(self, models: Sequence[str], seconds: float) -> int:
        """How many whole epochs fit when each of `models` trains one after the other; 0 or less if none do."""
        each = sum(MARGIN * self.photographs / self.rate(model) for model in models)
        return math.floor((seconds - self.start * len(models)) / each)


@dataclass(frozen=True)
class Choice:
    """The next training and its epochs; those passed over before it stand in `left_out`, each with the reason."""

    training: Training | None
    epochs: int
    left_out: dict[str, str]


def choose(
    waiting: Sequence[Training], begun: Mapping[str, int], pace: Pace, epochs: int, seconds: float, after: float
) -> Choice:
    """The first of `waiting` that fits into `seconds`, of which `after` are needed for its evaluation.

    Trainings of a group are compared with one another, so they share what is left: those that come after the first
    of a group (`begun`: group -> epochs) get no more epochs than it had.
    """
    left_out: dict[str, str] = {}
    for training in waiting:
        together = [other.model for other in waiting if other.group == training.group]
        fits = min(begun.get(training.group, epochs), pace.epochs(together, seconds - after))
        if fits >= math.ceil(WORTH * epochs):
            return Choice(training, fits, left_out)
        beside = f" of each of {len(together)}" if len(together) > 1 else ""
        time = f"{max(0.0, seconds - after):.0f} s"
        left_out[training.name] = f"{max(0, fits)} of {epochs} epochs{beside} would fit into {time}"
    return Choice(None, 0, left_out)
