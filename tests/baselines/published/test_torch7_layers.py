"""The layers of a Torch7 network: their order in graphs and containers, and their weights' shapes."""

import numpy as np
import pytest

from baselines.published.torch7 import read_t7
from baselines.published.torch7_layers import layers
from pipeline.settings.errors import UserError
from tests.baselines.published.torch7_writer import Function, Object, Storage, Tensor, tensor, written

NUMBERS = np.random.default_rng(4)


def floats(*shape):
    return NUMBERS.normal(size=shape)


def sequential(*modules):
    return Object("nn.Sequential", {"modules": dict(enumerate(modules, 1)), "train": False})


def node(module=None):
    return Object("nngraph.Node", {"data": {"module": module} if module else {}, "children": {}})


@pytest.fixture
def found(tmp_path):
    def write_and_walk(model):
        (tmp_path / "a.t7").write_bytes(written(model))
        return list(layers(read_t7(tmp_path / "a.t7")))

    return write_and_walk


def test_a_graphs_layers_come_as_its_nodes_run(found):
    relu, weight = Object("nn.ReLU", {}), floats(4, 3, 3, 3)
    convolution = Object("nn.SpatialConvolution", {"weight": tensor(weight), "gradWeight": tensor(weight)})
    nodes = [node(), node(sequential(convolution, relu)), node(sequential(Object("nn.Linear", {}), Function()))]
    nodes[0].fields["children"] = {nodes[1]: 1, 1: nodes[1]}
    nodes[1].fields["children"] = {1: nodes[0]}  # a cycle
    graph = Object("nn.gModule", {"forwardnodes": dict(enumerate(nodes, 1)), "modules": {1: relu, 2: convolution}})
    read = found(graph)
    assert [(layer.place, layer.kind) for layer in read] == [
        ("forwardnodes.2.module.modules.1", "nn.SpatialConvolution"),
        ("forwardnodes.2.module.modules.2", "nn.ReLU"),
        ("forwardnodes.3.module.modules.1", "nn.Linear"),
    ]
    assert list(read[0].arrays) == ["weight"] and np.array_equal(read[0].arrays["weight"], weight.astype("f4"))


def test_more_than_nine_modules_stay_in_order(found):
    kinds = [f"nn.Layer{index}" for index in range(12)]
    assert [layer.kind for layer in found(sequential(*(Object(kind, {}) for kind in kinds)))] == kinds


def test_a_module_in_two_places_comes_once_and_one_in_itself_ends(found):
    shared = Object("nn.ReLU", {})
    outer = sequential(shared, sequential(shared))
    outer.fields["modules"][3] = outer
    assert [layer.place for layer in found(outer)] == ["modules.1"]


def test_folded_kernels_get_their_four_dimensions(found):
    weight = floats(4, 3 * 3 * 2)
    module = Object("nn.SpatialConvolutionMM", {"weight": tensor(weight), "bias": tensor(floats(4)), "kH": 3, "kW": 2})
    (layer,) = found(module)
    assert np.array_equal(layer.arrays["weight"], weight.reshape(4, 3, 3, 2).astype("f4"))
    linear = Object("nn.Linear", {"weight": tensor(weight)})
    assert found(linear)[0].arrays["weight"].shape == (4, 18)


@pytest.mark.parametrize("sides", [(5, 5), (0, 3), (-1, -1), ("a", 3), (3.5, 2)])
def test_kernels_that_do_not_fit_are_refused(found, sides):
    fields = {"weight": tensor(floats(4, 18)), "kH": sides[0], "kW": sides[1]}
    with pytest.raises(UserError, match="for kernels"):
        found(Object("nn.SpatialConvolutionMM", fields))


def test_old_batch_normalisations_get_their_variance(found):
    variance, mean, eps = NUMBERS.uniform(0.5, 2, size=4), floats(4), 1e-3
    new = {"running_mean": tensor(mean), "running_var": tensor(variance), "eps": eps}
    old = {"running_mean": tensor(mean), "running_std": tensor((variance + eps) ** -0.5), "eps": eps}
    for fields in (new, old):
        (layer,) = found(Object("nn.SpatialBatchNormalization", fields))
        assert set(layer.arrays) == {"running_mean", "running_var"}
        assert np.allclose(layer.arrays["running_var"], variance, atol=1e-6)


def test_weights_are_copies_that_torch_can_take_over(found):
    storage = Storage(floats(24))
    (layer,) = found(Object("nn.Linear", {"weight": Tensor(storage, (4, 6), (1, 4)), "name": "odd"}))
    weight = layer.arrays["weight"]
    assert weight.dtype == np.float32 and weight.flags.owndata and weight.flags.c_contiguous and weight.flags.aligned


@pytest.mark.parametrize(("sizes", "strides"), [((10**6, 10**6), (0, 0)), ((4, 4), (1, 1))])
def test_weights_that_repeat_themselves_are_refused(found, sizes, strides):
    with pytest.raises(UserError, match="repeat themselves"):
        found(Object("nn.Linear", {"weight": Tensor(Storage(np.ones(7, "f4")), sizes, strides)}))
