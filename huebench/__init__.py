"""Huebench: judge image colorization. `huebench.score(originals, pictures)` gives a table of measures."""

from typing import Any

__all__ = ["score"]


def __getattr__(name: str) -> Any:
    """`score`, imported when it is first used: it needs torch, which takes a second."""
    if name == "score":
        from huebench.scoring.run import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
