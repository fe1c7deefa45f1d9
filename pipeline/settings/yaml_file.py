"""YAML files as DVC reads them, by YAML 1.2: `1e-3` is a number, `no` is a word, and no key comes twice."""

import re
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from pipeline.settings.errors import UserError

# What YAML 1.2 takes for a number or a truth value: the tag, how it is written, and how it begins.
SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
)


class Loader(yaml.SafeLoader):
    """PyYAML's, which is of YAML 1.1, with the numbers and truth values of 1.2, and without keys that come twice."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse a key that is there twice, before `<<` takes over keys of other blocks."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _TwiceError(problem=key.value, problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number; one that begins with 0 is decimal, unless it begins with 0b, 0o or 0x."""
        text = node.value.replace("_", "")
        return int(text, 0 if re.match("[-+]?0[box]", text) else 10)


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "int", "float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _written, _begins in SCALARS:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_written})$"), list(_begins))
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)


class _TwiceError(ConstructorError):
    """A key that is there twice; `problem` is the key."""


def read_yaml(path: Path, where_from: str) -> object:
    """The content of a file; raises `UserError` for one that is missing, broken, or gives a key twice.

    `where_from`: what to do about a missing file, the end of its sentence.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader)
    except FileNotFoundError:
        raise UserError(f"{path} is not here; {where_from}") from None
    except _TwiceError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise UserError(
            f"{path}, line {line}: the key {error.problem!r} is there twice in one block; remove one."
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or a date such as 2024-13-45
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
