"""The ledger: every claim on every dataset, from the report's own tables, with nothing mixed."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.records.rows import MethodCard
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import DatasetParams, PackParams, Params, TrainParams
from reports.build import build
from reports.claims.evidence import NO_RATINGS, SIMULATED, outcome
from reports.claims.ledger import check_in_words, ledger, ledger_document, ledger_json, scope
from reports.claims.verdicts import Outcome
from reports.inputs.scores import Dataset
from reports.plan.claims import Check, Claim, load_claims
from reports.tables.documents import Table
from tests.reports.conftest import ORIGIN, fabricate

PAIR = {"method_a": "semantics_jbu", "method_b": "semantics"}
JBU = Check("paired", "psnr_rgb", "semantics_jbu", "semantics", "within", 0.5)
PEOPLE = Check("people", "edge_keeping", "semantics_jbu", "semantics", "above", 0, "photographs")


def tables(**rows: Sequence[dict[str, object]]) -> dict[str, Table]:
    return {name: Table(name, pd.DataFrame(list(few)), pd.DataFrame(), "", ()) for name, few in rows.items()}


def paired(dataset: str, mean: float, low: float, high: float) -> dict[str, object]:
    ends = {"mean_difference": mean, "ci_low": low, "ci_high": high, "n": 90}
    return {"dataset": dataset, "metric": "psnr_rgb", **PAIR, **ends}


def people(dataset: str, simulated: bool) -> dict[str, object]:
    ends = {"difference": 9.0, "ci_low": 5.0, "ci_high": 13.0, "n_raters": 20, "n_images": 60, "simulated": simulated}
    return {"dataset": dataset, "criterion": "edge_keeping", **PAIR, **ends}


def test_the_house_of_claims_names_what_exists() -> None:
    claims = load_claims()
    promised = "confusion jbu_edges jbu_psnr segments_above_grey segments_below_original natural saturability"
    assert {*promised.split(), "semantic_correctness", "edge_keeping", "saturation", "size", "time"} <= set(claims)
    assert all(check_in_words(check) for claim in claims.values() for check in claim.tests)  # every measure has a name


THIN = "{{evidence: {}, measure: m, a: a, b: b, expects: within, threshold: {}}}"


@pytest.mark.parametrize(
    ("tests", "error"),
    [("", "has no test"), (THIN.format("paired", 0), "wants"), (THIN.format("size", 1.0), "wants")],
)
def test_a_claim_that_nothing_could_contradict_or_support_is_refused(tmp_path: Path, tests: str, error: str) -> None:
    file = tmp_path / "claims.yaml"
    vain = f"{{claim: It is good., where: everywhere, tests: [{tests}]}}"
    file.write_text(f"{{matters: {{}}, claims: {{vain: {vain}}}}}")
    with pytest.raises(UserError, match=f"vain {error}"):
        load_claims(file)


def claims_file(folder: Path, matters: str, own: str = "") -> Path:
    """A file with one claim of a difference."""
    file = folder / "claims.yaml"
    test = f"{{evidence: paired, measure: miou, a: a, b: b, expects: above, threshold: 0{own}}}"
    file.write_text(f"{{matters: {matters}, claims: {{more: {{claim: More., where: there, tests: [{test}]}}}}}}")
    return file


def test_a_claim_without_what_matters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="more needs the smallest difference of miou under `matters`"):
        load_claims(claims_file(tmp_path, "{psnr_rgb: 1}"))
    with pytest.raises(UserError, match="smallest difference of miou that matters is 0"):
        load_claims(claims_file(tmp_path, "{miou: 0}"))


def test_what_matters_is_the_measures_unless_a_test_has_its_own(tmp_path: Path) -> None:
    (shared,) = load_claims(claims_file(tmp_path, "{miou: 0.5}"))["more"].tests
    (own,) = load_claims(claims_file(tmp_path, "{miou: 0.5}", ", matters: 2"))["more"].tests
    assert (shared.matters, own.matters) == (0.5, 2) and check_in_words(own).endswith("above 2")


def test_every_claim_of_a_difference_in_the_house_has_what_matters() -> None:
    checks = [check for claim in load_claims().values() for check in claim.tests]
    assert all(check.matters > 0 for check in checks if not check.ratio and check.expects != "within")


def test_a_verdict_knows_the_rows_of_its_own_dataset_alone(dataset: Dataset) -> None:
    here, other = paired(dataset.title, 0.1, 0.05, 0.15), paired("VOC2012", 3.0, 2.0, 4.0)
    found = outcome(JBU, dataset, "", tables(paired=[other, here]), 0)
    assert found.verdict == "supported" and found.measured and found.measured.estimate == 0.1
    assert outcome(JBU, dataset, "", tables(paired=[other]), 0).verdict == "not tested"


def test_a_verdict_knows_one_segmenter_alone(dataset: Dataset) -> None:
    check = Check("miou", "miou", "semantics_jbu", "semantics", "above", 0)
    wanted = {"small": (2.0, "supported"), "deeplab": (-2.0, "contradicted")}
    rows = [
        {"dataset": dataset.title, "segmenter": name, **PAIR, "n": 90}
        | dict.fromkeys(("difference", "ci_low", "ci_high"), value)
        for name, (value, _) in wanted.items()
    ]
    for name, (_, verdict) in wanted.items():
        assert outcome(check, dataset, name, tables(miou_differences=rows), 0).verdict == verdict


def test_one_training_each_gives_no_verdict_on_the_method(dataset: Dataset) -> None:
    row = paired(dataset.title, 0.1, 0.05, 0.15) | {"trainings": 1, "trainings_half": 0.0}
    found = outcome(JBU, dataset, "", tables(paired=[row]), 0)
    assert (found.verdict, found.reason) == ("undecided", "one training each: no verdict on the method")
    several = outcome(JBU, dataset, "", tables(paired=[row | {"trainings": 3, "trainings_half": 0.04}]), 0)
    assert several.verdict == "supported" and several.measured
    assert (several.measured.trainings, several.measured.trainings_half) == (3, 0.04)


@pytest.mark.parametrize("other", ["gray", "original"])
def test_one_training_beside_a_method_that_is_not_trained_is_not_one_each(dataset: Dataset, other: str) -> None:
    check = Check("miou", "miou", "semantics_jbu", other, "above", 0)
    row = {"dataset": dataset.title, "segmenter": "small", "method_a": "semantics_jbu", "method_b": other, "n": 90}
    row |= {"difference": 2.0, "ci_low": 1.0, "ci_high": 3.0, "trainings": 1, "trainings_half": 0.0}
    found = outcome(check, dataset, "small", tables(miou_differences=[row]), 0)
    assert (found.verdict, found.reason) == ("undecided", "one training: no verdict on the method")


def test_published_weights_are_compared_as_they_are(dataset: Dataset) -> None:
    published = replace(dataset, trainings={"no_semantics": dataset.trainings["no_semantics"]})
    found = outcome(JBU, published, "", tables(paired=[paired(dataset.title, 0.1, 0.05, 0.15)]), 0)
    assert (found.verdict, found.reason) == ("supported", "these weights of semantics_jbu and semantics")
    undecided = outcome(JBU, published, "", tables(paired=[paired(dataset.title, 0.1, -0.6, 0.8)]), 0)
    assert undecided.verdict == "undecided" and "would decide" in undecided.reason


def test_people_who_saw_one_training_of_each_give_no_verdict(dataset: Dataset) -> None:
    photographs = replace(dataset, title="VOC2012", val=replace(dataset.val, synthetic=False))
    row = people("VOC2012", False) | {"method_b": "no_semantics"}
    found = outcome(replace(PEOPLE, b="no_semantics"), photographs, "", tables(naturalness_contrasts=[row]), 0)
    assert (found.verdict, found.reason) == ("undecided", "one training each: no verdict on the method")


def test_people_are_asked_about_photographs_and_simulated_ones_say_nothing(dataset: Dataset) -> None:
    photographs = replace(dataset, title="VOC2012", val=replace(dataset.val, synthetic=False))

    def found(*kinds: bool) -> Outcome:
        rows = [people("VOC2012", simulated) for simulated in kinds]
        return outcome(PEOPLE, photographs, "", tables(naturalness_contrasts=rows) if rows else {}, 0)

    real = found(False)
    assert real.verdict == "supported" and real.measured and (real.measured.raters, real.measured.n) == (20, 60)
    assert (found(True).reason, found().reason, found(False, True).verdict) == (SIMULATED, NO_RATINGS, "not tested")
    painted = tables(naturalness_contrasts=[people(dataset.title, False)])
    assert outcome(PEOPLE, dataset, "", painted, 0).reason == "painted scenes are no photographs"


@pytest.mark.parametrize(
    ("low", "alpha", "verdict", "reason"),
    [
        (3.0, 0.05, "supported", ""),
        (-1.0, 0.05, "undecided", "would decide"),  # the usual interval, from 5 points on, would have supported it
        (3.0, 0.2, "not tested", "alpha 0.2"),
        (math.nan, 0.05, "not tested", "first look"),
    ],
)
def test_a_study_that_stopped_once_it_was_decided_is_judged_by_its_own_interval(
    dataset: Dataset, low: float, alpha: float, verdict: str, reason: str
) -> None:
    photographs = replace(dataset, title="VOC2012", val=replace(dataset.val, synthetic=False))
    rule = {"stopping_low": low, "stopping_high": 15.0, "stopping_alpha": alpha}
    found = outcome(PEOPLE, photographs, "", tables(naturalness_contrasts=[people("VOC2012", False) | rule]), 0)
    assert found.verdict == verdict and reason in found.reason


def test_sizes_count_at_full_width_alone(dataset: Dataset) -> None:
    check = Check("size", "parameters", "semantics", "no_semantics", "within", 1.25, "full_width")
    assert outcome(check, dataset, "", {}, 0).verdict == "supported"
    large = {**dataset.cards, "semantics": MethodCard(parameters=50_000_000)}
    assert outcome(check, replace(dataset, cards=large), "", {}, 0).verdict == "contradicted"
    manifest = dataset.trainings["semantics"].manifest
    narrow = replace(dataset.trainings["semantics"], manifest=replace(manifest, recipe={"width": 0.25}))
    thin = replace(dataset, trainings={**dataset.trainings, "semantics": narrow})
    assert "not of full width" in outcome(check, thin, "", {}, 0).reason


def test_colorfulness_is_compared_photograph_by_photograph_and_a_missing_method_is_named(dataset: Dataset) -> None:
    check = Check("colorfulness", "colorfulness", "semantics_jbu", "semantics", "above", 0)
    found = outcome(check, dataset, "", {}, 0)  # fabricated: one more for every next method
    assert found.reason == "12 photographs are too few, 50 are needed"
    assert found.measured and math.isclose(found.measured.estimate, 1.0) and found.measured.trainings == 0
    missing = Check("paired", "psnr_rgb", "semantics_jbu", "zhang", "above", 0)
    assert outcome(missing, dataset, "", {}, 0).reason == "needs the method zhang"


@pytest.mark.parametrize(
    ("kind", "part_of", "block", "expected"),
    [
        ("scenes", "", (224, 1.0, 40), "neither confirm nor refute"),
        ("voc", "VOC2012", (96, 0.25, 12), "a part of the paper's photographs, on a smaller scale"),
        ("voc", "VOC2012", (224, 1.0, 40), "a part of the paper's photographs: a hint"),
        ("voc", "", (96, 0.25, 20), "on a smaller scale"),
        ("voc", "", (224, 1.0, 40), "the paper's photographs at its scale"),
        ("coco_stuff", "", (224, 1.0, 20), "the paper's photographs at its scale"),
        ("folder", "", (224, 1.0, 40), "photographs that the paper does not use"),
    ],
)
def test_a_dataset_never_passes_for_more_than_it_is(
    dataset: Dataset, params: Params, kind: str, part_of: str, block: tuple[int, float, int], expected: str
) -> None:
    size, width, epochs = block
    val = replace(dataset.val, kind=kind, synthetic=kind == "scenes", part_of=part_of)
    data = DatasetParams(
        {"kind": kind}, PackParams(size, "stop"), TrainParams(width, epochs, 40, 1e-3, "float32", "pytorch", 1)
    )
    assert expected in scope(replace(dataset, val=val), replace(params, data={"scenes": data}))


def test_two_datasets_have_a_ledger_each(results: Path, params: Params) -> None:
    fabricate("voc2012", "VOC2012")
    build(replace(params, datasets=("scenes", "voc2012")), ORIGIN)
    entries = json.loads((paths.BUILD / "claims.json").read_text())
    ids = [entry["id"] for entry in entries if entry["data"] == "VOC2012"]
    assert ids == [entry["id"] for entry in entries if entry["data"] == "scenes (synthetic)"] == list(load_claims())
    assert {"id", "claim", "where", "data", "estimate", "ci_low", "ci_high", "verdict"} <= set(entries[0])
    assert all(isinstance(entry["estimate"], float) for entry in entries if entry["verdict"] != "not tested")
    assert all(entry["reason"] for entry in entries if entry["verdict"] in ("not tested", "undecided"))


def test_every_test_of_a_claim_is_in_the_ledger(dataset: Dataset, params: Params) -> None:
    claim = Claim("JBU does little.", "Table 1", (JBU, replace(JBU, b="zhang")))
    entries = ledger({"little": claim}, [dataset], tables(paired=[paired(dataset.title, 0.1, 0.05, 0.15)]), params)
    (entry,) = ledger_json(entries)
    assert [test["verdict"] for test in entry["tests"]] == ["supported", "not tested"]
    assert entry["verdict"] == "not tested" and entry["estimate"] is None and entry["tests"][0]["estimate"] == 0.1
    table = ledger_document(entries, [dataset], 0)
    assert table.shown["Verdict"].tolist() == ["not tested: needs the method zhang"]
    assert "synthetic" in table.caption and any("neither confirm nor refute" in note for note in table.notes)


def test_nothing_is_concluded_about_a_network_that_has_not_learned(repeated: Params) -> None:
    file = paths.trained("scenes", "semantics@1") / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "val_color_loss": 2.5}))
    build(repeated, ORIGIN)
    entries = {entry["id"]: entry for entry in json.loads((paths.BUILD / "claims.json").read_text())}
    reason = "1 of 3 trainings of semantics have not learned (loss 2.5, of one colour everywhere 2)"
    assert (entries["confusion"]["verdict"], entries["confusion"]["reason"]) == ("undecided", reason)
    assert all(reason not in entry["reason"] for entry in entries.values() if entry["id"] in ("zhang_psnr", "size"))
