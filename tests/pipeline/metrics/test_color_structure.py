"""Colour structure error: more damage is a larger error, and what must not matter does not."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from skimage import data

from pipeline.color.cielab import rgb_to_lab
from pipeline.metrics.color_structure import color_structure_error

PHOTOGRAPH = rgb_to_lab(torch.from_numpy(np.ascontiguousarray(data.coffee()[::2, ::2].transpose(2, 0, 1))))
H, W = PHOTOGRAPH.shape[1:]
PART = torch.zeros(H, W)
PART[H // 4 : H // 2, W // 4 : 3 * W // 4] = 1


def with_ab(ab):
    return torch.cat((PHOTOGRAPH[:1], ab))


def turned(degrees):
    """The hue of all colours turned."""
    a, b = PHOTOGRAPH[1:]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return torch.stack((cos * a - sin * b, sin * a + cos * b))


AB = PHOTOGRAPH[1:]
DAMAGE = {
    "hue": [with_ab(turned(degrees)) for degrees in (0, 15, 40, 90, 150)],
    "hue of a part": [with_ab(torch.where(PART > 0, turned(degrees), AB)) for degrees in (0, 15, 40, 90, 150)],
    "chroma lost": [with_ab(share * AB) for share in (1, 0.8, 0.5, 0.2, 0)],
    "chroma gained": [with_ab(share * AB) for share in (1, 1.3, 1.7, 2.5)],
    "chroma of a part lost": [with_ab(AB * (1 - share * PART)) for share in (0, 0.3, 0.6, 1)],
    "a patch": [with_ab(AB + level * PART) for level in (0, 5, 15, 40)],
    "colours shifted sideways": [with_ab(AB.roll(pixels, -1)) for pixels in (0, 3, 8, 16)],
    "a cast": [with_ab(AB + level) for level in (0, 3, 8, 20)],
    "a cast of lights": [with_ab(AB + level * PHOTOGRAPH[:1] / 100) for level in (0, 3, 8, 20)],
}


def error(picture, original=PHOTOGRAPH):
    return color_structure_error(original, picture).item()


@pytest.mark.parametrize("kind", DAMAGE)
def test_more_damage_is_a_larger_error(kind):
    errors = [error(picture) for picture in DAMAGE[kind]]
    assert errors[0] == pytest.approx(0, abs=1e-9)
    assert all(more > less + 1e-6 for less, more in pairwise(errors)), errors


def test_less_colour_is_worse_than_as_much_more():
    assert error(with_ab(0.5 * AB)) > 2 * error(with_ab(1.5 * AB))


def test_a_cast_of_the_whole_picture_is_forgiven_but_not_that_of_a_part():
    assert error(with_ab(AB + 15)) < error(with_ab(AB + 15 * PART)) / 5


@pytest.mark.parametrize("turn", [lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.transpose(-1, -2)])
def test_turning_both_pictures_changes_nothing(turn):
    picture = DAMAGE["hue of a part"][2]
    assert error(turn(picture), turn(PHOTOGRAPH)) == pytest.approx(error(picture), abs=1e-7)


def test_turning_the_hue_of_both_pictures_changes_nothing():
    picture = with_ab(AB + 15 * PART)
    both = with_ab(torch.stack((-picture[2], picture[1]))), with_ab(torch.stack((-AB[1], AB[0])))
    assert error(*both) == pytest.approx(error(picture), abs=1e-7)


def test_lightness_of_the_picture_does_not_count():
    picture = DAMAGE["hue of a part"][2]
    darker = torch.cat((0.7 * picture[:1], picture[1:]))
    assert error(darker) == error(picture)


def test_the_size_hardly_matters():
    picture = DAMAGE["hue of a part"][2]
    large = [lab.repeat_interleave(2, -1).repeat_interleave(2, -2) for lab in (picture, PHOTOGRAPH)]
    assert error(*large) == pytest.approx(error(picture), rel=0.02)


def test_a_batch_gives_what_its_pictures_give():
    batch = torch.stack(DAMAGE["hue"])
    found = color_structure_error(PHOTOGRAPH.expand_as(batch), batch)
    assert found.tolist() == pytest.approx([error(picture) for picture in DAMAGE["hue"]], abs=1e-9)


def test_small_and_flat_pictures_have_finite_errors():
    flat = torch.full((3, 5, 4), 50.0)
    assert error(flat, flat) == 0
    assert math.isfinite(error(flat, PHOTOGRAPH[:, :5, :4]))


def test_gradients_agree_with_differences():
    original = torch.rand(3, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 60
    picture = (original + 5 * torch.sin(original)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: color_structure_error(original, x), (picture,), atol=1e-4)


def test_two_shapes_are_refused():
    with pytest.raises(ValueError, match="two Lab pictures"):
        color_structure_error(PHOTOGRAPH, PHOTOGRAPH[:, 1:])


def test_it_is_as_fast_as_a_pixel_metric():
    large = torch.rand(3, 375, 500) * 50
    color_structure_error(large, large)
    began = time.process_time()
    for _ in range(5):
        color_structure_error(large, large + 1)
    assert (time.process_time() - began) / 5 < 0.25  # measured: 0.01 s
