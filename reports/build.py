"""The last stage: tables, figures, metrics and the page, from what the other stages left.

    python -m reports.build

Reads, for each dataset under `datasets` in params.yaml: data/<dataset>/{train,val}/summary.json,
scores/<dataset>/*.{csv,json}, segmented/<dataset>/*/*.{csv,json}, defects/<dataset>/*.{csv,npy}, sizes/<dataset>/*/*,
models/<dataset>/*/{manifest.json,history.csv} and colorized/<dataset>/*.{zip,json}; and, where people have rated,
ratings/<study>/*.{csv,json}.
Writes results/report/: tables/ (CSV, Markdown, LaTeX), figures/ (PNG, PDF), paper/ (for LaTeX), claims.json,
metrics.json and, last, index.html.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from pipeline.records.rows import write_json
from pipeline.settings.errors import run_stage
from pipeline.settings.files import whole_folder, write_whole
from pipeline.settings.params import Params, load_params
from pipeline.settings.paths import BUILD
from reports.claims.ledger import ledger, ledger_document, ledger_json
from reports.figures.bars import figure3_plot
from reports.figures.defect_plots import boundary_plot, confusion_plot
from reports.figures.drawing import examples_strip, save, table1_plot, training_curves
from reports.figures.forest import paired_plot
from reports.figures.gallery import figure6, figure7
from reports.figures.showcases import figure1, figure4
from reports.figures.theme import method_looks, model_looks
from reports.inputs.examples import read_examples
from reports.inputs.per_image import values_by_photograph
from reports.inputs.scores import Dataset, read_datasets
from reports.page.browser import BUDGET, make_browser
from reports.page.html import DatasetPage, render
from reports.page.paper import write_paper
from reports.plan.claims import load_claims
from reports.plan.order import in_order
from reports.plan.published import Published, load_published
from reports.study import results
from reports.study.rater_tables import documents
from reports.tables.cards import methods_document, size_and_time_document
from reports.tables.defects import confusion_differences_document, confusion_rows, defects_document, examine
from reports.tables.differences import paired_document
from reports.tables.documents import Table, scores_document, table1_document
from reports.tables.input_sizes import Looks, input_sizes_document, read_looks
from reports.tables.metrics import metrics_document
from reports.tables.seeds import repeats, seeds_document
from reports.tables.segmentation import (
    Judged,
    class_iou_document,
    figure3_document,
    judge,
    miou_differences_document,
    segmenter_note,
)
from reports.tables.writers import csv_text, write_table


def main() -> None:
    """Build the report that params.yaml asks for."""
    from pipeline.settings import provenance  # asks git, which nothing else here needs

    build(load_params(), provenance.describe())
    print(f"report: {BUILD / 'index.html'}")


def build(params: Params, origin: Mapping[str, str], folder: Path = BUILD) -> None:
    """Build the whole report in `folder`; `origin` says which code, versions and hardware made it."""
    methods, published = in_order(params.methods), load_published()
    groups = repeats(replace(params, methods={method: params.methods[method] for method in methods}))
    copies = {copy for group in groups.values() for copy in group.values()} - set(groups)
    methods = [method for method in methods if method not in copies]
    params = replace(params, methods={method: params.methods[method] for method in methods})
    datasets = read_datasets(params)
    judged = judge(datasets, params.seed)
    confused = [examine(dataset, params.seed) for dataset in datasets]
    tables = {
        "table1": table1_document(datasets, methods, published, params.seed),
        "paired": paired_document(datasets, params.seed),
        "defects": defects_document(datasets, confused, params.seed),
        "confusion_differences": confusion_differences_document(datasets, confused, params.seed),
        "scores": scores_document(datasets, methods, params.seed),
        "metrics": metrics_document(datasets, methods, params.seed),
        "methods": methods_document(datasets),
        "size_and_time": size_and_time_document(datasets, published),
    }
    if judged:
        tables["figure3"] = figure3_document(judged, published.figure3, params.seed)
        tables["class_iou"] = class_iou_document(judged, params.seed)
        tables["miou_differences"] = miou_differences_document(judged, params.seed)
    looks = read_looks(datasets, params)
    if looks:
        tables["input_sizes"] = input_sizes_document(looks, params.seed)
    if groups:
        tables["seeds"] = seeds_document(datasets, groups, params.seed)
    studies = results.read({dataset.name: dataset.title for dataset in datasets}, params.seed)
    tables |= documents(studies, published.table2, params.seed)
    entries = ledger(load_claims(), datasets, tables, params)
    tables["claims"] = ledger_document(entries, datasets, params.seed)
    pages = [draw(dataset, tables, judged, looks, published, params) for dataset in datasets]
    marks = method_looks(list(dict.fromkeys([*methods, *(name for study in studies for name in study.kept.methods)])))
    rated = [results.study_page(study, published.table2, marks, params.seed) for study in studies]
    with whole_folder(folder / "tables") as whole:
        for table in tables.values():
            write_table(table, whole)
        write_whole(whole / "confusion.csv", csv_text(confusion_rows(datasets)))
        if studies:
            write_whole(whole / "naturalness_images.csv", results.images_text(studies))
    with whole_folder(folder / "figures") as figures:
        plots = [plot for page in pages for plot in page.plots] + [plot for page in rated for plot in page.plots]
        for plot in tqdm(plots, desc="figures", delay=2, leave=False):
            save(plot, figures)
    write_paper(folder / "paper", tables.values(), plots, folder / "figures")
    write_json(folder / "metrics.json", metrics(datasets, tables["scores"], judged))
    write_json(folder / "claims.json", ledger_json(entries))
    page = render(pages, tables, entries, marks, published, origin, params.seed, rated)
    write_whole(folder / "index.html", page)


def draw(
    dataset: Dataset,
    tables: Mapping[str, Table],
    judged: Sequence[Judged],
    looks_at: Sequence[Looks],
    published: Published,
    params: Params,
) -> DatasetPage:
    """One dataset's figures."""
    looks, methods = method_looks(params.methods), list(params.methods)
    rows, pairs = (table.rows[table.rows["dataset"] == dataset.title] for table in (tables["table1"], tables["paired"]))
    mine = [one for one in judged if one.dataset is dataset]
    masked = not dataset.defects.objects.empty
    examples = read_examples(dataset, methods)
    values = values_by_photograph(dataset)
    return DatasetPage(
        dataset,
        [f"{one.segmenter}: {segmenter_note(one)}" for one in mine],
        examples,
        table1_plot(dataset, rows, looks),
        figure3_plot(mine, published.figure3, looks) if mine else None,
        paired_plot(dataset, pairs, looks) if len(pairs) else None,
        examples_strip(dataset, examples),
        boundary_plot(dataset, looks) if masked else None,
        confusion_plot(dataset, methods) if masked else None,
        training_curves(dataset, model_looks(params.methods)) if dataset.trainings else None,
        [plot for one in looks_at if one.dataset is dataset and (plot := figure1(one))],
        figure4(dataset, values),
        figure6(dataset, values),
        figure7(dataset, values),
        make_browser(dataset, methods, values, BUDGET // len(params.datasets)),
    )


def metrics(
    datasets: Sequence[Dataset], scores: Table, judged: Sequence[Judged]
) -> dict[str, dict[str, dict[str, float]]]:
    """The means that `dvc metrics` shows and compares, by dataset and method; JSON knows no infinite PSNR."""
    found = _means(datasets, scores)
    for one in judged:
        for method, ratios in one.ratios.items():
            if math.isfinite(ratios.interval.mean):
                found[one.dataset.name][method][f"miou_{one.segmenter}"] = round(100 * ratios.interval.mean, 4)
    return found


def _means(datasets: Sequence[Dataset], scores: Table) -> dict[str, dict[str, dict[str, float]]]:
    names = {"psnr_rgb_mean": "psnr_mean", "ssim_rgb_mean": "ssim", "colorfulness_mean": "colorfulness"}
    rows = scores.rows.to_dict("records")
    return {
        dataset.name: {
            row["method"]: {name: round(row[score], 4) for score, name in names.items() if math.isfinite(row[score])}
            for row in rows
            if row["dataset"] == dataset.title
        }
        for dataset in datasets
    }


if __name__ == "__main__":
    run_stage(main)
