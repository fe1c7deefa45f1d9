"""List the named protocols of `huebench score --protocol NAME`, or show one.

huebench protocols
huebench protocols ct2
"""

import argparse
import textwrap

from huebench.protocols.listed import listed
from huebench.protocols.protocol import Protocol, measures_of, names, protocol
from pipeline.settings.errors import run_stage
from reports.plan.measures import MEASURES

WIDTH = 110


def main() -> None:
    """List, or show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="show this protocol: its source, measures and remarks")
    arguments = parser.parse_args()
    print(overview() if arguments.name is None else shown(protocol(arguments.name)))


def overview() -> str:
    """Every protocol and how it differs."""
    return "\n".join(wrapped(f"{name:10}", protocol(name).difference) for name in names())


def shown(found: Protocol) -> str:
    """All of one protocol."""
    lines = [wrapped(found.name, found.difference), "", wrapped("source", found.source)]
    if found.code:
        where = f"{found.code.repository} at {found.code.commit}: {', '.join(found.code.files)}"
        lines.append(wrapped("checked against", where))
    lines.append(wrapped("size", size_of(found)))
    if found.jpeg_quality:
        lines.append(wrapped("files", f"JPEG of quality {found.jpeg_quality}"))
    for name in filter(None, (found.photographs, found.real_photographs)):
        lines.append(wrapped("photographs", listed(name).about))
    lines += ["", *(wrapped(MEASURES[key].name, convention) for key, convention in measures_of(found).items())]
    return "\n".join([*lines, "", *(wrapped("remark", remark) for remark in found.remarks)]).rstrip()


def size_of(found: Protocol) -> str:
    """How photographs and pictures are fitted."""
    if found.size is None:
        return "the photographs' own"
    crop = "sides stretched" if found.crop == "none" else "largest square in the middle"
    return f"{found.size} x {found.size}, {crop}, filter: {found.filter}"


def wrapped(name: str, text: str) -> str:
    """`name: text`, further lines indented."""
    return textwrap.fill(f"{name.strip()}: {text}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)


if __name__ == "__main__":
    run_stage(main)
