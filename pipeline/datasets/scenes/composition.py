"""The composition of a scene: a place, an hour, layers of ground from far to near, and things that belong there."""

import numpy as np

from pipeline.datasets.scenes.canvas import Canvas, Pen, Texture, srgb
from pipeline.datasets.scenes.ground import GROUNDS, HOURS, Layer, Stage, paint_layer, paint_sky, ridge
from pipeline.datasets.scenes.things import THINGS

CLASSES: tuple[str, ...] = ("sky", *GROUNDS, *THINGS)

# The two grounds of each place, the far and the near one.
PLACES: tuple[tuple[str, str], ...] = (
    ("grass", "grass"), ("sea", "grass"), ("sea", "sand"), ("sand", "sand"), ("snow", "snow"), ("sea", "snow"),
    ("leaves", "leaves"), ("sea", "leaves"), ("lavender", "lavender"), ("grass", "lavender"), ("sand", "sea"),
)  # fmt: skip

# What stands on a ground, and how often.
DWELLERS: dict[str, dict[str, float]] = {
    "grass": {"tree": 2, "sheep": 2, "house": 1, "car": 1.5, "ball": 3},
    "sand": {"parasol": 2.5, "tree": 1.2, "ball": 3, "car": 1, "house": 0.5},
    "snow": {"tree": 3, "house": 1.2, "car": 2.5},
    "leaves": {"tree": 2.5, "pumpkin": 3, "house": 0.8, "car": 1.5},
    "lavender": {"tree": 2.5, "house": 1, "sheep": 1.5, "car": 1.5},
    "sea": {"boat": 1},
}


def paint(seed: int, index: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Paint scene `index` of the world `seed`.

    Returns RGB (height, width, 3) uint8 sRGB and the mask (height, width) uint8: an index into `CLASSES`, or `VOID`
    on the smooth borders. The scene depends on nothing but the four arguments; a larger size of the same aspect shows
    the same scene in more detail. Works from 16 x 16 on.
    """
    rng = np.random.default_rng((seed, index))
    place, light = PLACES[rng.integers(len(PLACES))], HOURS[rng.integers(len(HOURS))]
    stage = Stage(Canvas(height, width), Texture.grown(rng), light, float(rng.choice([-1, 1])), rng.uniform(0.34, 0.46))
    paint_sky(stage, rng)
    _launch_balloon(stage, rng)
    taken: list[tuple[float, float]] = []
    for layer in _layers(stage, place, rng):
        paint_layer(stage, layer, rng)
        _populate(stage, layer, taken, rng)
    return _developed(stage, rng), stage.canvas.mask


def _layers(stage: Stage, place: tuple[str, str], rng: np.random.Generator) -> list[Layer]:
    """The two grounds of a place: hills or mountains behind, water flat, hills before; lavender is planted in rows."""
    starts = stage.horizon, stage.horizon + 0.24
    rows = rng.uniform(0.6, 1) if "lavender" in place else 0.0
    layers = []
    for i, name in enumerate(place):
        before_water = place[i + 1 : i + 2] == ("sea",)
        height = starts[i] - (0.10 if before_water else 0.04) * (name != "sea")
        swing = 0.0 if name == "sea" else 0.03
        rough = rng.uniform(0.08, 0.16) if i == 0 and name == "snow" else 0.0
        top = ridge(stage.canvas.x, height, swing, rough, rng)
        layers.append(Layer(name, CLASSES.index(name), top, (*starts[1:], 1.0)[i], rows, far=i == 0))
    return layers


def _populate(stage: Stage, layer: Layer, taken: list[tuple[float, float]], rng: np.random.Generator) -> None:
    """Stand things on a layer, the far ones first; `taken` has the feet of all things so far."""
    dwellers = DWELLERS[layer.name]
    if layer.far:  # small things could not be made out there
        dwellers = {name: odds for name, odds in dwellers.items() if THINGS[name].height > 0.5}
    odds = np.array(list(dwellers.values()))
    names = rng.choice(list(dwellers), 1 + (layer.end == 1.0), p=odds / odds.sum())
    feet = [_free_spot(stage, layer, taken, rng) for _ in names]
    for name, (x, y) in zip(names, sorted(feet, key=lambda foot: foot[1]), strict=True):
        _stand(stage, str(name), layer, x, y, rng)


def _free_spot(
    stage: Stage, layer: Layer, taken: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[float, float]:
    """A foot (x, y) on the layer, the one of a few tries that keeps most clear of those taken; takes it."""
    x = rng.uniform(0.05, 0.95, 8) * stage.canvas.aspect
    top = np.interp(x, stage.canvas.x[0], layer.top[0])
    y = top + rng.uniform(0.15, 1, 8) * (min(layer.end + 0.02, 0.96) - top)
    clear = [min([3 * abs(px - tx) + abs(py - ty) for tx, ty in taken], default=0) for px, py in zip(x, y, strict=True)]
    best = int(np.argmax(clear))
    taken.append((float(x[best]), float(y[best])))
    return taken[-1]


def _stand(stage: Stage, name: str, layer: Layer, x: float, y: float, rng: np.random.Generator) -> None:
    """Draw one thing with its foot at (x, y), smaller towards the horizon, with a shadow or a mirror image."""
    thing = THINGS[name]
    near = min(max((y - stage.horizon) / (0.96 - stage.horizon), 0), 1)
    size = thing.height * (0.6 + 0.4 * near) * rng.uniform(0.88, 1.1)
    canvas = stage.canvas
    pen = Pen(size * canvas.height, thing.half_width, x * canvas.height, y * canvas.height)
    thing.draw(pen, thing.paints[layer.name], layer.name, stage.sun, rng)
    if layer.name != "sea":
        _cast_shadow(stage, x, y, size * thing.half_width)
    _place(stage, pen, name, 0.0, mirrored=layer.name == "sea", rng=rng)


def _launch_balloon(stage: Stage, rng: np.random.Generator) -> None:
    """A balloon in half of the scenes."""
    if rng.random() < 0.5:
        return
    thing, canvas = THINGS["balloon"], stage.canvas
    size = thing.height * rng.uniform(0.7, 1.0)
    x, y = canvas.aspect * rng.uniform(0.1, 0.9), max(stage.horizon * rng.uniform(0.55, 0.9), size + 0.02)
    pen = Pen(size * canvas.height, thing.half_width, x * canvas.height, y * canvas.height)
    thing.draw(pen, thing.paints["sky"], "sky", stage.sun, rng)
    _place(stage, pen, "balloon", 0.12, mirrored=False, rng=rng)


def _cast_shadow(stage: Stage, x: float, y: float, half_width: float) -> None:
    """A soft ellipse on the ground, away from the sun."""
    canvas, long = stage.canvas, half_width * (1.5 if stage.light.low_sun else 1.1)
    middle, flat = x - stage.sun * half_width * 0.5, max(half_width * 0.22, 0.012)
    rows, columns = _window(canvas, middle - long, y - flat, middle + long, y + flat)
    distance = ((canvas.x[:, columns] - middle) / long) ** 2 + ((canvas.y[rows] - y) / flat) ** 2
    canvas.dim(rows, columns, 1 - 0.3 * np.clip(1.25 - 1.25 * distance, 0, 1))


def _window(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
    """The pixels inside a rectangle given in picture heights."""
    rows = slice(max(int(top * canvas.height), 0), max(int(bottom * canvas.height) + 1, 0))
    return rows, slice(max(int(left * canvas.height), 0), max(int(right * canvas.height) + 1, 0))


def _place(stage: Stage, pen: Pen, name: str, haze: float, mirrored: bool, rng: np.random.Generator) -> None:
    """Round a drawn thing off with light, grain and air, and put it into the picture where it fits."""
    lab, coverage = pen.sprite()
    canvas = stage.canvas
    rows = slice(max(pen.top, 0), min(pen.top + len(coverage), canvas.height))
    columns = slice(max(pen.left, 0), min(pen.left + coverage.shape[1], canvas.lab.shape[1]))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    inside = slice(rows.start - pen.top, rows.stop - pen.top), slice(columns.start - pen.left, columns.stop - pen.left)
    lab, coverage = lab[inside], coverage[inside]
    across = (canvas.x[:, columns] * canvas.height - pen.foot[0]) / pen.size
    up = (pen.foot[1] - canvas.y[rows] * canvas.height) / pen.size
    grain = stage.texture.at(across * 40 + rng.uniform(0, 99), up * 40 + rng.uniform(0, 99))
    light = (0.95 + 0.16 * stage.sun * across + 0.14 * (up - 0.4) + 0.025 * grain) * (1 - haze)
    lab[..., 0] += 16 * coverage
    lab *= light[..., None]
    lab[..., 0] -= 16 * coverage
    lab[..., 1] += 1.5 * grain * coverage
    lab += np.array(stage.light.skyline, np.float32) * (haze * coverage)[..., None]
    if mirrored:
        _mirror(canvas, rows, columns, lab, coverage)
    canvas.lay(rows, columns, lab, coverage, CLASSES.index(name))


def _mirror(canvas: Canvas, rows: slice, columns: slice, lab: np.ndarray, coverage: np.ndarray) -> None:
    """The faint image of a boat in the water below it, pressed to half its height."""
    depth = min((rows.stop - rows.start) // 2, canvas.height - rows.stop)
    image = slice(None, None, -2)
    below = slice(rows.stop - 1, rows.stop - 1 + depth)
    fade = np.linspace(0.4, 0.05, depth, dtype=np.float32)[:, None]
    canvas.lay(below, columns, lab[image][:depth] * fade[..., None], coverage[image][:depth] * fade, None)


def _developed(stage: Stage, rng: np.random.Generator) -> np.ndarray:
    """The finished photograph: exposure, a vignette, the tint of the hour; uint8 sRGB."""
    canvas, light = stage.canvas, stage.light
    off_axis = (canvas.x / canvas.aspect - 0.5) ** 2 + (canvas.y - 0.5) ** 2
    canvas.dim(slice(None), slice(None), np.float32(rng.uniform(*light.exposure)) * (1.02 - 0.26 * off_axis))
    canvas.lab[..., 1:] += np.array(light.tint, np.float32)
    return srgb(canvas.lab)
