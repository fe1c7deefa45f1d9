"""YAML is read as DVC reads it, and what another reader would take silently is a sentence."""

import pytest
from dvc.utils.serialize import parse_yaml

from pipeline.settings.errors import UserError
from pipeline.settings.yaml_file import read_yaml
from tests.conftest import ROOT


def read(tmp_path, text: str | bytes) -> object:
    path = tmp_path / "any.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path, "make it.")


def test_numbers_without_a_point_are_numbers_and_no_is_a_word(tmp_path):
    content = read(tmp_path, "a: 1e-3\nb: [no, yes, on, off]\nc: [true, false, null]\nd: 1:30\n")
    assert content == {"a": 0.001, "b": ["no", "yes", "on", "off"], "c": [True, False, None], "d": "1:30"}


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [("a: 1\nb: 2\na: 3\n", 3, "a"), ("t:\n  epochs: 1\n  epochs: 2\n", 3, "epochs"), ("a: {b: 1, b: 1}", 1, "b")],
)
def test_a_key_that_is_there_twice_is_refused_with_its_line(tmp_path, text, line, key):
    with pytest.raises(UserError, match=rf"any\.yaml, line {line}: the key '{key}' is there twice in one block"):
        read(tmp_path, text)


def test_a_block_may_take_over_another_and_change_it(tmp_path):
    assert read(tmp_path, "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n") == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}


def test_it_is_read_as_dvc_reads_it(tmp_path):
    """DVC reads params.yaml with ruamel.yaml, and hashes what that makes of it."""
    values = "1e-3 1E5 1e+3 .5 5. -0.25 0777 0o17 0x1F 1_000 -3 +4 .inf -.INF no yes on off true False TRUE ~ null y n"
    values += " 1:30 '1e-3' \"no\" 1.2.3 1e e5 - . 0x 1_0.5 2024-01-02"
    text = "".join(f"k{number}: {value}\n" for number, value in enumerate(values.split()) if value != "-")
    text += "base: &base {x: 1, y: &deep {<<: {z: 3, x: 1}, z: 4}}\nuses: {<<: *base, x: 2, own: {<<: *deep, x: 5}}\n"
    assert read(tmp_path, text) == parse_yaml(text, "any.yaml")
    assert read(tmp_path, (ROOT / "params.yaml").read_text()) == parse_yaml((ROOT / "params.yaml").read_text(), "p")


@pytest.mark.parametrize("text", ["a: [1", "a: \xfc".encode("latin-1"), "a: 2024-13-45", "- a\nb: 1", "\tx: 1"])
def test_what_is_no_yaml_is_one_sentence(tmp_path, text):
    with pytest.raises(UserError, match=r"any\.yaml is not valid YAML: ") as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n") == {"a": 1}
