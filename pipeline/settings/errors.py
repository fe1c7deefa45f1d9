"""What a user may have done wrong, said in one sentence."""

import errno
import sys
from collections.abc import Callable
from difflib import get_close_matches
from typing import Never


class UserError(Exception):
    """A mistake outside of the program: its message says what, where, and what to do."""


def suggestion(name: str, known: list[str]) -> str:
    """The tail of an "unknown name" sentence: the closest known name, or all of them."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(sorted(known))}."


def run_stage(main: Callable[[], None]) -> Never:
    """Run a stage's `main`; a user's mistake or a full disk ends in one sentence instead of a trace."""
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        sys.exit(f"error: the disk is full{where}; free some space and run the same command again, nothing is lost.")
    except KeyboardInterrupt:
        sys.exit("stopped; run the same command again to resume.")
    sys.exit(0)
