"""`--spread`: which comparisons of methods a protocol turns round, in the table, the files and the page."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from huebench import cli
from huebench.protocols.protocol import names
from huebench.scoring import command, run
from huebench.scoring.measures import Evaluator
from huebench.scoring.rows import Journal
from reports.tables.documents import Table
from tests.huebench import weights
from tests.huebench.folders import HEIGHT, noisy, photographs, save

PHOTOGRAPHS = {name: picture[:, ::-1].repeat(2, axis=1) for name, picture in photographs(9).items()}


def off(picture: np.ndarray, middle: float, sides: float, seed: int) -> np.ndarray:
    """Noise of one strength in the middle square and of another at the sides, which a centre crop cuts off."""
    side = (picture.shape[1] - HEIGHT) // 2
    out = noisy(picture, sides, seed)
    out[:, side:-side] = noisy(picture[:, side:-side].copy(), middle, seed)
    return out


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    top = tmp_path_factory.mktemp("spread")
    strengths = {"middle": (8, 40), "even": (20, 20), "worst": (60, 60)}
    made = [
        save(top / name, {id: off(picture, *pair, number) for number, (id, picture) in enumerate(PHOTOGRAPHS.items())})
        for name, pair in strengths.items()
    ]
    return [save(top / "originals", PHOTOGRAPHS), *made]


def tables(folders: list[Path], *protocols: str) -> tuple[run.Scored, dict[str, Table]]:
    first, *others = (Evaluator.load(True, False, {}, name) for name in protocols)
    task = run.prepare(folders[0], folders[1:], first, None, "leave-out", others)
    scored = run.work(task, Journal(None, ""))
    return scored, {table.name: table for table in command.tables_of(scored)}


def test_a_pair_that_a_centre_crop_turns_round_is_named_with_both_differences(folders: list[Path]) -> None:
    _, found = tables(folders, "huebench", "ct2", "ipol26")
    rows = found["flips"].rows.set_index(["measure", "method_a", "method_b"])
    flip = rows.loc["PSNR", "middle", "even"]
    assert flip["a_better"].startswith("PSNR, dB (ct2) +") and flip["sure"] == "yes"
    assert "PSNR, dB (huebench) -" in flip["b_better"] and "PSNR ab, dB (ipol26) -" in flip["b_better"]
    assert not {("PSNR", "middle", "worst"), ("PSNR", "even", "worst")} & set(rows.index)
    ranks = found["spread"].rows.query("variant == 'psnr_rgb'").pivot(index="protocol", columns="method", values="rank")
    assert ranks.loc["huebench"].to_dict() == {"middle": 2, "even": 1, "worst": 3}
    assert ranks.loc["ct2"].to_dict() == {"middle": 1, "even": 2, "worst": 3}


def test_values_of_the_spread_are_those_of_each_protocol_by_itself(folders: list[Path]) -> None:
    _, together = tables(folders, "huebench", "ct2", "ddcolor", "zhang16")
    spread = together["spread"].rows.set_index(["protocol", "variant", "method"])
    assert set(spread.reset_index()["protocol"]) == {"huebench", "ct2", "ddcolor", "zhang16"}
    for name in ("ct2", "ddcolor", "zhang16"):
        alone = tables(folders, name)[1]["scores"].rows
        for line in alone.to_dict("records"):
            same = spread.loc[name, line["measure"], line["method"]]
            assert [same[key] for key in ("value", "ci_low", "ci_high", "n")] == [
                line[key] for key in ("value", "ci_low", "ci_high", "n")
            ]


def test_without_a_flip_the_table_says_so_and_one_protocol_alone_has_neither_table(folders: list[Path]) -> None:
    scored, found = tables([folders[0], folders[1], folders[3]], "huebench", "ct2")
    assert found["flips"].rows.empty and "No ranking changes" in found["flips"].notes[0]
    assert "No ranking changes" in command.text_of(scored, list(found.values()))
    assert set(tables(folders[:2], "huebench")[1]) == {"scores"}


def test_the_command_puts_the_spread_at_the_end_of_the_page_and_into_the_files(
    tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights.lpips(tmp_path, "alexnet")
    words = ["--spread", "--weights", tmp_path, "--out", tmp_path / "out", "--protocol", "ipol26"]
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["huebench", "score", *map(str, folders), *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.count("Left out for want of weights") == 1 and "LPIPS (VGG-16)" in said
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.index("Pictures</h2>") < page.index(">Spread</h2>") < page.index(">Flips</h2>")
    assert "PSNR ab, dB (ipol26)" in (tmp_path / "out" / "flips.md").read_text()
    assert set(pd.read_csv(tmp_path / "out" / "spread.csv")["protocol"]) == set(names()) - {"coltran"}
    columns = pd.read_csv(tmp_path / "out" / "per_image.csv").columns
    assert {"psnr_ab", "lpips_alex", "huebench:lpips_alex", "ct2:ssim_rgb"} <= set(columns)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--spread", "--no-reference"], "neither masks nor grey photographs"),
        (["--weights", "nowhere"], "nowhere holds none of alexnet"),
        (["--protocol", "cct2"], "did you mean 'ct2'"),
        (["--protocol", "coltran"], "nothing is measured by coltran. FID of coltran is against other photographs"),
    ],
)
def test_mistakes_are_one_sentence(words: list[str], said: str, folders, monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["huebench", "score", *map(str, folders[:2]), *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    error = capsys.readouterr().err
    assert ended.value.code == 2 and said in error and error.count("\n") == 1
