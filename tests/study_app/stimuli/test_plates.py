"""Colour-vision plates: read by every eye that has the cones they test, and by no other."""

import io

import numpy as np
import pytest
from PIL import Image

from study_app.stimuli import plates


def linear(picture: np.ndarray) -> np.ndarray:
    """uint8 sRGB to linear sRGB, written here a second time as the reference."""
    encoded = picture / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def seen_without(cone: int, picture: np.ndarray) -> np.ndarray:
    """What an eye without L (0) or M (1) cones answers to a picture: the two cones that are left, logarithmic."""
    answers = linear(picture) @ plates.CONES.T
    return np.log(np.delete(answers, cone, axis=-1))


def separation(answers: np.ndarray, figure: np.ndarray, dots: np.ndarray) -> float:
    """How well the best single cut on any ratio or sum of cone answers tells digit from ground: 0.5 to 1."""
    best = 0.5
    channels = [answers[..., i] for i in range(answers.shape[-1])]
    channels += [a - b for i, a in enumerate(channels) for b in channels[i + 1 :]]
    for channel in channels:
        inside, outside = channel[figure & dots], channel[~figure & dots]
        rank = np.searchsorted(np.sort(outside), inside).mean() / len(outside)  # the area under the ROC curve
        best = max(best, rank, 1 - rank)
    return best


def dots_of(picture: np.ndarray) -> np.ndarray:
    """The pixels of dots: those that are not the surround's grey."""
    return np.abs(picture.astype(int) - plates.SURROUND).max(axis=-1) > 12


@pytest.mark.parametrize(("kind", "cone"), [("protan", 0), ("deutan", 1)])
@pytest.mark.parametrize("digit", [2, 5, 8])
def test_the_digit_is_plain_to_normal_eyes_and_hidden_from_those_without_the_cone(
    kind: plates.Kind, cone: int, digit: int
) -> None:
    picture = plates.draw(kind, digit, np.random.default_rng(digit))
    figure, dots = plates.digit_mask(digit), dots_of(picture)
    normal = np.log(linear(picture) @ plates.CONES.T + 1e-6)
    assert separation(normal, figure, dots) > 0.93
    assert separation(seen_without(cone, picture), figure, dots) < 0.62


def test_the_first_plate_is_read_by_every_eye() -> None:
    picture = plates.draw("all", 3, np.random.default_rng(0))
    figure, dots = plates.digit_mask(3), dots_of(picture)
    for cone in (0, 1):
        assert separation(seen_without(cone, picture), figure, dots) > 0.93


def test_lightness_alone_does_not_give_a_digit_away() -> None:
    for kind in ("protan", "deutan", "tritan"):
        picture = plates.draw(kind, 4, np.random.default_rng(1))
        luminance = linear(picture) @ [0.2126, 0.7152, 0.0722]
        assert separation(luminance[..., None], plates.digit_mask(4), dots_of(picture)) < 0.85


def test_plates_are_the_same_for_the_same_seed_and_no_digit_occurs_twice() -> None:
    first, again, other = plates.draw_plates(5), plates.draw_plates(5), plates.draw_plates(6)
    assert first == again
    assert [plate.png for plate in first] != [plate.png for plate in other]
    assert len({plate.digit for plate in first}) == len(plates.KINDS)
    for plate in first:
        with Image.open(io.BytesIO(plate.png)) as picture:
            assert (picture.size, picture.info) == ((plates.SIDE, plates.SIDE), {})  # no text about itself


def test_colors_stay_inside_the_gamut_for_every_lightness() -> None:
    for kind in plates.KINDS:
        for color in plates.colors(kind):
            assert (color * plates.LIGHTNESS[0]).min() >= 0 and (color * plates.LIGHTNESS[1]).max() <= 1
