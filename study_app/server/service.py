"""What this process serves. Streamlit runs the pages as scripts, which find it here."""

from collections.abc import Mapping
from dataclasses import dataclass

from study_app.export.watch import Watch
from study_app.server.assets import Assets
from study_app.server.languages import Texts
from study_app.server.researcher.access import Access
from study_app.server.security import Limits
from study_app.stimuli.plates import Plate
from study_app.storage.store import Store


@dataclass(frozen=True)
class Service:
    """The study of this process. `languages`: by code, the language's own name and its texts."""

    store: Store
    languages: Mapping[str, tuple[str, Texts]]
    plates: tuple[Plate, ...]
    assets: Assets
    access: Access
    limits: Limits
    watch: Watch

    def texts(self, language: str) -> Texts:
        """The words of one language of the study."""
        return self.languages[language][1]


_published: list[Service] = []


def publish(service: Service) -> None:
    """Make `service` the one that pages of this process show."""
    _published[:] = [service]


def current() -> Service:
    """The service that was published last."""
    return _published[-1]
