import pytest
from truthsync.errors import SettingsError
from truthsync.settings import Settings


def test_there_are_defaults() -> None:
    settings = Settings.from_environ({})

    assert settings == Settings(cache_size=1_000, batch_size=100, faults=())
    assert Settings.from_environ({"CACHE_SIZE": " ", "TRUTHSYNC_FAULTS": ""}) == settings


def test_the_environment_is_read() -> None:
    settings = Settings.from_environ(
        {"CACHE_SIZE": "50000", "BATCH_SIZE": "1000", "TRUTHSYNC_FAULTS": "list:0.1:300"}
    )

    assert (settings.cache_size, settings.batch_size) == (50_000, 1_000)
    assert [fault.name for fault in settings.faults] == ["list"]


@pytest.mark.parametrize("name", ["CACHE_SIZE", "BATCH_SIZE"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "1e3", "٣", "9" * 5_000, "1 000"])
def test_a_wrong_size_is_one_clear_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a whole number from 1 to") as caught:
        Settings.from_environ({name: value})

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_a_wrong_fault_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="unknown fault"):
        Settings.from_environ({"TRUTHSYNC_FAULTS": "lst"})
