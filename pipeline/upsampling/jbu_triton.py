"""Joint bilateral upsampling compiled for GPUs by Triton: equation 5 in float32, without gradients.

The lower bound is one exponential a weight. A Hopper multiprocessor computes 16 a clock, so 132 of them need 16
microseconds for 375 x 500 pixels of 19 x 19 weights; reading and writing the picture takes one. A multiprocessor starts
128 operations a clock, eight for each exponential, so everything else that a weight needs must fit into seven. Hence

- a thread takes the same column of `ROWS` rows. Their windows overlap, so one load from L1 serves all of them;
- f is separable: log f_x stays in registers, and f_y is multiplied in once for each row of the window;
- weights are not made relative to the largest. Few pixels of a photograph differ from all that they see. Where one
  does, its tile is computed again with exponents in float64 and relative to the largest.
"""

import math
from functools import lru_cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from pipeline.upsampling.window import SHAPES, Axis, window

ROWS, COLUMNS = 4, 128  # of a program's tile; with more rows, fewer of them would share what is loaded
FAINT = tl.constexpr(2.0**-16)  # below this k_p, exponents are so large that float32 would show in the weights
UNROLLED = tl.constexpr(32)  # columns of a window; more take all registers, and minutes to compile
LOG_0 = tl.constexpr(float("-inf"))


def upsample(
    chroma: Tensor, guidance: Tensor, guidance_low: Tensor, rows: Axis, columns: Axis, sigma_r: float
) -> Tensor:
    """What `plain_upsample` computes. Windows are copied once for a shape; nothing waits for the GPU."""
    low, light, light_low = (x.detach().contiguous() for x in (chroma, guidance, guidance_low))
    out = chroma.new_empty(*chroma.shape[:2], *guidance.shape[2:])
    (first_y, log_f_y), (first_x, log_f_x) = _tables(rows, chroma.device), _tables(columns, chroma.device)
    grid = triton.cdiv(columns.full, COLUMNS), triton.cdiv(rows.full, ROWS), len(chroma)
    with torch.cuda.device_of(chroma):
        upsample_tile[grid](
            *(low, light, light_low, out, first_y, log_f_y, first_x, log_f_x),
            *(rows.full, columns.full, rows.low, columns.low, len(log_f_y)),
            scale=math.sqrt(math.log2(math.e) / 2) / sigma_r,
            KX=len(log_f_x),
            ROWS=ROWS,
            COLUMNS=COLUMNS,
            num_warps=COLUMNS // 32,
            enable_fp_fusion=True,
        )
    return out


@lru_cache(2 * SHAPES)
def _tables(axis: Axis, device: torch.device) -> tuple[Tensor, Tensor]:
    """(P,) first and (K, P) log2 f, on the device."""
    first, log_f = (torch.from_numpy(x) for x in window(axis))
    return first.int().to(device), (log_f.T * math.log2(math.e)).float().contiguous().to(device)


@triton.jit(do_not_specialize=["H", "W", "h", "w", "KY"])
def upsample_tile(
    chroma,
    light,
    light_low,
    out,
    first_y,
    log_f_y,
    first_x,
    log_f_x,
    H,
    W,
    h,
    w,
    KY,
    scale,  # log2 g = -(scale (I_p - I_q))^2
    KX: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Equation 5 for a tile of ROWS x COLUMNS pixels of an image."""
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    y = tl.minimum(tl.program_id(1) * ROWS + tl.arange(0, ROWS), H - 1)  # below the image its last row again
    n = tl.program_id(2).to(tl.int64)
    # Masked beyond the image, not clamped: addresses that Triton sees to be consecutive put a warp along a row.
    p, inside = y[:, None] * W + x[None, :], (x < W)[None, :]
    light_p = tl.load(light + n * H * W + p, mask=inside, other=0)
    x = tl.minimum(x, W - 1)
    light_q, a_q, b_q = light_low + n * h * w, chroma + n * 2 * h * w, chroma + (n * 2 + 1) * h * w
    q_x, q_y = tl.load(first_x + x), tl.load(first_y + y)
    top, bottom = tl.min(q_y, axis=0), tl.max(q_y, axis=0) + KY

    a = tl.zeros([ROWS, COLUMNS], tl.float32)
    b, k_p = a, a
    for row in range(top, bottom):
        row_a = tl.zeros([ROWS, COLUMNS], tl.float32)
        row_b, row_k = row_a, row_a
        q = row * w + q_x
        at_light, at_a, at_b = light_q + q, a_q + q, b_q + q  # so that k is a constant in the address
        for k in tl.range(0, KX, loop_unroll_factor=KX if KX <= UNROLLED else UNROLLED // 4):
            difference = scale * (light_p - tl.load(at_light + k)[None, :])
            weight = tl.exp2(tl.load(log_f_x + k * W + x)[None, :] - difference * difference)
            row_a += weight * tl.load(at_a + k)[None, :]
            row_b += weight * tl.load(at_b + k)[None, :]
            row_k += weight
        f_y = tl.exp2(_log_f_row(log_f_y, y, row - q_y, H, KY))
        a, b, k_p = a + f_y * row_a, b + f_y * row_b, k_p + f_y * row_k

    if tl.min(tl.where(inside, k_p, 1)) < FAINT:
        largest = tl.full([ROWS, COLUMNS], -1e300, tl.float64)
        a, b, k_p = a * 0, b * 0, k_p * 0
        for row in range(top, bottom):
            log_f_row = _log_f_row(log_f_y, y, row - q_y, H, KY).to(tl.float64)
            for k in range(KX):
                q = row * w + q_x + k
                difference = scale * (light_p.to(tl.float64) - tl.load(light_q + q)[None, :])
                exponent = log_f_row + tl.load(log_f_x + k * W + x)[None, :] - difference * difference
                shrink = tl.exp2(tl.minimum(largest - exponent, 0).to(tl.float32))
                largest = tl.maximum(largest, exponent)
                weight = tl.exp2((exponent - largest).to(tl.float32))
                a = a * shrink + weight * tl.load(a_q + q)[None, :]
                b = b * shrink + weight * tl.load(b_q + q)[None, :]
                k_p = k_p * shrink + weight

    out += n * 2 * H * W
    tl.store(out + p, a / k_p, mask=inside)
    tl.store(out + H * W + p, b / k_p, mask=inside)


@triton.jit
def _log_f_row(log_f_y, y, k, H, KY):
    """(ROWS, 1) log2 f_y of the k-th row of each pixel's window, if it has a k-th."""
    return tl.load(log_f_y + k * H + y, mask=(k >= 0) & (k < KY), other=LOG_0)[:, None]
