"""The last stage: tables, figures, metrics and the page, from what the other stages left.

    python -m reports.build

Reads below results/, for each dataset under `datasets` in params.yaml: data/<dataset>/{train,val}/summary.json,
scores/<dataset>/*.{csv,json,npy}, segmented/<dataset>/*/*.{csv,json}, sizes/<dataset>/*/*,
models/<dataset>/*/{manifest.json,history.csv} and colorized/<dataset>/*.{zip,json}; and, where people have rated,
ratings/<study>/*.{csv,json}.
Writes results/report/: tables/ (CSV, Markdown, LaTeX), figures/ (PNG, PDF), paper/ (for LaTeX), claims.json,
metrics/<dataset>/<method>.json (for `dvc metrics`) and, last, index.html.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from pipeline.records.rows import write_json
from pipeline.settings.errors import run_stage
from pipeline.settings.files import whole_folder, write_whole
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.params import Params, load_params
from pipeline.settings.paths import BUILD, RESULTS
from reports.claims.ledger import ledger, ledger_document, ledger_json
from reports.figures.bars import figure3_plot
from reports.figures.defect_plots import boundary_plot, confusion_plot
from reports.figures.drawing import examples_strip, save, table1_plot, training_curves
from reports.figures.forest import paired_plot
from reports.figures.gallery import figure6, figure7
from reports.figures.showcases import figure1, figure4
from reports.figures.theme import method_styles, model_styles
from reports.inputs.examples import read_examples
from reports.inputs.per_image import values_by_photograph
from reports.inputs.scores import Dataset, read_datasets
from reports.page.browser import BUDGET, make_browser
from reports.page.html import DatasetPage, Report, render
from reports.page.paper import write_paper
from reports.plan.claims import load_claims
from reports.plan.measures import miou_of
from reports.plan.order import in_order
from reports.plan.published import Published, load_published
from reports.preference import results as preference
from reports.study import results
from reports.study.rater_tables import documents
from reports.tables.cards import methods_document, size_and_time_document
from reports.tables.defects import (
    confusion_differences_document,
    confusion_rows,
    context_confusion,
    defects_document,
)
from reports.tables.differences import paired_document
from reports.tables.documents import Table
from reports.tables.input_sizes import InputSizes, input_sizes_document, read_input_sizes
from reports.tables.metrics import metrics_document
from reports.tables.seeds import seeds_document
from reports.tables.segmentation import (
    SegmenterScores,
    class_iou_document,
    figure3_document,
    miou_differences_document,
    score_segmenters,
    segmenter_note,
)
from reports.tables.table1 import MEANS, scores_document, table1_document
from reports.tables.writers import csv_text, write_table

READ = ("colorized", "data", "models", "scores", "segmented", "sizes")  # rooms of results/


def main() -> None:
    """Build the report that params.yaml asks for."""
    from pipeline.settings import provenance  # asks git, which nothing else here needs

    keys = ("datasets", "seed", "seeds", "data", "models", "segmenters", "methods", "published", "sizes")
    with inputs_unchanged(["reports.build"], keys, [results.FOLDER, *(RESULTS / room for room in READ)]):
        build(load_params(), provenance.describe())
    print(f"report: {BUILD / 'index.html'}")


def build(params: Params, origin: Mapping[str, str], folder: Path = BUILD) -> None:
    """Build the whole report in `folder`; `origin` says which code, versions and hardware made it."""
    published, first = (
        load_published().beside(params),
        in_order(name for name in params.methods if not params.repeats(name)),
    )
    runs = [run for method in first for run in params.trainings(method).values() or (method,)]
    datasets = read_datasets(replace(params, methods={run: params.methods[run] for run in runs}))
    params = replace(params, methods={method: params.methods[method] for method in first})
    segmented, input_sizes = score_segmenters(datasets, params.seed), read_input_sizes(datasets, params)
    titles = {dataset.name: dataset.title for dataset in datasets}
    studies, preferences = results.read(titles, params.seed), preference.read()
    # Answers of people and of programs never share a page.
    programs = all(study.simulated for study in studies) and all(study.simulated for study in preferences)
    studies = [study for study in studies if study.simulated == programs]
    preferences = [study for study in preferences if study.simulated == programs]
    tables = make_tables(datasets, segmented, input_sizes, published, params)
    if seeds := seeds_document(datasets, params.seed):
        tables["seeds"] = seeds
    tables |= documents([], published, params.seed) | documents(studies, published, params.seed)
    entries = ledger(load_claims(), datasets, tables, params)
    tables["claims"] = ledger_document(entries, datasets, params.seed)
    answered = [*(study.kept.methods for study in studies), *(study.methods for study in preferences)]
    styles = method_styles([*params.methods, *(name for names in answered for name in names)])
    compared = [preference.preference_page(study, titles, styles) for study in preferences]
    for page in compared:
        tables |= page.files
    report = Report(
        pages=[draw(dataset, tables, segmented, input_sizes, published, params) for dataset in datasets],
        tables=tables,
        entries=entries,
        studies=[results.study_page(study, published, styles, params.seed) for study in studies],
        preferences=compared,
        styles=styles,
        published=published,
        origin=origin,
        seed=params.seed,
    )
    write(report, folder)
    write_metrics(datasets, tables["scores"], segmented, folder / "metrics")
    write_whole(folder / "index.html", render(report))


def make_tables(
    datasets: Sequence[Dataset],
    segmented: Sequence[SegmenterScores],
    input_sizes: Sequence[InputSizes],
    published: Published,
    params: Params,
) -> dict[str, Table]:
    """All tables by name that need no training seeds, no ratings and no verdicts."""
    methods, seed = list(params.methods), params.seed
    confusions = [context_confusion(dataset, seed) for dataset in datasets]
    tables = [
        table1_document(datasets, methods, published.table1, seed),
        paired_document(datasets, seed),
        defects_document(datasets, confusions, seed),
        confusion_differences_document(datasets, confusions, seed),
        scores_document(datasets, methods, seed),
        metrics_document(datasets, methods, seed),
        methods_document(datasets),
        size_and_time_document(datasets, published),
    ]
    if segmented:
        tables += [
            figure3_document(segmented, published.figure3, seed),
            class_iou_document(segmented, seed),
            miou_differences_document(segmented, seed),
        ]
    if found := input_sizes_document(input_sizes, seed):
        tables.append(found)
    return {table.name: table for table in tables}


def draw(
    dataset: Dataset,
    tables: Mapping[str, Table],
    segmented: Sequence[SegmenterScores],
    input_sizes: Sequence[InputSizes],
    published: Published,
    params: Params,
) -> DatasetPage:
    """One dataset's figures."""
    styles, methods = method_styles(params.methods), [name for name in params.methods if name in dataset.runs]
    rows, pairs = (table.rows[table.rows["dataset"] == dataset.title] for table in (tables["table1"], tables["paired"]))
    segmenters = [score for score in segmented if score.dataset is dataset]
    has_masks = not dataset.defects.objects.empty
    examples = read_examples(dataset, methods)
    values = values_by_photograph(dataset)
    sizes = [figure1(network) for network in input_sizes if network.dataset is dataset]
    return DatasetPage(
        dataset=dataset,
        segmenters=[f"{score.segmenter}: {segmenter_note(score)}" for score in segmenters],
        examples=examples,
        table1_plot=table1_plot(dataset, rows, styles),
        figure3_plot=figure3_plot(segmenters, published.figure3, styles) if segmenters else None,
        paired_plot=paired_plot(dataset, pairs, styles) if len(pairs) else None,
        examples_strip=examples_strip(dataset, examples),
        boundary_plot=boundary_plot(dataset, styles) if has_masks else None,
        confusion_plot=confusion_plot(dataset, methods) if has_masks else None,
        training_curves=training_curves(dataset, model_styles(params.methods)) if dataset.trainings else None,
        figure1=[plot for plot in sizes if plot],
        figure4=figure4(dataset, values),
        figure6=figure6(dataset, values),
        figure7=figure7(dataset, values),
        browser=make_browser(dataset, methods, values, BUDGET // len(params.datasets)),
    )


def write(report: Report, folder: Path) -> None:
    """Write all tables and figures, what a paper takes over, and the claims."""
    with whole_folder(folder / "tables") as whole:
        for table in report.tables.values():
            write_table(table, whole)
        write_whole(whole / "confusion.csv", csv_text(confusion_rows([page.dataset for page in report.pages])))
        for name, text in results.images_texts([page.study for page in report.studies]).items():
            write_whole(whole / name, text)
    plots = [plot for page in report.pages for plot in page.plots]
    plots += [plot for study in report.studies for plot in study.plots]
    plots += [study.plot for study in report.preferences if study.plot]
    with whole_folder(folder / "figures") as figures:
        for plot in tqdm(plots, desc="figures", delay=2, leave=False):
            save(plot, figures)
    write_paper(folder / "paper", report.tables.values(), plots, folder / "figures")
    write_json(folder / "claims.json", ledger_json(report.entries))


def write_metrics(
    datasets: Sequence[Dataset], scores: Table, segmented: Sequence[SegmenterScores], folder: Path
) -> None:
    """The means that `dvc metrics` shows and compares, a file per dataset and method; JSON knows no infinite PSNR.

    `n`: the photographs; `<measure>_n` where a mean is of fewer.
    """
    with whole_folder(folder) as whole:
        for dataset in datasets:
            for row in scores.rows[scores.rows["dataset"] == dataset.title].to_dict("records"):
                method = row["method"]
                found = {"n": row["n"]}
                for key in (measure.key for measure in MEANS if measure.headline):
                    found[key] = row[f"{key}_mean"]
                    if row[f"{key}_n"] not in (0, row["n"]):
                        found[f"{key}_n"] = row[f"{key}_n"]
                for score in segmented:
                    if score.dataset is dataset:
                        key = miou_of(score.segmenter).key
                        found[key] = 100 * score.ratios[method].interval.mean
                        if score.n != row["n"]:
                            found[f"{key}_n"] = score.n
                finite = {key: round(value, 4) for key, value in found.items() if math.isfinite(value)}
                write_json(whole / dataset.name / f"{method}.json", finite)


if __name__ == "__main__":
    run_stage(main)
