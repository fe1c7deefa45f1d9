"""Files of protocols are read strictly, listed without torch, and name their photographs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from huebench.list_protocols import overview, shown
from huebench.protocols.listed import listed, sentence
from huebench.protocols.protocol import names, protocol, read
from pipeline.settings.errors import UserError
from tests.conftest import ROOT


def test_every_protocol_names_its_source_its_code_at_a_commit_and_its_photographs() -> None:
    assert names()[0] == "huebench" and {"zhang16", "ct2", "ddcolor", "coltran", "ipol26"} < set(names())
    for name in names():
        found, text = protocol(name), shown(protocol(name))
        assert found.source in " ".join(text.split()) or "https" in found.source
        assert name == "huebench" or (found.code and re.fullmatch("[0-9a-f]{40}", found.code.commit))
        assert found.difference.endswith(".") and f"\n{name}: " in f"\n{overview()}"
        for list in filter(None, (found.photographs, found.real_photographs)):
            assert listed(list).names
    assert len(listed("imagenet_ctest10k").names) == 10_000
    evaluated, reference = (listed(f"imagenet_coltran_{one}").names for one in ("eval", "reference"))
    assert len(evaluated) == len(reference) == 5_000 and not evaluated & reference
    assert min(listed("imagenet_val_first_5k").names) == "ILSVRC2012_val_00000001"


def test_missing_and_other_photographs_are_counted_and_the_first_are_named() -> None:
    wanted = listed("imagenet_val_first_5k").names
    assert sentence("ct2", "imagenet_val_first_5k", (f"val/{name}" for name in wanted)) == ""
    said = sentence("ct2", "imagenet_val_first_5k", ["cat", *sorted(wanted)[1:]])
    assert said.startswith("ct2 names 5,000 photographs (imagenet_val_first_5k): 1 of them are missing (ILSVRC2012_val")
    assert "1 of yours are others" in said


GOOD = "difference: Ours.\nsource: a paper\nmeasures: {psnr_rgb: as usual}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "colour: lab\n", "unknown parameter 'colour'"),
        (GOOD + "size: 8\n", "size"),
        (GOOD + "filter: lanczos\n", "filter is 'lanczos'"),
        (GOOD + "size: 256\nsize: 224\n", "is there twice"),
        ("difference: Ours.\nsource: a paper\n", "'measures' is missing"),
        (GOOD.replace("psnr_rgb", "psnr_gbr"), "did you mean 'psnr_rgb'"),
        (GOOD.replace("as usual", '""'), "each needs its convention"),
        (GOOD.replace("psnr_rgb", "fid"), "`fid` must say by which network"),
        (GOOD + "fid: {network: torchvision, features: 64, real: same, lowest: -1}\n", "for 2048 features alone"),
        (GOOD + "ssim: {window: gaussian, range: 225}\n", "the range is 255, not 225"),
        ("- a list\n", "should hold keys and values"),
    ],
)
def test_a_file_with_anything_that_has_no_meaning_is_refused_in_a_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=re.escape(said)) as error:
        read(path)
    assert "mine.yaml" in str(error.value) and "\n" not in str(error.value)


def test_the_list_of_protocols_needs_no_torch() -> None:
    code = "import sys; from huebench.cli import guarded; guarded('protocols'); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(f"{name}: " in done.stdout for name in names())
