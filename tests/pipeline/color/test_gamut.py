"""The colour bins: the rule that makes them, soft-encoding against scikit-learn, decoding, and rebalancing."""

import hashlib
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.color.bins import BINS, REACH, SIGMA, Q
from pipeline.color.cielab import rgb_to_lab
from pipeline.color.gamut import _gather, _look_up, count, decode, encode, rebalancing_weights, smooth
from pipeline.settings.errors import UserError
from tests.conftest import ROOT

Way = Callable[[Tensor, int], tuple[Tensor, Tensor]]
WAYS = pytest.mark.parametrize("way", [_look_up, _gather])  # on a CPU and elsewhere; a CPU can do both

GREY = int((BINS == 0).all(dim=1).nonzero())


def photograph(n: int = 2, side: int = 60) -> Tensor:
    """(N, 2, H, W) ab of random 8-bit colours."""
    generator = torch.Generator().manual_seed(0)
    return rgb_to_lab(torch.randint(0, 256, (n, 3, side, side), generator=generator, dtype=torch.uint8))[:, 1:]


def plane(n: int = 2, side: int = 150) -> Tensor:
    """(N, 2, H, W) ab from everywhere in [-128, 128], most of it outside of sRGB."""
    return torch.rand(n, 2, side, side, generator=torch.Generator().manual_seed(1)) * 256 - 128


def dense(indices: Tensor, weights: Tensor) -> Tensor:
    """(N, 313, H, W) distributions."""
    N, _, H, W = indices.shape
    return torch.zeros(N, Q, H, W).scatter_(1, indices, weights)


def test_bins_are_the_corners_of_every_cell_that_holds_an_8_bit_colour_and_four_more() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    touched = torch.zeros(30, 30, dtype=torch.bool)  # cells from (-150, -150) on
    for red in levels.split(16):
        lab = rgb_to_lab(torch.cartesian_prod(red, levels, levels).T.reshape(3, -1, 256))
        cells = (lab[1:] / 10).floor().long() + 15
        touched[cells[0], cells[1]] = True
    corners = {(i + di, j + dj) for i, j in touched.nonzero().tolist() for di in (0, 1) for dj in (0, 1)}
    by_rule = {(10 * i - 150, 10 * j - 150) for i, j in corners}
    named = {(40, 90), (100, -90), (100, -10), (100, 0)}
    assert len(by_rule) == 309 and not by_rule & named
    assert BINS.tolist() == [list(bin) for bin in sorted(by_rule | named)]
    assert BINS.shape == (Q, 2) == (313, 2)


def test_bins_are_those_of_the_published_file_in_its_order() -> None:
    # The numbers, (313, 2) int64, in resources/pts_in_hull.npy of richzhang/colorization at commit a1642d6.
    digest = hashlib.sha256(BINS.numpy().astype("<i8").tobytes()).hexdigest()
    assert digest == "2a39983ed60d5b52b717842d56d5f766982289e6d5a609582155f437cecc1045"


@pytest.mark.parametrize("k", [1, 5, 10])
@pytest.mark.parametrize("ab", [photograph(), plane()], ids=["photograph", "plane"])
def test_encoding_is_that_of_scikit_learn_to_1e_5(ab: Tensor, k: int) -> None:
    from sklearn.neighbors import NearestNeighbors  # not on every machine that runs the tests of GPUs

    points = ab.movedim(1, -1).reshape(-1, 2).double().numpy()
    distances, neighbours = NearestNeighbors(n_neighbors=k + 1).fit(BINS.double().numpy()).kneighbors(points)
    weights = np.exp(-(distances[:, :k] ** 2 - distances[:, :1] ** 2) / (2 * 5**2))
    weights /= weights.sum(axis=1, keepdims=True)
    N, _, H, W = ab.shape
    reference = dense(
        torch.from_numpy(neighbours[:, :k]).view(N, H, W, k).movedim(-1, 1),
        torch.from_numpy(weights).float().view(N, H, W, k).movedim(-1, 1),
    )
    # Where the k-th and the next bin are equally far, either may be chosen.
    unique = torch.from_numpy(distances[:, k] - distances[:, k - 1] > 1e-4).view(N, 1, H, W)
    assert unique.float().mean() > 0.99
    torch.testing.assert_close(dense(*encode(ab, k)) * unique, reference * unique, atol=1e-5, rtol=0)


def search(ab: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The definition of `encode`: the distances to all bins."""
    offsets = ab.clamp(-REACH, REACH)[:, None] - BINS[:, :, None, None]  # (N, 313, 2, H, W)
    squares, indices = offsets.square().sum(dim=2).topk(k, dim=1, largest=False)
    return indices, (squares / (-2 * SIGMA**2)).softmax(dim=1)


@WAYS
@pytest.mark.parametrize("k", [1, 2, 5, 7, 10, 30])
def test_the_table_gives_what_a_search_of_all_bins_gives(way: Way, k: int) -> None:
    ab = torch.cat((photograph(1, 50), plane(1, 50)))
    torch.testing.assert_close(dense(*way(ab, k)), dense(*search(ab, k)), atol=1e-5, rtol=0)


@WAYS
def test_ties_are_between_bins_of_equal_weight(way: Way) -> None:
    # Grid points, edges and centres of cells: every pixel has bins at equal distances.
    axis = torch.arange(-130, 131, 5.0)
    ab = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))[None]
    (indices, weights), (_, expected) = way(ab, 5), search(ab, 5)
    torch.testing.assert_close(weights, expected, atol=1e-5, rtol=0)
    assert (indices.sort(dim=1).values.diff(dim=1) > 0).all()
    assert all(torch.equal(*pair) for pair in zip(way(ab, 5), (indices, weights), strict=True))


def test_neighbours_come_nearest_first_with_weights_that_sum_to_1() -> None:
    indices, weights = encode(photograph())
    assert indices.dtype == torch.int64 and weights.dtype == torch.float32
    assert (weights.diff(dim=1) <= 1e-6).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, 60, 60))


@WAYS
def test_a_colour_outside_the_square_counts_as_the_nearest_inside(way: Way) -> None:
    far = torch.tensor([[1e9, -1e9, 300.0, 5.0], [-1e9, 0.0, 300.0, -200.0]]).view(1, 2, 1, 4)
    near = far.clamp(-128, 128)
    assert torch.equal(dense(*way(far, 5)), dense(*way(near, 5)))


@WAYS
def test_nan_makes_its_own_pixel_nan(way: Way) -> None:
    ab = photograph()
    ab[1, 0, 3, 4] = torch.nan
    broken = way(ab, 5)[1].isnan()
    assert broken[1, :, 3, 4].all() and broken.sum() == 5


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_encoding_takes_any_float_and_any_memory_order(dtype: torch.dtype) -> None:
    ab = photograph().round()
    expected = encode(ab)
    for same in (ab.to(dtype), ab.to(memory_format=torch.channels_last), ab.clone().requires_grad_()):
        assert all(torch.equal(*pair) for pair in zip(encode(same), expected, strict=True))
    strided = encode(ab[:, :, ::4, ::4])
    assert all(torch.equal(part, whole[:, :, ::4, ::4]) for part, whole in zip(strided, expected, strict=True))


def test_an_image_is_encoded_the_same_in_any_batch() -> None:
    batch = photograph(n=3)
    for alone, together in zip(encode(batch[1:2]), encode(batch), strict=True):
        assert torch.equal(alone[0], together[1])
    assert encode(batch[:0])[0].shape == (0, 5, 60, 60)


def test_encoding_leaves_the_number_of_threads_alone() -> None:
    # In a process of its own, for it is the first call that could change it.
    program = """
import torch
from pipeline.color.gamut import encode
torch.set_num_threads(1)
encode(torch.zeros(1, 2, 4, 4))
print(torch.get_num_threads())
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "1\n"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: encode(torch.rand(1, 3, 4, 4)), r"\(N, 2, H, W\).*\(1, 3, 4, 4\)"),
        (lambda: encode(torch.rand(2, 4, 4)), r"\(N, 2, H, W\).*\(2, 4, 4\)"),
        (lambda: encode(torch.zeros(1, 2, 4, 4, dtype=torch.uint8)), r"\(N, 2, H, W\).*uint8"),
        (lambda: encode(photograph(), 0), "got 0"),
        (lambda: encode(photograph(), 313), "got 313"),
        (lambda: decode(torch.zeros(1, Q - 1, 1, 1), "mean"), r"\(1, 312, 1, 1\)"),
        (lambda: smooth(torch.zeros(Q)), "positive sum"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected_and_given(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("how", ["mode", "mean", "annealed_mean"])
def test_a_certain_prediction_decodes_to_its_bin(how: str) -> None:
    logits = torch.full((1, Q, 1, Q), -1e4)
    logits[0, range(Q), 0, range(Q)] = 0
    torch.testing.assert_close(decode(logits, how)[0, :, 0].T, BINS)


def test_annealing_moves_the_colour_from_the_mean_to_the_mode() -> None:
    logits = torch.randn(2, Q, 5, 4, generator=torch.Generator().manual_seed(0))
    colours = torch.einsum("nqhw,qc->nchw", logits.double().div(0.38).softmax(dim=1), BINS.double())
    torch.testing.assert_close(decode(logits, "annealed_mean"), colours.float(), atol=1e-4, rtol=0)
    assert torch.equal(decode(logits, "annealed_mean", temperature=1), decode(logits, "mean"))
    torch.testing.assert_close(
        decode(logits, "annealed_mean", temperature=1e-4), decode(logits, "mode"), atol=0.1, rtol=0
    )


def test_the_mean_of_the_encoding_is_near_the_colour() -> None:
    ab = photograph()
    decoded = decode(dense(*encode(ab)).log(), "mean")
    assert (decoded - ab).norm(dim=1).max() < 6


def test_autocast_does_not_touch_decoded_colours() -> None:
    logits = torch.randn(1, Q, 3, 3, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (
            torch.equal(decode(logits, "mean"), expected := decode(logits, "mean")) and expected.dtype == torch.float32
        )
    assert torch.equal(decode(logits, "mean"), expected)


def test_an_unknown_decoding_is_answered_with_the_known_one() -> None:
    with pytest.raises(UserError, match="annealed_mean"):
        decode(torch.zeros(1, Q, 1, 1), "anealed_mean")


def test_counts_of_batches_add_up_to_the_count_of_all() -> None:
    ab = photograph(n=4)
    assert torch.equal(count(ab[:1]) + count(ab[1:]), count(ab))
    assert count(ab).sum() == 4 * 60 * 60
    assert count(torch.zeros(1, 2, 3, 3))[GREY] == 9


def test_smoothing_keeps_the_sum_and_spreads_by_the_gaussian() -> None:
    counts = torch.zeros(Q, dtype=torch.int64)
    counts[GREY] = 7
    prior = smooth(counts)
    torch.testing.assert_close(prior.sum(), torch.tensor(1.0, dtype=torch.float64))
    right = int((torch.tensor([0.0, 10.0]) == BINS).all(dim=1).nonzero())
    torch.testing.assert_close(prior[right] / prior[GREY], torch.tensor(np.exp(-(10**2) / (2 * 5**2))))
    assert smooth(counts, sigma=0.1)[GREY] == 1


def test_normalized_weights_have_expectation_1_and_raw_ones_the_same_ratios() -> None:
    prior = smooth(count(photograph()))
    weights, raw = rebalancing_weights(prior), rebalancing_weights(prior, normalize=False)
    assert (prior * weights).sum().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(weights * (prior * raw).sum().float(), raw)
    assert weights.dtype == torch.float32


def test_weights_reproduce_the_published_range_of_zhang() -> None:
    # The ImageNet prior: 0.201 at grey; expectation of the raw weights 101.4; weights from 0.0965 to 6.175.
    prior = torch.zeros(Q, dtype=torch.float64)
    prior[GREY], prior[0] = 0.201, 0.799
    raw = rebalancing_weights(prior, normalize=False)
    assert raw[GREY].item() / 101.4 == pytest.approx(0.0965, abs=1e-4)
    assert raw[1].item() / 101.4 == pytest.approx(6.175, abs=0.005)


def test_bins_never_seen_have_finite_weights_and_a_uniform_mix_of_1_treats_all_alike() -> None:
    prior = torch.zeros(Q, dtype=torch.float64)
    prior[GREY] = 1
    assert rebalancing_weights(prior).isfinite().all()
    torch.testing.assert_close(rebalancing_weights(prior, uniform_mix=1), torch.ones(Q))


def test_a_pixel_weighs_what_its_nearest_bin_weighs() -> None:
    ab, weights = photograph(), rebalancing_weights(smooth(count(photograph())))
    indices, _ = encode(ab)
    nearest = torch.cdist(ab.movedim(1, -1).reshape(-1, 2), BINS).argmin(dim=1)
    torch.testing.assert_close(weights[indices[:, 0]].flatten(), weights[nearest])


@pytest.mark.gpu
def test_a_gpu_gives_the_same_encoding() -> None:
    ab = torch.cat((photograph(1, 50), plane(1, 50)))
    indices, weights = encode(ab.cuda())
    torch.testing.assert_close(dense(indices.cpu(), weights.cpu()), dense(*encode(ab)), atol=1e-5, rtol=0)


def test_stages_do_not_import_the_compiler_that_they_do_not_use():
    stages = "pack, train, colorize, segment, score, input_sizes"
    code = f"from pipeline import {stages}; import sys; print('torch._dynamo' in sys.modules, 'sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
