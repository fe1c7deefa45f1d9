"""The grounds of a scene: the sky and its clouds, and layers of land and water with their textures."""

from dataclasses import dataclass

import numpy as np

from pipeline.datasets.scenes.canvas import Canvas, Lab, Texture


@dataclass(frozen=True)
class Light:
    """The hour of a scene."""

    zenith: Lab
    skyline: Lab
    cloud: Lab
    exposure: tuple[float, float]  # the range a scene draws from
    tint: tuple[float, float]  # added to (a, b) of everything
    low_sun: bool


HOURS = (
    Light((59, -4, -34), (83, -8, -18), (93, -1, -3), (0.92, 1.06), (0, 0), False),
    Light((62, -1, -35), (85, -3, -13), (92, 2, -1), (0.92, 1.04), (1, -1), False),
    Light((55, 7, -27), (80, 15, 23), (82, 18, 16), (0.80, 0.90), (4, 6), True),
)


@dataclass(frozen=True)
class Ground:
    """A ground: its colour in the hollows and on the crests of its texture, and the texture's stretch.

    All grounds share one noise and nearly one range of lightness; they differ in colour and in their pattern.
    """

    low: Lab
    high: Lab
    accent: Lab  # flowers, foam, pebbles: the rare crests
    hue: tuple[float, float]  # (a, b) from one clump to the next
    stretch: tuple[float, float]  # texture frequency across and into the picture
    contrast: float
    weave: tuple[float, float] | None = None  # frequency across and into the picture of its tufts or ripples


GROUNDS: dict[str, Ground] = {
    "grass": Ground((48, -33, 32), (75, -31, 40), (86, -24, 42), (2, 2), (20, 8), 0.8, (16, 16)),
    "sand": Ground((57, 7, 28), (83, 4, 29), (92, 3, 24), (2, 2), (8, 12), 0.5, (0, 32)),
    "snow": Ground((60, 8, -22), (88, 5, -16), (95, 2, -8), (2, 2), (5, 5), 0.5),
    "leaves": Ground((46, 29, 42), (75, 25, 46), (64, 32, 46), (2, 2), (20, 13), 1.8),
    "lavender": Ground((46, 26, -30), (73, 24, -28), (80, 20, -22), (2, 2), (20, 8), 1.0),
    "sea": Ground((50, -26, -18), (75, -28, -14), (90, -14, -8), (2, 2), (5, 18), 0.9),
}


@dataclass(frozen=True)
class Stage:
    """What all steps of one scene share."""

    canvas: Canvas
    texture: Texture
    light: Light
    sun: float  # the side the light comes from: -1 left, 1 right
    horizon: float  # in picture heights


@dataclass(frozen=True)
class Layer:
    """One ground of a scene, from its upper edge down to about where the next layer begins."""

    name: str
    label: int
    top: np.ndarray  # (1, W) in picture heights
    end: float  # in picture heights
    rows: float  # the strength of planted rows that meet at the horizon
    far: bool


def paint_sky(stage: Stage, rng: np.random.Generator) -> None:
    """Fill the whole picture with the sky: a gradient down to the horizon, the glow of a low sun, drifting clouds."""
    canvas, texture, light, horizon = stage.canvas, stage.texture, stage.light, stage.horizon
    x, y = canvas.x, canvas.y
    fall = np.clip(y / (horizon + 0.06), 0, 1)[..., None] ** np.float32(1.3)
    zenith, skyline = np.array(light.zenith, np.float32), np.array(light.skyline, np.float32)
    canvas.lab[:] = zenith + (skyline - zenith) * fall
    sun_x, sun_y = canvas.aspect * (0.5 + stage.sun * rng.uniform(0.15, 0.4)), horizon - rng.uniform(0.08, 0.2)
    clouds, u, v = rng.uniform(0, 0.8), rng.uniform(0, 128), rng.uniform(0, 128)
    if light.low_sun:
        distance = np.hypot(x - sun_x, y - sun_y)
        _blend(canvas.lab, (88, 12, 48), 0.75 * np.exp(-((distance / 0.22) ** 2)))
        disc = np.clip((0.055 - distance) * canvas.height + 0.5, 0, 1)
        _blend(canvas.lab, (97, -2, 28), disc)
    depth = 1 / (horizon * 1.25 - np.minimum(y, horizon) + 0.05)  # clouds crowd together towards the horizon
    billow = texture.at(u + (x - canvas.aspect / 2) * depth * 3.2, v + depth * 4.5)
    wisp = texture.at(v + x * 22, u + y * 40)
    cover = np.clip((billow + 0.22 * wisp - 1.15 + clouds * 0.7) * 1.3, 0, 1)
    _blend(canvas.lab, light.cloud, 0.85 * cover * cover * (3 - 2 * cover))


def ridge(x: np.ndarray, height: float, swing: float, rough: float, rng: np.random.Generator) -> np.ndarray:
    """The upper edge of a layer, (1, W) in picture heights: slow waves, and with `rough` peaks upon them."""
    top = np.full_like(x, height)
    for wave in (1.0, 2.1, 4.3):
        top += swing / wave * np.sin(x * wave * rng.uniform(1.8, 3.2) + rng.uniform(0, 2 * np.pi))
    for wave in (1.0, 2.3, 5.1):
        phase = x * wave * rng.uniform(1.2, 1.8) + rng.uniform(0, 1)
        top -= rough / wave * (1 - 2 * np.abs(phase % 1 - 0.5))
    return top.astype(np.float32)


def paint_layer(stage: Stage, layer: Layer, rng: np.random.Generator) -> None:
    """Cover the picture from the layer's upper edge down to its end, and a little further, with its ground."""
    canvas, ground = stage.canvas, GROUNDS[layer.name]
    window = slice(max(int(layer.top.min() * canvas.height - 1), 0), int(min(layer.end + 0.05, 1) * canvas.height) + 1)
    below = canvas.y[window] - layer.top
    grain, clump, speck, furrow = _texture(stage, layer, ground, window, rng)
    slope = np.clip(np.gradient(layer.top[0]) * canvas.height, -1, 1)
    crest = np.exp(np.minimum(-below, 0) / 0.05)  # only there does the slope catch the light
    form = (0.30 - 0.5 * stage.sun * slope) * crest - 0.35 * below
    tone = 0.5 + ground.contrast * (0.15 * grain + 0.14 * clump + 0.09 * speck) + 0.3 * furrow + form
    low, high = np.array(ground.low, np.float32), np.array(ground.high, np.float32)
    lab = low + (high - low) * np.clip(tone, 0, 1)[..., None]
    lab[..., 1] += ground.hue[0] * clump
    lab[..., 2] += ground.hue[1] * (grain - clump) * 0.7
    _blend(lab, ground.accent, np.clip((speck + 0.5 * grain - 2.2) * 2, 0, 0.85))
    coverage = np.clip(below * canvas.height + 0.5, 0, 1)
    canvas.lay(window, slice(None), lab * coverage[..., None], coverage, layer.label)


def _texture(
    stage: Stage, layer: Layer, ground: Ground, window: slice, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | float]:
    """Middling, coarse and fine noise and the rows, tufts or ripples of a layer, each (h, W), flat in perspective."""
    canvas, texture = stage.canvas, stage.texture
    u, v, vanishing = rng.uniform(0, 128), rng.uniform(0, 128), canvas.aspect * rng.uniform(0.3, 0.7)
    depth = 1 / np.maximum(canvas.y[window] - float(layer.top.min()) + 0.16, 0.16)
    across = (canvas.x - vanishing) * depth
    columns, rows = across * ground.stretch[0], depth * ground.stretch[1]
    grain = texture.at(u + columns, v + rows)
    clump = texture.at(v + columns / 7, u + rows / 5)
    speck = texture.at(u + columns * 2.6, v + rows * 2.6)
    furrow = layer.rows * np.cos(across * 14 + 0.5 * clump) if layer.rows else 0.0
    if ground.weave and not layer.rows:
        near = np.minimum(1, (2.2 / depth) ** 2)  # further off they are too fine to be seen
        u_weave, v_weave = ground.weave
        furrow = near * np.cos(across * u_weave + 0.4 * clump) * np.cos(depth * v_weave + 1.2 * clump)
    return grain, clump, speck, furrow


def _blend(lab: np.ndarray, colour: Lab, share: np.ndarray) -> None:
    """Move `lab` (h, w, 3) towards a colour by its `share` (h, w), in place."""
    lab += (np.array(colour, np.float32) - lab) * share[..., None].astype(np.float32)
