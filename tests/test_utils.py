"""The SDK's door to the retry configuration."""

from mixdyn import reconnect, retry, utils


def test_door() -> None:
    """The names are those of the module that holds the code."""
    assert utils.__all__ == ["BackoffStrategy", "Reconnect", "RetryConfig"]
    assert utils.BackoffStrategy is retry.BackoffStrategy
    assert utils.RetryConfig is retry.RetryConfig
    assert utils.Reconnect is reconnect.Reconnect
