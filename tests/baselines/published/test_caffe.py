"""Caffemodels of both layouts, written byte by byte."""

import numpy as np
import pytest

from baselines.published.caffe import read_caffemodel
from tests.baselines.published.caffe_writer import blob, layer, net, old_blob, old_layer, piece, varint
from tests.baselines.published.refusal import sentence

NUMBERS = np.random.default_rng(1)


def floats(*shape):
    return NUMBERS.normal(size=shape).astype("f4")


def test_blobs_are_read_back_in_their_shape_and_order(tmp_path):
    weight, bias, mean, factor = floats(5, 2, 3, 3), floats(5), floats(5), floats(1)
    norm = layer("norm", *map(blob, [mean, mean, factor]))
    (tmp_path / "a.caffemodel").write_bytes(net(layer("bw_conv1_1", blob(weight), blob(bias)), layer("relu"), norm))
    read = read_caffemodel(tmp_path / "a.caffemodel")
    assert list(read) == ["bw_conv1_1", "norm"]
    for got, expected in zip([*read["bw_conv1_1"], *read["norm"]], [weight, bias, mean, mean, factor], strict=True):
        assert got.dtype == np.float32 and got.shape == expected.shape and np.array_equal(got, expected)


def test_the_layout_from_before_shapes_is_read_with_its_four_sizes(tmp_path):
    weight, bias = floats(5, 2, 3, 3), floats(5)
    content = net(old_layer("relu"), old_layer("conv1_1", old_blob(weight), old_blob(bias)))
    (tmp_path / "a.caffemodel").write_bytes(content)
    read = read_caffemodel(tmp_path / "a.caffemodel")
    assert list(read) == ["conv1_1"]
    assert np.array_equal(read["conv1_1"][0], weight)
    assert np.array_equal(read["conv1_1"][1], bias.reshape(1, 1, 1, 5))


def test_doubles_become_floats(tmp_path):
    weight = NUMBERS.normal(size=(2, 3))
    (tmp_path / "a.caffemodel").write_bytes(net(layer("fc", blob(weight))))
    (read,) = read_caffemodel(tmp_path / "a.caffemodel")["fc"]
    assert read.dtype == np.float32 and np.array_equal(read, weight.astype("f4"))


def test_packed_numbers_may_come_in_pieces(tmp_path):
    weight = floats(6)
    pieces = piece(5, weight[:2].tobytes()) + piece(7, piece(1, varint(6))) + piece(5, weight[2:].tobytes())
    (tmp_path / "a.caffemodel").write_bytes(net(layer("fc", pieces)))
    assert np.array_equal(read_caffemodel(tmp_path / "a.caffemodel")["fc"][0], weight)


@pytest.mark.parametrize("sizes", [[2**62, 4], [2**31, 2**31, 2**31], [3], [-1, -6], [0]])
def test_sizes_that_the_file_does_not_have_are_refused(tmp_path, sizes):
    shape = b"".join(varint(size % 2**64) for size in sizes)
    (tmp_path / "a.caffemodel").write_bytes(net(layer("fc", piece(7, piece(1, shape)) + piece(5, bytes(24)))))
    assert "has 24 bytes of weights of shape" in sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_a_layers_odd_name_stays_within_the_sentence(tmp_path):
    (tmp_path / "a.caffemodel").write_bytes(net(layer("a\n\x1b[31m", piece(5, bytes(24)))))
    assert "\x1b" not in sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_lengths_beyond_the_file_are_refused(tmp_path):
    (tmp_path / "a.caffemodel").write_bytes(varint(100 << 3 | 2) + varint(2**40) + b"abc")
    sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_a_network_without_weights_is_refused(tmp_path):
    (tmp_path / "a.caffemodel").write_bytes(net(layer("relu"), layer("pool")))
    assert "no layer with weights" in sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_two_layers_of_one_name_are_refused(tmp_path):
    (tmp_path / "a.caffemodel").write_bytes(net(layer("fc", blob(floats(2))), layer("fc", blob(floats(2)))))
    assert "two layers of one name" in sentence(read_caffemodel, tmp_path / "a.caffemodel")


@pytest.mark.parametrize("field", [7, 3])
def test_messages_in_messages_without_end_are_refused(tmp_path, field):
    content = b""
    for _ in range(5000):
        content = piece(100, piece(field, content))
    (tmp_path / "a.caffemodel").write_bytes(content)
    sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_groups_in_groups_without_end_are_refused(tmp_path):
    opened = varint(1 << 3 | 3) * 100_000  # protobuf's older way to nest
    (tmp_path / "a.caffemodel").write_bytes(opened + varint(1 << 3 | 4) * 100_000)
    sentence(read_caffemodel, tmp_path / "a.caffemodel")


def test_a_file_larger_than_any_message_is_refused_unread(tmp_path):
    with (tmp_path / "a.caffemodel").open("wb") as file:
        file.truncate(2**31)
    assert "larger than 2 GiB" in sentence(read_caffemodel, tmp_path / "a.caffemodel")
