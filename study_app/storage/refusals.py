"""A refusal: an HTTP status, a reason for the page's wording, and a sentence."""


class RefusedError(Exception):
    """A request that is not fulfilled. `reason`: a word that pages translate; `retry_after`: seconds to wait."""

    def __init__(self, status: int, reason: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after


def changed() -> RefusedError:
    """The refusal of a session that began on another version of the study."""
    return RefusedError(410, "changed", "This study has gone on in a newer version; thank you for your answers.")


def conflict(sentence: str) -> RefusedError:
    """The refusal of an answer that contradicts one that is stored."""
    return RefusedError(409, "conflict", sentence)
