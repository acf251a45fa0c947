"""What is made once for an operation."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.retry import BackoffStrategy, RetryConfig
from tests.documents import TEXT, answers, plan_operation

DECLARED = {"strategy": "backoff", "statusCodes": ["5XX"]}
BACKOFF = BackoffStrategy(1, 1, 1, 1)


def test_make_plan() -> None:
    """A plan knows whether the operation answers with events."""
    assert plan_operation(answers(TEXT, media="text/event-stream")).is_stream
    assert not plan_operation(answers(TEXT)).is_stream


def test_policy_of_the_document() -> None:
    """The declared policy is read once; an operation that has its own may be repeated."""
    own = plan_operation({**answers(TEXT), "x-speakeasy-retries": DECLARED}).policy
    assert own is not None
    assert (own.statuses, own.repeatable) == (("5XX",), True)
    shared = plan_operation(answers(TEXT), **{"x-speakeasy-retries": DECLARED}).policy
    assert shared is not None
    assert not shared.repeatable
    assert plan_operation(answers(TEXT)).policy is None


@pytest.mark.parametrize("broken", [5, [], {"strategy": "backoff", "statusCodes": 5, "backoff": 1}])
def test_policy_of_a_broken_document(broken: Any) -> None:
    """What cannot be read as a policy does not keep the operation from working."""
    assert plan_operation({**answers(TEXT), "x-speakeasy-retries": broken}).reader is not None


def test_choose_policy() -> None:
    """A caller's configuration replaces the document's; what is repeatable depends on both."""
    plan = plan_operation(answers(TEXT))
    assert plan.choose_policy(None) is None
    assert plan.choose_policy(RetryConfig("none", BACKOFF, True)) is None
    for is_unsafe in (False, True):
        policy = plan.choose_policy(RetryConfig("backoff", BACKOFF, True, is_unsafe))
        assert policy is not None
        assert policy.repeatable is is_unsafe
    policy = plan_operation(answers(TEXT), method="get").choose_policy(
        RetryConfig("backoff", BACKOFF, True)
    )
    assert policy is not None
    assert policy.repeatable
