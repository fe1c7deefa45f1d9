"""Memory stays as it is however many photographs there are; `python -m bench.flow` shows it for 10,000."""

from bench import flow


def test_colorizing_and_scoring_take_the_same_memory_for_more_photographs(tmp_path):
    """600 more fit into 12 MB; photographs, lightness or pictures that were kept would take 22 MB at least."""
    for count in (100, 700):
        flow.make_workspace(tmp_path / str(count), count)
    for stage in flow.STAGES:
        few, many = (flow.measure(tmp_path / str(count), stage)[1] for count in (100, 700))
        assert many - few < 12, stage
