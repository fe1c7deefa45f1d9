"""Measures on trial: a small dataset of HECD's layout, and a small study, give the verdicts that were put into them."""

import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import kendalltau, spearmanr

from pipeline.records.rated import Pair
from pipeline.settings.errors import UserError
from reports import court
from reports.agreement.evidence import Evidence, measured, of_hecd, of_study
from reports.agreement.hecd import read_hecd
from reports.agreement.tables import LITTLE, NOTHING, TELLS, WRONG, agreement_table, try_measures, verdicts
from reports.statistics.agreement import Rated, agreement, correlations, reliability
from tests.reports.study.simulated_study import Truth, write_export

REAL = Path(court.__file__).parents[2] / "shared" / "data" / "hecd"
DONE = (
    ("B_1", "mean chroma shift by -2sd"),
    ("F_1", "changing segment hue by 2 from 190 to 192"),
    ("F_2", "changing segment hue by 64 from 190 to 254"),
    ("F_3", "changing segment hue by 128 from 190 to 62"),
    ("O_1", "Colourised by DeOldify"),
    ("X_1", "words that nobody knows"),
)


def layout(root, raters=10):
    """Three scenes of six recolourings whose red patch gets larger, and ratings that fall with it."""
    random = np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    details, ratings = [], []
    for scene in ("001", "002", "003"):
        base = random.integers(60, 190, (40, 48, 3)).astype(np.uint8)
        Image.fromarray(base).save(root / "images" / f"{scene}_gt.jpg", quality=95)
        for place, (kind, words) in enumerate(DONE):
            picture = base.copy()
            picture[: 5 * place + 2, :30] = (200, 20, 20)
            name = f"{scene}{kind}.jpg"
            Image.fromarray(picture).save(root / "images" / name, quality=95)
            details.append((scene, name, words, ""))
            scores = np.clip(5 - 0.7 * place + random.normal(0, 0.5, raters), 1, 5)
            ratings += [(rater, 0, place, name, round(float(score))) for rater, score in enumerate(scores)]
    write(root / "recolourings.csv", ("Reference Number", "File Name", "Global details", ""), details)
    write(root / "ratings.csv", ("rater", "survey", "pair", "file", "score"), ratings)
    return root


def write(path, heading, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])


@pytest.fixture(scope="module")
def hecd(tmp_path_factory):
    return layout(tmp_path_factory.mktemp("hecd") / "root")


@pytest.fixture(scope="module")
def evidence(hecd):
    return of_hecd(hecd)


def rated(generator, scenes=6, pictures=8, raters=60, noise=1.0):
    """Every rater rates every picture: its quality and noise."""
    quality = generator.normal(size=scenes * pictures)
    who, what = (grid.ravel() for grid in np.meshgrid(np.arange(raters), np.arange(len(quality))))
    values = quality[what] + generator.normal(0, noise, len(what))
    return quality, Rated(np.repeat(np.arange(scenes), pictures), what, who, values)


def of_columns(rated, **columns):
    return Evidence("made", rated, None, pd.DataFrame(columns), ())


def test_correlations_are_scipys():
    generator = np.random.default_rng(1)
    quality, ratings = rated(generator)
    measures = np.stack([quality + generator.normal(size=48), generator.integers(3, size=48)], axis=1)
    found, means = agreement(ratings, measures.astype(float), seed=0, resamples=2), ratings.means()
    for place, column in enumerate(measures.T):
        own = [column[rows] for rows in ratings.members], [means[rows] for rows in ratings.members]
        assert found.spearman[place, 0] == pytest.approx(spearmanr(column, means).statistic)
        assert found.spearman[place, 1] == pytest.approx(
            np.mean([spearmanr(x, y).statistic for x, y in zip(*own, strict=True)])
        )
        assert found.kendall[place, 0] == pytest.approx(kendalltau(column, means).statistic)


def test_a_scene_drawn_twice_counts_twice():
    _, ratings = rated(np.random.default_rng(2), scenes=2)
    column = np.random.default_rng(3).normal(size=(16, 1))
    twice = correlations(ratings.members, [0, 0, 1], column, ratings.means())
    each = [correlations(ratings.members, [scene], column, ratings.means())[0, 1] for scene in (0, 1)]
    assert twice[0, 1] == pytest.approx((2 * each[0] + each[1]) / 3)


def test_the_ceiling_is_the_agreement_with_another_crowd():
    ceilings, seen = [], []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        quality, ratings = rated(generator, scenes=10, raters=20, noise=4.0)
        another = quality + generator.normal(0, 4.0 / np.sqrt(20), len(quality))
        ceilings.append(reliability(ratings, 0, resamples=40)[0].mean)
        seen.append(spearmanr(another, ratings.means()).statistic)
    assert np.mean(ceilings) == pytest.approx(np.mean(seen), abs=0.06)


def test_verdicts_tell_good_blind_and_reversed_measures():
    generator = np.random.default_rng(4)
    quality, ratings = rated(generator, scenes=12)
    noise = generator.normal(size=(3, len(quality)))
    trial = try_measures(
        of_columns(
            ratings,
            psnr_rgb=quality + 0.3 * noise[0],
            ciede2000=quality + 0.3 * noise[1],  # of which less should be better
            colorfulness=noise[2],
            ssim_rgb=quality + 2.5 * noise[0],
        ),
        seed=0,
        resamples=300,
    )
    found = {measure.key: trial.verdict(place) for place, measure in enumerate(trial.measures)}
    assert found == {"psnr_rgb": TELLS, "ciede2000": WRONG, "colorfulness": NOTHING, "ssim_rgb": LITTLE}
    assert trial.measures[trial.order[0]].key == "psnr_rgb"


def test_intervals_hold_the_estimate_and_narrow_with_more_scenes():
    widths = []
    for scenes in (5, 40):
        generator = np.random.default_rng(5)
        quality, ratings = rated(generator, scenes=scenes)
        found = agreement(ratings, (quality + generator.normal(size=len(quality)))[:, None], 0, 200).interval(0, 0)
        assert found.low < found.mean < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 1.5


def test_hecd_is_read_and_measured(evidence):
    assert len(evidence.rated.scenes) == 18 and evidence.rated.raters.max() == 9
    assert set(evidence.kinds) == {
        "chroma, whole picture",
        "hue of a segment",
        "colorized by a method",
        "other",
    }
    assert np.corrcoef(evidence.scores["psnr_ab"], evidence.rated.means())[0, 1] > 0.7
    assert any("MS-SSIM" in note for note in evidence.notes)  # its window does not fit into 40 pixels


def test_the_command_writes_tables_figures_and_a_page(evidence, tmp_path, capsys):
    trial = try_measures(evidence, seed=0, resamples=50)
    court.write(trial, tmp_path)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"court_agreement.csv", "court_differences.md", "court_kinds.tex"} <= names
    assert {path.name for path in (tmp_path / "figures").glob("*.png")} == {
        "court_ranking.png",
        "court_scatter.png",
        "court_kinds.png",
    }
    page = (tmp_path / "index.html").read_text()
    assert all(sentence.partition(":")[0] in page for sentence in verdicts(trial))
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_the_same_seed_gives_the_same_table(evidence):
    one, other = (agreement_table(try_measures(evidence, seed=3, resamples=20)).rows for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda root: (root / "ratings.csv").unlink(), "ratings.csv is missing"),
        (lambda root: (root / "images").rename(root / "elsewhere"), "has no folder images"),
        (lambda root: (root / "images" / "002_gt.jpg").unlink(), "its original 002_gt.jpg is missing"),
        (lambda root: (root / "ratings.csv").write_text("rater,file\n1,a.jpg\n"), "no column 'score'"),
        (
            lambda root: (root / "ratings.csv").write_text("rater,file,score\n1,001F_1.jpg,4\n1,002F_1.jpg,good\n"),
            "line 3: the score 'good' is no number",
        ),
        (lambda root: (root / "ratings.csv").write_text(""), "is no CSV"),
        (lambda root: (root / "images" / "001F_2.jpg").write_bytes(b"no picture"), "001F_2.jpg"),
        (lambda root: Image.new("RGB", (50, 50)).save(root / "images" / "001F_2.jpg"), "50 x 50 pixels"),
    ],
)
def test_bad_input_ends_in_a_sentence(tmp_path, spoil, says):
    root = layout(tmp_path / "root", raters=3)
    spoil(root)
    with pytest.raises(UserError, match=says) as found:
        of_hecd(root)
    assert "\n" not in str(found.value)


RATES = {"zhang": 0.3, "siggraph17": 0.6, "semantics": 0.9}


def study(folder):
    """Three methods, of which people like one more than the next, and scores that say the same."""
    ratings = write_export(folder, Truth(RATES, raters=12, photographs=9, of_photograph=0.1, of_picture=0.1), 0)
    photographs = pd.read_csv(ratings)["photograph"].unique()
    scores = [
        {"method": method, "id": photograph, "answer": 0, "psnr_rgb": 20 + 10 * rate + place / 50}
        for place, photograph in enumerate(photographs)
        for method, rate in RATES.items()
    ]
    pd.DataFrame(scores).to_csv(folder / "per_image.csv", index=False)
    return ratings, folder / "per_image.csv"


def test_a_study_of_our_own_is_evidence(tmp_path, monkeypatch, capsys):
    ratings, scores = study(tmp_path / "s")
    monkeypatch.setattr(
        sys, "argv", ["court", "--ratings", str(ratings), "--scores", str(scores), "--to", str(tmp_path / "out")]
    )
    court.main()
    assert f"PSNR {TELLS}" in capsys.readouterr().out
    assert "The raters are programs" in (tmp_path / "out" / "index.html").read_text()
    assert not (tmp_path / "out" / "tables" / "court_kinds.csv").exists()


def test_a_study_of_other_pictures_ends_in_a_sentence(tmp_path):
    ratings, scores = study(tmp_path / "s")
    table = pd.read_csv(scores)
    table.assign(id="other " + table["id"]).to_csv(scores, index=False)
    with pytest.raises(UserError, match="names of photographs and methods"):
        of_study(ratings, scores)


def test_one_source_must_be_named():
    with pytest.raises(UserError, match="either --hecd"):
        court.evidence(None, None, None)


def test_real_hecd_is_read_and_its_best_measures_agree_with_people():
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not here: the court was NOT tried on real HECD")
    hecd = read_hecd(REAL)
    assert len(hecd.files) == 65 * len(set(hecd.scenes)) and "other" not in hecd.kinds
    rows = [place for place, scene in enumerate(hecd.scenes) if scene == hecd.scenes[0]]
    means = hecd.rated.means()[rows]
    found = measured([Pair(str(hecd.original(hecd.scenes[row])), str(hecd.folder / hecd.files[row])) for row in rows])
    assert spearmanr(found["ms_ssim_ab"], means).statistic > 0.3
    assert spearmanr(found["color_structure_error"], means).statistic < -0.3
