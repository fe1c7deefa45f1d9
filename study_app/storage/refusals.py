"""A refusal: an HTTP status, a reason for the page's wording, and a sentence."""


class RefusedError(Exception):
    """A request that is not fulfilled. `reason`: a word that pages translate; `retry_after`: seconds to wait."""

    def __init__(self, status: int, reason: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after
