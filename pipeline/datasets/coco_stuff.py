"""COCO-Stuff 10k v1.1: 9,000 + 1,000 photographs with every pixel's thing or stuff class in a Matlab file."""

from pathlib import Path

import numpy as np

from pipeline.datasets.listing import as_on_disk, read_file, read_split_list
from pipeline.datasets.source import Orientation, Photograph, check_orientation
from pipeline.packs.decode import decode_matlab
from pipeline.packs.masks import MaskHeader
from pipeline.settings.errors import UserError

# Names and ids 0 to 182 as in the authors' labels.txt (github.com/nightrome/cocostuff). The paper counts "182 object
# classes and a background class", and the size that it prints fits a head of 183 channels. So 0, "unlabeled", is its
# background: a class that is learnt and scored like the others, and there is no void. Of the 182, 11 never occur
# (street sign, hat, shoe, ...). Their ids are kept, so that the mask's values are the dataset's own.
CLASSES = tuple(
    """unlabeled, person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant,
    street sign, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe,
    hat, backpack, umbrella, shoe, eye glasses, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite,
    baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, plate, wine glass, cup, fork, knife,
    spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch,
    potted plant, bed, mirror, dining table, window, desk, toilet, door, tv, laptop, mouse, remote, keyboard,
    cell phone, microwave, oven, toaster, sink, refrigerator, blender, book, clock, vase, scissors, teddy bear,
    hair drier, toothbrush, hair brush, banner, blanket, branch, bridge, building-other, bush, cabinet, cage,
    cardboard, carpet, ceiling-other, ceiling-tile, cloth, clothes, clouds, counter, cupboard, curtain, desk-stuff,
    dirt, door-stuff, fence, floor-marble, floor-other, floor-stone, floor-tile, floor-wood, flower, fog, food-other,
    fruit, furniture-other, grass, gravel, ground-other, hill, house, leaves, light, mat, metal, mirror-stuff, moss,
    mountain, mud, napkin, net, paper, pavement, pillow, plant-other, plastic, platform, playingfield, railing,
    railroad, river, road, rock, roof, rug, salad, sand, sea, shelf, sky-other, skyscraper, snow, solid-other, stairs,
    stone, straw, structural-other, table, tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete,
    wall-other, wall-panel, wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind, window-other,
    wood""".replace("\n    ", " ").split(", ")
)
SPLIT_LISTS = {"train": "imageLists/train.txt", "val": "imageLists/test.txt"}


class CocoStuff:
    """COCO-Stuff 10k. `root` has `images/`, `annotations/` and `imageLists/`, itself or in `cocostuff-10k-v1.1/`."""

    classes = CLASSES

    def __init__(self, root: Path, mask_orientation: Orientation = "unknown") -> None:
        check_orientation(mask_orientation)
        self.mask_orientation = mask_orientation
        inner = root / "cocostuff-10k-v1.1"
        self.root = inner if inner.is_dir() else root
        if not (self.root / "imageLists").is_dir():
            raise UserError(f"there is no COCO-Stuff 10k in {root}: the folder imageLists/ is missing.")

    def photographs(self, split: str) -> list[Photograph]:
        """The 9,000 of train.txt ("train"), or the 1,000 of test.txt ("val")."""
        ids = read_split_list(self.root / SPLIT_LISTS[split])
        files = [(Path(f"images/{id}.jpg"), Path(f"annotations/{id}.mat")) for id in ids]
        return [
            Photograph(id, *(as_on_disk(self.root, file) for file in both)) for id, both in zip(ids, files, strict=True)
        ]

    def image_bytes(self, photograph: Photograph) -> bytes:
        """The JPEG as it is in the dataset."""
        return read_file(self.root / str(photograph.image))

    def mask(self, photograph: Photograph) -> np.ndarray:
        """(H, W) uint8: 0 unlabeled, 1 to 91 things, 92 to 182 stuff."""
        path = self.root / str(photograph.mask)
        labels = decode_matlab(read_file(path), "S", str(path))
        wrong = labels[~np.isin(labels, range(len(CLASSES)))]  # Matlab may have stored the whole numbers as doubles
        if wrong.size:
            raise UserError(f"{path} holds the class id {wrong.flat[0]}; COCO-Stuff 10k v1.1 has 0 to 182.")
        return labels.astype(np.uint8)

    def mask_header(self, photograph: Photograph) -> MaskHeader:
        """Nothing, as a Matlab file holds numbers only."""
        return MaskHeader()

    def left_out(self) -> list[str]:
        """Nothing, as lists name the photographs."""
        return []
