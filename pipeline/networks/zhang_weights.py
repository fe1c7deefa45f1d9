"""Zhang et al.'s published ECCV 2016 weights as a start for training: their trunk is ours, layer by layer."""

import re
from pathlib import Path

from pipeline.networks.network import ColorizationNet
from pipeline.networks.pytorch_file import read_pytorch
from pipeline.settings.errors import UserError

# The authors' PyTorch port (github.com/richzhang/colorization, colorizers/eccv16.py, BSD-2-Clause) numbers its blocks
# model1 to model8, with the layers in our order. Its last layer, model_out, turns 313 probabilities into ab; ours does
# that in gamut.decode.
BLOCK = re.compile(r"model([1-8])\.(\d+\.\w+)")


def load_zhang(network: ColorizationNet, path: Path) -> None:
    """Put the port's checkpoint (colorization_release_v2-9b330a0b.pth) into the trunk; the semantic head keeps its own.

    Raises `UserError` for a missing, damaged or unsafe file, and for another network's or another width's weights.
    """
    stored = {BLOCK.sub(r"conv\1.\2", name): value for name, value in read_pytorch(path).items()}
    trunk = {name: value for name, value in network.state_dict().items() if not name.startswith("semantic")}
    missing = sorted(set(trunk) - set(stored))
    if missing:
        raise UserError(f"{path} lacks {missing[0]} and {len(missing) - 1} more layers of Zhang's ECCV 2016 network.")
    for name, value in trunk.items():
        if stored[name].shape != value.shape:
            raise UserError(
                f"{path} has {name} of shape {tuple(stored[name].shape)}, but the network has {tuple(value.shape)}; "
                "the published weights need `width: 1.0`."
            )
    network.load_state_dict({name: stored[name] for name in trunk}, strict=False)
