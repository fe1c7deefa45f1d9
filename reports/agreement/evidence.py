"""People's ratings of pictures beside what is measured of the same pictures: the evidence about measures."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.records.rated import Pair, RatedScores
from pipeline.records.rows import read_rows, write_rows
from pipeline.settings.errors import UserError
from reports.agreement.hecd import read_hecd
from reports.plan.measures import MEASURES, Measure
from reports.plan.order import ORIGINAL
from reports.statistics.agreement import Rated
from reports.study.export import answer_to, read_ratings

FEWEST = 3  # pictures of a photograph, of which a rank correlation says anything
REMARK = "error: "  # how the measuring begins its last line


@dataclass(frozen=True)
class Evidence:
    """Rated pictures with their measures. `title`: where they are from, for people.

    `kinds` (P,): what was done to each picture, None where methods made them. `scores`: a row for each picture, a
    column for each measure by its key. `notes`: what was left out. `simulated`: raters are programs.
    """

    title: str
    rated: Rated
    kinds: tuple[str, ...] | None
    scores: pd.DataFrame
    notes: tuple[str, ...]
    simulated: bool = False

    @property
    def measures(self) -> list[Measure]:
        """Those that were measured, in the registry's order."""
        return [measure for key, measure in MEASURES.items() if key in self.scores]


def of_hecd(root: Path) -> Evidence:
    """HECD, with its pictures measured now."""
    hecd = read_hecd(root)
    pairs = [
        Pair(str(hecd.original(scene)), str(hecd.folder / name))
        for scene, name in zip(hecd.scenes, hecd.files, strict=True)
    ]
    scores, notes = complete(measured(pairs))
    return Evidence(f"HECD, {len(set(hecd.scenes))} scenes", hecd.rated, hecd.kinds, scores, notes)


def measured(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Every measure of every pair, by a program of its own: it needs PyTorch, which reports do without."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder, "pairs.csv"), Path(folder, "scores.csv")
        write_rows(given, Pair, pairs)
        command = [sys.executable, "-m", "pipeline.score_rated", str(given), str(found)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it was ended"])[-1]
            raise UserError(last.removeprefix(REMARK) if last.startswith(REMARK) else f"measuring failed: {last}")
        return pd.DataFrame(read_rows(found, RatedScores))


def of_study(ratings: Path, scores: Path) -> Evidence:
    """An export of the human study, and `per_image.csv` of `huebench score` about the same pictures.

    A picture's rating is the mean of all criteria. Flagged raters, originals, and photographs with fewer than `FEWEST`
    rated and measured pictures are left out.
    """
    study = read_ratings(ratings)
    if study is None:
        raise UserError(f"{ratings}: nobody has rated a method yet.")
    votes = study.votes(without=study.flagged)
    votes = votes[votes["method"] != ORIGINAL].assign(value=votes[answer_to(study.overall)])
    values = per_image(scores)
    votes = votes[[key in values.index for key in zip(votes["photograph"], votes["method"], strict=True)]]
    pictures = votes[["photograph", "method"]].drop_duplicates()
    enough = pictures.groupby("photograph")["method"].transform("size") >= FEWEST
    pictures = pictures[enough].sort_values(["photograph", "method"])
    if pictures["photograph"].nunique() < 2:
        raise UserError(
            f"{ratings} and {scores} have fewer than two photographs with {FEWEST} pictures that are both rated and "
            "measured; are the names of photographs and methods the same?"
        )
    keys = pd.MultiIndex.from_frame(pictures)
    chosen = votes[pd.MultiIndex.from_frame(votes[["photograph", "method"]]).isin(keys)]
    rated = Rated(
        pd.factorize(pictures["photograph"])[0].astype(np.int64),
        keys.get_indexer(pd.MultiIndex.from_frame(chosen[["photograph", "method"]])).astype(np.int64),
        pd.factorize(chosen["participant"], sort=True)[0].astype(np.int64),
        chosen["value"].to_numpy(np.float64),
    )
    found, notes = complete(values.loc[keys].reset_index(drop=True))
    return Evidence(f"study {study.name}", rated, None, found, notes, study.simulated)


def per_image(path: Path) -> pd.DataFrame:
    """The registry's measures by photograph and method: the mean over a photograph's answers."""
    try:
        table = pd.read_csv(path, dtype={"method": str, "id": str})
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `huebench score ... --out FOLDER` writes FOLDER/per_image.csv.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no CSV ({error}).") from error
    keys = [name for name in MEASURES if name in table]
    if not keys or not {"method", "id"} <= set(table):
        raise UserError(f"{path} has no columns method and id with measures; `huebench score --out` writes them.")
    try:
        table[keys] = table[keys].astype(float)
    except ValueError as error:
        raise UserError(f"{path}: {error}.") from None
    return table.groupby(["id", "method"])[keys].mean()


def complete(scores: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The measures of the registry that every picture has a value of, and a note for each that is left out."""
    known = scores[[key for key in MEASURES if key in scores]]
    lacking = known.isna().sum()
    notes = tuple(
        f"{MEASURES[str(key)].name} is left out: {count:,} of {len(known):,} pictures have no value."
        for key, count in lacking[lacking > 0].items()
    )
    return known.loc[:, (lacking == 0).to_numpy()], notes
