"""Method cards and the paper's sizes: what they say, what they leave open, and the arithmetic of units."""

from dataclasses import replace

import pytest

from pipeline.records.rows import MethodCard
from reports.inputs.scores import Dataset, Training
from reports.plan.published import PublishedSize, load_published
from reports.tables.cards import methods_document, shared_cards, size_and_time_document, width_of
from reports.tables.writers import csv_text, latex, markdown
from tests.reports.conftest import CARDS

SIZES = load_published().size_and_time.rows


def test_every_printed_size_and_time_is_what_the_paper_says() -> None:
    assert SIZES["zhang"].size == pytest.approx(32_230_393 * 4 / 1e6, abs=0.05)
    assert SIZES["zhang"].network_megabytes == pytest.approx(SIZES["zhang"].megabytes, abs=0.05)
    assert SIZES["larsson"].size == pytest.approx(588_203_256 / 2**20, abs=0.5)
    assert SIZES["larsson"].megabytes == pytest.approx(588.203256)
    assert SIZES["larsson"].network_megabytes == pytest.approx(588.164096)
    assert SIZES["iizuka"].megabytes == 694.7 and SIZES["semantics"].megabytes == 147.5
    assert SIZES["iizuka"].network_megabytes == pytest.approx(169, abs=0.5)
    times = {method: size.milliseconds for method, size in SIZES.items()}
    assert times == {"zhang": 22, "iizuka": 80, "larsson": 225, "semantics": 25}
    mebibytes = PublishedSize(100, "MiB", bytes=None, parameters=None, milliseconds=1, means="")
    assert mebibytes.megabytes == pytest.approx(104.8576) and mebibytes.network_megabytes is None


@pytest.mark.parametrize(("width", "megabytes"), [(1, 128.921572), (0.25, 129.012345)])
def test_our_size_is_that_of_the_parameters_at_full_width_and_else_of_the_file(
    dataset: Dataset, width: float, megabytes: float
) -> None:
    training = dataset.trainings["semantics"]
    training = replace(training, manifest=replace(training.manifest, recipe={"width": width}))
    dataset = replace(dataset, trainings={**dataset.trainings, "semantics": training})
    ours = size_and_time_document([dataset], load_published()).rows.set_index("method").loc["semantics"]
    assert ours[["parameters", "megabytes", "width"]].tolist() == pytest.approx([32_230_393, megabytes, width])


def test_published_weights_have_full_width_and_pictures_from_elsewhere_have_none(dataset: Dataset) -> None:
    assert width_of(replace(dataset, trainings={}), "semantics") == 1
    assert width_of(dataset, "gray") is None


def test_methods_of_the_paper_that_are_not_compared_here_keep_their_row(dataset: Dataset) -> None:
    document = size_and_time_document([dataset], load_published())
    row = document.shown.set_index("Method").loc["larsson"]
    columns = ["Printed, Mb", "is in", "MB", "Our parameters", "Our MB", "Our width"]
    assert list(row[columns]) == ["561", "MiB", "588.2", "-", "-", "-"]
    assert ",larsson,561.000000,MiB,588203256,588.203256,147041024,588.164096,,,,225.000000" in csv_text(document.rows)


def test_overview_shows_what_cards_state_and_its_csv_whole_digests(dataset: Dataset) -> None:
    document = methods_document([dataset])
    shown, lines = document.shown.set_index("Method"), csv_text(document.rows).splitlines()
    assert list(shown.loc["semantics"])[1:] == ["32,230,393", "129.0", "64 x 64, stretched", "scenes (synthetic)"]
    assert set(shown.loc["gray"][1:]) == {"-"} and lines[1] == "scenes (synthetic),scenes,gray,,,,,,,,"
    assert f",semantics,32230393,129.012345,trained here,{'0b' * 32}," in lines[3]
    # Words stand left and numbers right.
    assert "| --- | --- | ---: | ---: | --- | --- |" in markdown(document)
    assert r"\begin{tabular}{llrrll}" in latex(document)


def test_methods_of_one_card_share_it_and_its_note(dataset: Dataset) -> None:
    shared = shared_cards(dataset)
    assert [card.methods for card in shared if card.telling] == [("no_semantics",), ("semantics", "semantics_jbu")]
    assert shared[1].training is dataset.trainings["no_semantics"]
    alike = replace(dataset, cards=dict.fromkeys(CARDS, MethodCard(remarks=("Alike.",))))
    assert [card.methods for card in shared_cards(alike)][1:] == [("no_semantics",), ("semantics", "semantics_jbu")]
    document = methods_document([dataset])
    (note,) = (note for note in document.notes if "semantics_jbu" in note)
    assert note == (
        "scenes (synthetic): semantics, semantics_jbu: Weights: trained here (SHA-256 0b0b0b0b0b0b). Settings: "
        "rebalancing normalized, lambda_color 1.0. Differs from the published recipe: colder & <shorter>; "
        "on fewer photographs. An oracle."
    )
    assert "scenes (synthetic): Trained here: width 1.0, epochs 2." in document.notes


def test_the_notes_say_with_which_seeds_networks_were_trained(dataset: Dataset) -> None:
    def seeded(model: str, seed: int) -> Training:
        training = dataset.trainings[model]
        return replace(
            training, manifest=replace(training.manifest, recipe={"width": 0.5, "threads": None, "seed": seed})
        )

    trainings = {name: seeded(name.partition("@")[0], seed) for name, seed in (("semantics", 3), ("semantics@5", 5))}
    several = replace(dataset, trainings={**trainings, "no_semantics": seeded("no_semantics", 3)})
    note = "scenes (synthetic): Trained here: width 0.5. Seeds of semantics: 3, 5; no_semantics: 3."
    assert note in methods_document([several]).notes
