"""The things of a scene: how each is drawn, and in which colours it comes where."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.datasets.scenes.canvas import Lab, Pen, lit, mix

WHITE: Lab = (92, 0, 4)
SNOW: Lab = (90, -1, -5)
DARK: Lab = (24, 2, -4)
GLASS: Lab = (62, -8, -16)
BARK: Lab = (38, 12, 20)
STRAW: Lab = (70, 6, 38)
RED: Lab = (48, 56, 36)
BLUE: Lab = (46, 2, -46)
YELLOW: Lab = (80, 6, 66)
ORANGE: Lab = (64, 36, 56)
PINK: Lab = (64, 42, 4)
GREEN: Lab = (52, -38, 36)
RUST: Lab = (50, 40, 48)

Paints = tuple[Lab, ...]
Draw = Callable[[Pen, Paints, str, float, np.random.Generator], None]


def _pick(paints: Paints, rng: np.random.Generator) -> Lab:
    """One of the colours, a little off."""
    L, a, b = paints[rng.integers(len(paints))]
    return L + rng.uniform(-4, 4), a + rng.uniform(-3, 3), b + rng.uniform(-3, 3)


def _balls(pen: Pen, spots: list[tuple[float, float, float]], lab: Lab, sun: float) -> None:
    """A cluster of round clumps (x, y, radius) in three tones, the lighter ones towards the sun."""
    for light, shrink, shift in ((0.78, 1.0, 0.0), (1.0, 0.84, 0.16), (1.16, 0.5, 0.38)):
        for x, y, r in spots:
            pen.ellipse(x + sun * shift * r, y + shift * r, r * shrink, r * shrink, lit(lab, light))


def _leafy(pen: Pen, lab: Lab, sun: float, rng: np.random.Generator) -> None:
    pen.polygon([(-0.05, 0), (0.05, 0), (0.03, 0.5), (-0.03, 0.5)], BARK)
    angles = rng.uniform(0, 2 * np.pi) + np.arange(6) * (2 * np.pi / 6)
    wide = rng.uniform(0.17, 0.24)
    spots = [(wide * np.cos(t), 0.66 + 0.17 * np.sin(t), rng.uniform(0.11, 0.17)) for t in angles]
    _balls(pen, [*spots, (0.0, 0.66, 0.2)], lab, sun)


def _pine(pen: Pen, lab: Lab, sun: float, snowy: bool) -> None:
    pen.box(-0.03, 0, 0.03, 0.2, BARK)
    for tier in range(4):
        low, half = 0.12 + 0.2 * tier, 0.30 - 0.06 * tier
        tip = min(low + 0.38, 1.0)
        pen.polygon([(-half, low), (0, low + 0.05), (half, low), (0, tip)], lit(lab, 0.8))
        pen.polygon([(sun * half, low), (0, low + 0.05), (0, tip)], lit(lab, 1.12))
        if snowy:
            cap, reach = low + (tip - low) * 0.5, half * 0.52
            scallop = [(-reach, cap), (-reach / 2, cap + 0.05), (0, cap - 0.01), (reach / 2, cap + 0.05), (reach, cap)]
            pen.polygon([*scallop, (0, tip)], SNOW)
            pen.polygon(
                [(-sun * reach, cap), (-sun * reach / 2, cap + 0.05), (0, cap - 0.01), (0, tip)], lit(SNOW, 0.86)
            )


def _palm(pen: Pen, lab: Lab, sun: float, rng: np.random.Generator) -> None:
    lean = rng.uniform(-0.12, 0.12)
    trunk = [(lean * t * t * 0.8 - lean * 0.5, t * 0.72) for t in np.linspace(0, 1, 8)]
    width = np.linspace(0.04, 0.022, 8)
    edge = [(x + w, y) for (x, y), w in zip(trunk, width, strict=True)]
    pen.polygon([(x - w, y) for (x, y), w in zip(trunk, width, strict=True)] + edge[::-1], mix(BARK, STRAW, 0.35))
    x, y = trunk[-1]
    for i, angle in enumerate(np.linspace(-0.5, np.pi + 0.5, 8)):
        t = np.linspace(0, 1, 9)
        out, droop = 0.42 * t * np.cos(angle), 0.32 * t * np.sin(angle) - 0.24 * t * t
        half = 0.055 * np.sin(np.pi * np.clip(t * 0.92 + 0.08, 0, 1))
        rim = [(x + o, y + d + h) for o, d, h in zip(out, droop, half, strict=True)]
        keel = [(x + o, y + d - h) for o, d, h in zip(out, droop, half, strict=True)]
        bright = 1.15 if np.cos(angle) * sun > 0.2 else (0.95 if i % 2 else 0.82)
        pen.polygon(rim + keel[::-1], lit(lab, bright))


def _cypress(pen: Pen, lab: Lab, sun: float) -> None:
    pen.box(-0.02, 0, 0.02, 0.12, BARK)
    t = np.linspace(0, np.pi, 15)
    half, height = 0.105 * np.sin(t) ** 0.8, 0.06 + 0.47 * (1 - np.cos(t))
    shades = ((0.8, -1.0, 1.0), (1.0, 0.25 * sun - 0.6, 0.25 * sun + 0.6), (1.15, 0.3 * sun, 0.75 * sun))
    for light, left, right in shades:
        rim = [(left * w, h) for w, h in zip(half, height, strict=True)]
        pen.polygon(rim + [(right * w, h) for w, h in zip(half, height, strict=True)][::-1], lit(lab, light))


def tree(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A leafy tree on grass and leaves, a pine in snow, a palm on sand, a cypress among lavender."""
    lab = _pick(paints, rng)
    if ground == "snow":
        _pine(pen, lab, sun, snowy=True)
    elif ground == "sand":
        _palm(pen, lab, sun, rng)
    elif ground == "lavender":
        _cypress(pen, lab, sun)
    elif ground == "grass" and rng.random() < 0.3:
        _pine(pen, lit(lab, 0.9), sun, snowy=False)
    else:
        _leafy(pen, lab, sun, rng)


ROOFS: dict[str, Paints] = {
    "grass": ((46, 42, 34),), "sand": ((50, 34, 34),), "snow": (SNOW,),
    "leaves": ((44, 36, 34),), "lavender": ((54, 36, 40),),
}  # fmt: skip


def house(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A gabled house seen over the corner; its roof goes with the country it stands in."""
    wall, roof = _pick(paints, rng), _pick(ROOFS[ground], rng)
    s = sun  # the gable looks at the sun, the long side turns away
    pen.polygon([(-s * 0.62, 0.02), (-s * 0.62, 0.5), (0, 0.5), (0, 0)], lit(wall, 0.76))
    pen.polygon([(0, 0), (0, 0.5), (s * 0.27, 0.93), (s * 0.54, 0.5), (s * 0.54, 0)], lit(wall, 1.04))
    pen.box(-s * 0.42, 0.7, -s * 0.3, 1.0, lit(wall, 0.7))
    pen.polygon([(s * 0.3, 0.97), (-s * 0.38, 0.95), (-s * 0.7, 0.46), (-s * 0.02, 0.44)], lit(roof, 0.94))
    pen.polygon([(s * 0.24, 0.97), (s * 0.31, 0.97), (s * 0.61, 0.46), (s * 0.55, 0.43)], lit(roof, 1.1))
    for x in (-0.46, -0.22):
        pen.box(s * x - 0.065, 0.17, s * x + 0.065, 0.36, lit(wall, 1.15))
        pen.box(s * x - 0.05, 0.185, s * x + 0.05, 0.345, GLASS)
    pen.box(s * 0.27 - 0.075, 0, s * 0.27 + 0.075, 0.34, mix(BARK, roof, 0.3))
    pen.ellipse(s * 0.27, 0.58, 0.06, 0.06, GLASS)


def boat(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A sailing boat; a hull of rust and yellow sails."""
    hull = _pick(paints, rng)
    sail = _pick((YELLOW, (74, 8, 62), (84, 2, 58)), rng)
    pen.box(-0.012, 0.1, 0.012, 1.0, BARK)
    pen.polygon([(sun * 0.03, 0.22), (sun * 0.03, 0.97), (sun * 0.16, 0.6), (sun * 0.38, 0.22)], lit(sail, 1.02))
    pen.polygon([(-sun * 0.03, 0.24), (-sun * 0.03, 0.88), (-sun * 0.14, 0.55), (-sun * 0.3, 0.24)], lit(sail, 0.84))
    pen.polygon([(sun * 0.03, 0.44), (sun * 0.03, 0.54), (sun * 0.19, 0.54), (sun * 0.25, 0.44)], hull)
    pen.polygon([(-0.46, 0.2), (0.46, 0.2), (0.3, 0), (-0.32, 0)], lit(hull, 0.86))
    pen.polygon([(sun * 0.46, 0.2), (-sun * 0.1, 0.2), (-sun * 0.05, 0), (sun * 0.31, 0)], lit(hull, 1.05))
    pen.box(-0.46, 0.17, 0.46, 0.21, WHITE)


def car(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A small car from the side."""
    lab = _pick(paints, rng)
    f = 1.0 if rng.random() < 0.5 else -1.0  # which way it drives
    cabin = ((-0.62, 0.5), (-0.5, 0.9), (-0.34, 1), (0.2, 1), (0.34, 0.9), (0.56, 0.5))
    pen.polygon([(f * x, y) for x, y in cabin], lit(lab, 1.08))
    body = (
        (-0.98, 0.2), (-1.0, 0.42), (-0.92, 0.56), (-0.6, 0.62), (0.55, 0.62), (0.92, 0.52), (1.0, 0.38), (0.98, 0.2),
    )  # fmt: skip
    pen.polygon([(f * x, y) for x, y in body], lab)
    pen.polygon([(-0.99, 0.2), (0.99, 0.2), (0.99, 0.32), (-0.99, 0.32)], lit(lab, 0.78))
    pen.polygon([(f * x, y) for x, y in ((-0.5, 0.6), (-0.42, 0.87), (-0.1, 0.91), (-0.1, 0.6))], GLASS)
    pen.polygon([(f * x, y) for x, y in ((-0.03, 0.6), (-0.03, 0.91), (0.17, 0.9), (0.42, 0.6))], lit(GLASS, 1.12))
    pen.ellipse(f * 0.94, 0.44, 0.06, 0.07, (92, 0, 30))
    for x in (-0.56, 0.56):
        pen.ellipse(x, 0.2, 0.2, 0.2, DARK)
        pen.ellipse(x, 0.2, 0.1, 0.1, (76, 0, -2))


def balloon(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A hot-air balloon: gores in two colours over a basket."""
    one, other = _pick(paints, rng), _pick((YELLOW, (86, 4, 48)), rng)
    t = np.linspace(0, 1, 20)
    half = 0.36 * np.where(
        t > 0.42, np.sqrt(np.clip(1 - ((t - 0.42) / 0.58) ** 2, 0, 1)), 0.28 + 0.72 * np.sin(t / 0.42 * np.pi / 2)
    )
    height = 0.24 + 0.76 * t
    for share, lab in ((1.0, one), (0.72, other), (0.45, one), (0.15, other)):
        rim = [(share * w, h) for w, h in zip(half, height, strict=True)]
        pen.polygon([*rim, *((-x, y) for x, y in rim[::-1])], lab)
    pen.polygon([(-0.09, 0.26), (-0.07, 0.26), (-0.05, 0.1), (-0.06, 0.1)], BARK)
    pen.polygon([(0.09, 0.26), (0.07, 0.26), (0.05, 0.1), (0.06, 0.1)], BARK)
    pen.box(-0.07, 0, 0.07, 0.12, mix(BARK, STRAW, 0.4))


def sheep(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A sheep grazing or looking up."""
    wool = _pick(paints, rng)
    f = 1.0 if rng.random() < 0.5 else -1.0
    for x in (-0.36, -0.22, 0.2, 0.34):
        pen.box(x - 0.05, 0, x + 0.05, 0.4, DARK)
    ring = [(0.38 * np.cos(t), 0.58 + 0.16 * np.sin(t), 0.2) for t in np.linspace(0, 2 * np.pi, 9)[:-1]]
    _balls(pen, [*ring, (0.0, 0.6, 0.28)], wool, sun)
    head = rng.choice([0.38, 0.72])
    pen.ellipse(f * 0.62, head, 0.15, 0.17, DARK)
    pen.ellipse(f * 0.54, head + 0.13, 0.13, 0.1, lit(wool, 1.05))


def pumpkin(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A ribbed pumpkin with a green stalk."""
    lab = _pick(paints, rng)
    pen.polygon([(-0.06, 0.74), (0.06, 0.74), (0.12, 0.98), (0.0, 1.0)], (44, -22, 30))
    for x, light in ((0.44, 0.8), (0.24, 1.0), (0.0, 0.9)):
        for side in (-1, 1):
            pen.ellipse(side * x, 0.42, 0.27, 0.41, lit(lab, light + 0.14 * (side * sun > 0)))
    pen.ellipse(0, 0.42, 0.15, 0.41, lit(lab, 1.08))


def ball(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A beach ball: white with panels of one colour that meet near the top."""
    lab = _pick(paints, rng)
    turn, hub = rng.uniform(0, 2 * np.pi), (0.1 * sun, 0.62)
    pen.ellipse(0, 0.5, 0.5, 0.5, WHITE)
    for panel in range(3):
        arc = turn + 2 * np.pi / 3 * panel + np.linspace(0, 0.5 * np.pi, 9)
        pen.polygon([hub, *((0.5 * np.cos(t), 0.5 + 0.5 * np.sin(t)) for t in arc)], lab)
    pen.ellipse(*hub, 0.08, 0.08, WHITE)


def parasol(pen: Pen, paints: Paints, ground: str, sun: float, rng: np.random.Generator) -> None:
    """A striped parasol stuck in the sand."""
    lab = _pick(paints, rng)
    pen.box(-0.02, 0, 0.02, 0.7, (80, 2, 14))
    t = np.linspace(0, np.pi, 17)
    for share, tone in ((1.0, lab), (0.72, WHITE), (0.42, lab), (0.14, WHITE)):
        dome = [(0.5 * share * np.cos(a), 0.6 + 0.4 * np.sin(a) ** 0.9) for a in t]
        hem = [(0.5 * share * x, 0.6 + 0.03 * np.cos(7 * np.pi * x)) for x in np.linspace(-1, 1, 15)]
        pen.polygon([*dome, *hem], tone)


@dataclass(frozen=True)
class Thing:
    """How tall a thing is in the foreground (in picture heights), how wide, and its colours by ground.

    Things fill as much of the picture as VOC's objects do: networks for small squares see a cell for each 8 pixels. A
    boat, car, balloon, pumpkin, ball or parasol has nearly one colour everywhere, which only its kind tells: its greys
    are those of other things.
    """

    draw: Draw
    height: float
    half_width: float  # in its own heights
    paints: dict[str, Paints]


_CAR = (RED, (42, 54, 34), (56, 52, 34))

THINGS: dict[str, Thing] = {
    "tree": Thing(tree, 0.72, 0.42, {
        "grass": (GREEN, (46, -34, 30), (57, -36, 38)), "sand": ((50, -36, 34),), "snow": ((42, -28, 16),),
        "leaves": (ORANGE, (54, 40, 50), (68, 30, 58)), "lavender": ((42, -28, 26),),
    }),
    "house": Thing(house, 0.56, 0.72, {
        "grass": (WHITE, (86, 2, 14)), "sand": (WHITE,), "snow": ((52, 14, 36), (60, 12, 38)),
        "leaves": (WHITE, (86, 2, 14)), "lavender": ((78, 12, 34), (74, 14, 30)),
    }),
    "boat": Thing(boat, 0.60, 0.48, {"sea": (RUST, (58, 36, 44))}),
    "car": Thing(car, 0.38, 1.02, dict.fromkeys(("grass", "sand", "snow", "leaves", "lavender"), _CAR)),
    "balloon": Thing(balloon, 0.58, 0.38, {"sky": (ORANGE, (58, 44, 54), (70, 28, 58))}),
    "sheep": Thing(sheep, 0.42, 0.8, {"grass": ((84, 1, 10), (88, 0, 6)), "lavender": ((84, 1, 10),)}),
    "pumpkin": Thing(pumpkin, 0.44, 0.72, {"leaves": (ORANGE, (68, 30, 62))}),
    "ball": Thing(ball, 0.42, 0.52, dict.fromkeys(("sand", "grass"), (BLUE, (54, -2, -44), (40, 10, -48)))),
    "parasol": Thing(parasol, 0.64, 0.52, {"sand": (PINK, (56, 50, -2))}),
}  # fmt: skip
