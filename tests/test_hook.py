"""What may be given as hooks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mixdyn.hook import NO_HOOKS, POINTS, Hooks, collect_hooks


def test_hooks_are_collected_in_order() -> None:
    """Several objects give their methods one after another, each what it has."""
    one = SimpleNamespace(before_request=print, after_error=repr)
    two = SimpleNamespace(before_request=str, after_success=None)
    assert collect_hooks([one, two]) == Hooks(before_request=(print, str), after_error=(repr,))
    assert collect_hooks(one) == Hooks(before_request=(print,), after_error=(repr,))
    assert collect_hooks(None) is NO_HOOKS


@pytest.mark.parametrize("wrong", [object(), [SimpleNamespace(before=print)], "text"])
def test_objects_without_hooks(wrong: Any) -> None:
    """An object that has no hook is a slip, and told of with the names that count."""
    with pytest.raises(TypeError, match=", ".join(POINTS)):
        collect_hooks(wrong)
