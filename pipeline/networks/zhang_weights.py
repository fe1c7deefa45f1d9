"""Zhang et al.'s published ECCV 2016 weights as a start for training: their trunk is ours, layer by layer."""

import re
from pathlib import Path

from pipeline.networks.network import ColorizationNet
from pipeline.networks.pytorch_file import fill, read_pytorch

# The authors' PyTorch port (github.com/richzhang/colorization, colorizers/eccv16.py, BSD-2-Clause) numbers its blocks
# model1 to model8, with the layers in our order. Its last layer, model_out, turns 313 probabilities into ab; ours does
# that in gamut.decode.
BLOCK = re.compile(r"model([1-8])\.(\d+\.\w+)")


def load_zhang(network: ColorizationNet, path: Path) -> None:
    """Put the port's checkpoint (colorization_release_v2-9b330a0b.pth) into the trunk; the semantic head keeps its own.

    Raises `UserError` for a missing, damaged or unsafe file, and for another network's or another width's weights.
    """
    stored = {BLOCK.sub(r"conv\1.\2", name): value for name, value in read_pytorch(path).items()}
    own = network.state_dict()
    trunk = {name: value for name, value in stored.items() if name in own and not name.startswith("semantic")}
    head = {name: value for name, value in own.items() if name.startswith("semantic")}
    fill(network, {**trunk, **head}, path, "; the published weights need `width: 1.0`")
