from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.settings import REPOSITORY, keep_freed_memory, read_settings


def test_without_variables_everything_lies_in_data_local() -> None:
    settings = read_settings({})

    assert settings.home == REPOSITORY / "data" / "local"
    assert settings.database_url == f"sqlite:///{settings.home}/rehearsal.sqlite"


def test_the_repository_is_the_folder_of_this_project() -> None:
    assert (REPOSITORY / "pyproject.toml").is_file()


def test_the_database_lies_in_the_chosen_home(tmp_path: Path) -> None:
    settings = read_settings({"REHEARSAL_HOME": str(tmp_path / "new")})

    assert settings.home == tmp_path / "new"
    assert settings.database_url == f"sqlite:///{tmp_path}/new/rehearsal.sqlite"


def test_reading_settings_creates_nothing(tmp_path: Path) -> None:
    read_settings({"REHEARSAL_HOME": str(tmp_path / "new")})

    assert list(tmp_path.iterdir()) == []


def test_empty_variables_count_as_unset() -> None:
    assert read_settings({"REHEARSAL_HOME": "", "REHEARSAL_DATABASE_URL": " "}) == read_settings({})


def test_a_relative_home_is_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_settings({"REHEARSAL_HOME": "a/../b"}).home == tmp_path / "b"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_same_driver(scheme: str) -> None:
    settings = read_settings({"REHEARSAL_DATABASE_URL": f"{scheme}://user@host/shop"})

    assert settings.database_url == "postgresql+psycopg://user@host/shop"


@pytest.mark.parametrize(
    "url",
    ["shop.db", "mysql://user@host/shop", "sqlite://", "sqlite:///:memory:", "sqlite:///?mode=ro"],
)
def test_an_unusable_database_url_names_the_variable(url: str) -> None:
    with pytest.raises(UnusableInput, match=r"^REHEARSAL_DATABASE_URL "):
        read_settings({"REHEARSAL_DATABASE_URL": url})


def test_no_message_and_no_repr_shows_a_password() -> None:
    settings = read_settings({"REHEARSAL_DATABASE_URL": "postgresql://user:s3cret@host/shop"})
    with pytest.raises(UnusableInput) as refusal:
        read_settings({"REHEARSAL_DATABASE_URL": "mysql://user:s3cret@host/shop"})

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(refusal.value)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UnusableInput, match=f"{tmp_path}/file is a file"):
        read_settings({"REHEARSAL_HOME": str(tmp_path / "file" / "home")})


@pytest.mark.parametrize("home", ["~nobody-of-that-name/x", "a\0b"])
def test_a_home_that_is_no_path_is_refused(home: str) -> None:
    with pytest.raises(UnusableInput, match=r"^REHEARSAL_HOME "):
        read_settings({"REHEARSAL_HOME": home})


def test_what_the_person_set_for_the_allocator_stays() -> None:
    environment = {"MIMALLOC_PURGE_DELAY": "7"}

    keep_freed_memory(environment)

    assert environment == {"MIMALLOC_PURGE_DELAY": "7"}


def test_without_variables_nothing_is_sent() -> None:
    settings = read_settings({})

    assert (settings.mail_server, settings.sender) == (None, "")


def test_the_mail_server_and_the_sender_are_read_and_its_password_is_not_shown() -> None:
    settings = read_settings(
        {
            "REHEARSAL_SMTP_URL": " smtp://me:s3cret@mail.example.com ",
            "REHEARSAL_SENDER": "Shop <hello@example.com>",
        }
    )

    assert settings.mail_server is not None
    assert (settings.mail_server.host, settings.mail_server.password) == (
        "mail.example.com",
        "s3cret",
    )
    assert settings.sender == "Shop <hello@example.com>"
    assert "s3cret" not in repr(settings)


def test_an_unusable_mail_server_names_the_variable() -> None:
    with pytest.raises(UnusableInput, match=r"^REHEARSAL_SMTP_URL "):
        read_settings({"REHEARSAL_SMTP_URL": "mail.example.com"})
