"""The guard of our speed: which ratios count as fallen."""

import json

from bench.speed import RATIOS, fallen_ratios, ratios
from bench.table import compared


def test_a_ratio_is_found_by_what_is_measured_and_by_whom_whatever_their_version() -> None:
    lines = [compared("filter, d = 7", 0.002, 0.010, "kornia 0.9.0", None), compared("filter, d = 7", 1, 3, "cv2 5", 2)]
    assert ratios(lines) == {"filter, d = 7 | kornia": 5.0, "filter, d = 7 | cv2": 3.0}


def test_a_ratio_may_fall_by_a_third_and_no_further() -> None:
    kept = {"a": 9.0, "b": 9.0, "gone": 2.0}
    assert fallen_ratios({"a": 6.0, "b": 5.9}, kept) == ["b is 5.9 x, but was 9 x", "gone is 0 x, but was 2 x"]


def test_the_committed_ratios_are_of_all_rivals() -> None:
    assert {what.partition(" | ")[2] for what in json.loads(RATIOS.read_text())} == {
        "scikit-learn",
        "scikit-image",
        "kornia",
        "OpenCV",
    }
