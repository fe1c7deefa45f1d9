"""The researcher signs in with an account of an identity provider that runs here, by OpenID Connect."""

import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.study_app.servers import AppServer
from tests.study_app.volunteers import prepared_study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a module of Authlib that the provider takes
    from oidc_provider_mock import User, run_server_in_thread

OURS, STRANGER, UNCONFIRMED = "owner@lab.example", "stranger@lab.example", "second@lab.example"
SECRETS = """
[auth]
redirect_uri = "{own}/oauth2callback"
cookie_secret = "{secret}"
client_id = "huebench"
client_secret = "{secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[researcher]
emails = ["{ours}", "{unconfirmed}"]
"""


class WithAccounts(AppServer):
    """A server whose secrets name an identity provider, as soon as its own address is known."""

    provider: str = ""

    def start(self) -> None:
        """Write the secrets, and start."""
        folder = self.folder / ".streamlit"
        folder.mkdir(exist_ok=True)
        told = {"own": self.address, "provider": self.provider, "secret": secrets.token_hex(16)}
        (folder / "secrets.toml").write_text(SECRETS.format(**told, ours=OURS, unconfirmed=UNCONFIRMED))
        super().start()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[str]:
    """A study with a researcher's page for accounts alone."""
    folder = tmp_path_factory.mktemp("accounts")
    prepared_study(folder, archives)
    people = [
        User(sub=email, claims={"email": email, "email_verified": email != UNCONFIRMED})
        for email in (OURS, STRANGER, UNCONFIRMED)
    ]
    with run_server_in_thread(user_claims=people) as provider:
        WithAccounts.provider = f"http://127.0.0.1:{provider.server_port}"
        place = f"sqlite:///{folder / 'study.sqlite3'}", folder / "study.yaml", folder / "stimuli"
        server = WithAccounts(*place, STUDY_SIMULATED="0")
        yield f"{server.address}/?page=researcher"
        server.close()


def sign_in(page: Page, address: str, email: str) -> None:
    """From the researcher's page to the provider and back."""
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text(email).first.click()


def sign_out(page: Page) -> None:
    """The provider asks, too, and then sends back."""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/oauth2/end_session**")
    page.get_by_role("button").first.click()
    page.get_by_role("button", name="Sign in").wait_for()


def test_an_account_on_the_list_opens_the_page_until_it_signs_out(page: Page, address: str) -> None:
    sign_in(page, address, OURS)
    page.get_by_text("sessions are completed").wait_for()
    page.reload()
    page.get_by_text("sessions are completed").wait_for()
    sign_out(page)
    page.reload()
    page.get_by_role("button", name="Sign in").wait_for()


@pytest.mark.parametrize("email", [STRANGER, UNCONFIRMED])
def test_other_accounts_are_told_that_they_may_not_see_it(page: Page, address: str, email: str) -> None:
    sign_in(page, address, email)
    page.get_by_text("This account may not see this page").wait_for()
    assert page.get_by_text("sessions are completed").count() == 0
    sign_out(page)
