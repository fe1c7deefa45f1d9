"""Torch7 files: every type, what is shared, what refers to itself, and what is forged."""

import numpy as np
import pytest

from baselines.published.torch7 import Function, TorchObject, read_t7
from tests.baselines.published import torch7_writer as writer
from tests.baselines.published.refusal import sentence

NUMBERS = np.random.default_rng(3)


@pytest.fixture
def file(tmp_path):
    """Writes a value, or bytes as they are."""

    def write(value):
        (tmp_path / "a.t7").write_bytes(value if isinstance(value, bytes) else writer.written(value))
        return tmp_path / "a.t7"

    return write


@pytest.fixture
def back(file):
    """What is read of a value, or of bytes as they are."""
    return lambda value: read_t7(file(value))


@pytest.fixture
def refused(file):
    """The sentence that refuses a value, or bytes as they are."""
    return lambda value: sentence(read_t7, file(value))


def test_plain_values_and_nested_tables_are_read_back(back):
    plain = {"mean": 0.4488, "side": 224.0, "name": "größe", "train": False, "on": True, 2: "second", "none": None}
    read = back({**plain, "table": {"deeper": {}}})
    assert dict(read.pop("table").pop("deeper")) == {}
    assert dict(read) == plain and isinstance(read["side"], int)


@pytest.mark.parametrize("dtype", ["u1", "i4", "i8", "f4", "f8"])
def test_tensors_of_every_type_are_read_back(back, dtype):
    values = NUMBERS.integers(0, 200, size=(3, 4, 5)).astype(dtype)
    read = back({"odd": "x", "tensor": writer.tensor(values)})["tensor"]
    assert read.dtype == dtype and np.array_equal(read, values)


def test_a_tensor_of_the_gpu_is_one_of_floats(back):
    values = NUMBERS.normal(size=6).astype("f4")
    storage = writer.Storage(values, "torch.Cuda")
    assert np.array_equal(back(writer.Tensor(storage, (2, 3), (3, 1))), values.reshape(2, 3))


def test_views_of_one_storage_share_it(back):
    storage = writer.Storage(np.arange(12, dtype="f4"))
    whole, part = writer.Tensor(storage, (3, 4), (4, 1)), writer.Tensor(storage, (4, 2), (1, 4), offset=4)
    read = back({"whole": whole, "part": part, "again": whole, "storage": storage})
    assert np.array_equal(read["part"], np.arange(12).reshape(3, 4)[1:].T)
    assert read["again"] is read["whole"] and np.shares_memory(read["whole"], read["part"])
    read["storage"][4] = 100
    assert read["part"][0, 0] == read["whole"][1, 0] == 100


def test_empty_tensors_are_empty(back):
    unallocated = writer.Tensor(None, (), (), kind="torch.FloatTensor")
    unsized = writer.Tensor(writer.Storage(np.empty(0, "f8")), (), ())
    assert [value.size for value in back({1: unallocated, 2: unsized}).values()] == [0, 0]


def test_objects_keep_their_class_version_and_what_they_share(back):
    shared = writer.Object("nn.ReLU", {"inplace": True})
    old = writer.Object("nn.Sequential", {"modules": {1: shared, 2: shared}}, version=None)
    read = back({"old": old, "new": writer.Object("nn.SpatialBatchNormalization", {}, version=2)})
    assert (read["old"].kind, read["old"].version) == ("nn.Sequential", 0)
    assert (read["new"].kind, read["new"].version) == ("nn.SpatialBatchNormalization", 2)
    assert read["old"].fields["modules"][1] is read["old"].fields["modules"][2]


@pytest.mark.parametrize("kind", [6, 7, 8])
def test_functions_are_passed_over(back, kind):
    values = NUMBERS.normal(size=3).astype("f4")
    function = writer.Function(upvalues={1: {"name": "x", "value": writer.tensor(values)}}, type=kind)
    read = back({"accUpdate": function, "again": function, "after": writer.tensor(values)})
    assert isinstance(read["accUpdate"], Function) and np.array_equal(read["after"], values)
    assert not any(isinstance(value, bytes | str) for value in vars(read["accUpdate"]).values())


def test_what_refers_to_itself_is_read(back):
    table, node = {}, writer.Object("nngraph.Node", {})
    table["self"] = table
    node.fields = {"children": {node: 1, 1: node}}  # as torch/graph's nodes do, which are their own keys
    read = back({"table": table, "node": node})
    assert read["table"]["self"] is read["table"]
    assert read["node"].fields["children"][1] is read["node"] and read["node"].fields["children"][read["node"]] == 1


def test_tables_as_keys_stay_apart(back):
    assert len(back({writer.Object("a", {}): 1, writer.Object("a", {}): 2})) == 2


def nested(depth):
    """Tables in tables, each numbered anew."""
    opened = b"".join(writer.ints(3, number, 1) + writer.written(1) for number in range(1, depth))
    return opened + writer.ints(3, depth, 0)


def test_deep_nesting_needs_no_deep_stack(back):
    read = back(nested(2000))
    for _ in range(1999):
        read = read[1]
    assert dict(read) == {}


def test_nesting_without_end_is_refused(refused):
    assert "nest deeper" in refused(nested(100_000))


def float_tensor(sizes, strides, offset=1, count=4):
    head = writer.ints(4, 1) + writer.string("V 1") + writer.string("torch.FloatTensor") + writer.ints(len(sizes))
    storage = writer.ints(4, 2) + writer.string("V 1") + writer.string("torch.FloatStorage") + writer.longs(count)
    return head + writer.longs(*sizes, *strides, offset) + storage + bytes(16)


@pytest.mark.parametrize(
    "content",
    [
        float_tensor([10**9], [1]),
        float_tensor([2, 3], [3, 1]),
        float_tensor([4], [1], offset=2),
        float_tensor([4], [1], offset=0),
        float_tensor([-4], [1]),
        float_tensor([2], [-1]),
        float_tensor([1], [2**62]),
        float_tensor([2**40, 2**40], [0, 0]),
        float_tensor([4], [1], count=2**60),
        float_tensor([4], [1], count=-4),
        float_tensor([1] * 65, [1] * 65),
        writer.ints(3, 1, 2**31 - 1),
        writer.ints(3, 1, -1),
        writer.ints(2, 2**31 - 1) + b"abc",
        writer.ints(2, -1) + b"abc",
        writer.ints(9),
        writer.ints(0),
        writer.ints(3, 1, 1, 0, 0),
        b"3\n1\n0\n",  # torch.save's ASCII form
    ],
)
def test_forged_sizes_and_types_are_refused(refused, content):
    refused(content)


def test_a_tensor_over_another_tensor_or_type_is_refused(refused):
    expanded = writer.Tensor(writer.Storage(np.zeros(1, "f4")), (1000,), (0,))
    refused({1: writer.Tensor(expanded, (1000,), (1,), kind="torch.FloatTensor")})
    refused({1: writer.Tensor(writer.Storage(np.zeros(8, "f4")), (8,), (1,), kind="torch.DoubleTensor")})
    refused({1: writer.Tensor({"a": 1}, (8,), (1,), kind="torch.DoubleTensor")})


def test_an_object_without_fields_and_an_array_as_a_key_are_refused(refused):
    assert "has no fields" in refused(writer.Object("nn.Odd\n", 3))
    assert "as a key" in refused({writer.tensor(np.zeros(2, "f4")): 1})


def test_an_expanded_buffer_is_read_without_its_memory(back):
    buffer = writer.Tensor(writer.Storage(np.ones(3, "f4")), (10**6, 10**6, 3), (0, 0, 1))
    assert back(writer.Object("nn.Replicate", {"output": buffer})).fields["output"].shape == (10**6, 10**6, 3)


def test_reading_changes_no_file(back, tmp_path):
    read = back({1: writer.tensor(np.zeros(4, "f4"))})
    read[1][:] = 1
    assert np.array_equal(read_t7(tmp_path / "a.t7")[1], np.zeros(4)) and not isinstance(read, TorchObject)
