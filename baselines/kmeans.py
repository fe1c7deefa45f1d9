"""Data-dependent initial weights: k-means on patches, then every unit scaled to unit variance.

After Kraehenbuehl, Doersch, Donahue and Darrell, "Data-dependent Initializations of Convolutional Neural Networks",
ICLR 2016, which Zhang et al. 2016 start from. They whiten patches with PCA. Here each patch is normalised by itself and
clustered by its direction (Coates and Ng 2012), which needs no covariance of thousands of dimensions.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCHES_PER_CENTRE = 10
ITERATIONS = 8


@torch.no_grad()
def initialize(layers: Sequence[nn.Module], inputs: Tensor) -> None:
    """Set the convolutions' weights in `layers`, a chain that takes `inputs` (N, C, H, W), one after another.

    Convolutions get k-means centres; transposed ones, and the last convolution, keep their random directions. All are
    scaled and shifted so that their outputs have mean 0 and variance 1 for `inputs`.
    """
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    flowing = inputs
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            if isinstance(layer, nn.Conv2d) and layer is not convolutions[-1]:
                layer.weight.copy_(_centres(_patches(layer, flowing), layer.out_channels).view_as(layer.weight))
            _normalize(layer, flowing)
        flowing = layer(flowing)


def _patches(layer: nn.Conv2d, inputs: Tensor) -> Tensor:
    """(P, D) random patches of the convolution's input, each of mean 0 and length 1."""
    wanted = PATCHES_PER_CENTRE * layer.out_channels
    each = -(-wanted // len(inputs))
    found = []
    for image in inputs:  # one at a time: all patches of a batch need nine times its memory
        unfolded = F.unfold(image[None], layer.kernel_size, layer.dilation, layer.padding, layer.stride)[0]  # type: ignore[arg-type]
        at = torch.randint(unfolded.shape[1], (each,), device=unfolded.device)
        found.append(unfolded[:, at].T)
    patches = torch.cat(found)
    return F.normalize(patches - patches.mean(dim=1, keepdim=True), dim=1)


def _centres(patches: Tensor, count: int) -> Tensor:
    """(count, D) spherical k-means centres of (P, D); a centre without patches becomes a patch with noise."""
    centres = _some(patches, count)
    for _ in range(ITERATIONS):
        similarity = patches @ centres.T
        nearest = similarity.abs().argmax(dim=1)  # a filter and its negative see the same edge
        sign = similarity.gather(1, nearest[:, None]).sign()
        sums = torch.zeros_like(centres).index_add_(0, nearest, patches * sign)
        empty = sums.norm(dim=1) < 1e-6
        sums[empty] = _some(patches, int(empty.sum()))
        centres = F.normalize(sums, dim=1)
    return centres


def _some(patches: Tensor, count: int) -> Tensor:
    """(count, D) patches drawn with a little noise, so that no two are equal and none is zero."""
    drawn = patches[torch.randint(len(patches), (count,), device=patches.device)]
    noise = torch.randn_like(drawn) / drawn.shape[1] ** 0.5
    return F.normalize(drawn + 0.1 * noise, dim=1)


def _normalize(layer: nn.Conv2d | nn.ConvTranspose2d, inputs: Tensor) -> None:
    """Scale and shift each output channel to mean 0 and variance 1 over `inputs`."""
    assert layer.bias is not None
    layer.bias.zero_()
    outputs = layer(inputs)
    spread, mean = torch.std_mean(outputs, dim=(0, 2, 3))
    spread = spread.clamp(min=1e-3)
    layer.weight.div_(spread[:, None, None, None] if isinstance(layer, nn.Conv2d) else spread[None, :, None, None])
    layer.bias.copy_(-mean / spread)
