"""A made-up world for flows: it answers their effects from a script, and notes them."""

from __future__ import annotations

from typing import Any

from mixdyn.binding import Bound
from mixdyn.catalog import build_catalog
from mixdyn.clock import Clock
from mixdyn.effect import Build, Built, Close, Effect, Flow, Open, Read, Send, Sleep
from mixdyn.flow import call
from mixdyn.hook import Run
from mixdyn.operation import parse_operation
from mixdyn.plan import Plan, make_plan
from mixdyn.results import Types
from mixdyn.schema import Schemas
from mixdyn.scheme import parse_security_schemes
from mixdyn.settings import Settings
from tests.documents import make_document
from tests.things import PATHS, SCHEMAS

URL = "http://things.test"


class Time:
    """Time that passes only where the test says so, and no chance."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = Clock(lambda: self.now, lambda: 1_700_000_000.0, lambda: 0.0)


class Request:
    """The HTTP client's own form of a request, as far as a flow looks at it."""

    def __init__(self, method: str, url: Any, headers: dict[str, str]) -> None:
        self.method, self.url, self.headers = method, url, headers


class Response:
    """An answer, as far as a flow looks at it; `body` is bytes, or what reading it raises."""

    def __init__(
        self,
        status: int = 200,
        body: Any = b"[]",
        kind: str = "application/json",
        following: Any = None,
        **headers: str,
    ) -> None:
        self.status_code = status
        self.body = body
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers = {"content-type": kind, **given}
        self.next_request = following


class World:
    """Performs effects: what is sent is answered by the next of `outcomes`."""

    def __init__(self, *outcomes: Any, time: Time | None = None, follows: bool = False) -> None:
        self.outcomes = list(outcomes)
        self.time = time or Time()
        self.follows = follows
        self.effects: list[Any] = []

    def of(self, kind: type) -> list[Any]:
        """Give the effects of one kind, in order."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def waits(self) -> list[float]:
        """How long was waited, each time, in seconds."""
        return [effect.seconds for effect in self.of(Sleep)]

    @property
    def requests(self) -> list[Any]:
        """What was to be sent, as plain data."""
        return [effect.request for effect in self.of(Build)]

    def run(self, flow: Flow) -> Any:
        """Drive a flow to its end and give its value."""
        try:
            effect = next(flow)
            while True:
                self.effects.append(effect)
                try:
                    outcome = self.perform(effect)
                except BaseException as error:  # noqa: BLE001  # the flow decides
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as stop:
            return stop.value

    def perform(self, effect: Effect) -> Any:
        """Give an effect's outcome, or raise it."""
        match effect:
            case Build():
                request = effect.request
                native = Request(request.method, request.url, dict(request.headers))
                return Built(native, self.follows)
            case Send():
                return _give(self.outcomes.pop(0))
            case Read():
                return _give(effect.response.body)
            case Sleep():
                self.time.now += effect.seconds
            case Run():
                return effect.function(*effect.arguments)
            case Open():
                return effect.response
            case Close():
                return None
        return None


def _give(outcome: Any) -> Any:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def plan_of(name: str, paths: dict[str, Any] = PATHS, **parts: Any) -> Plan:
    """Give the plan of one operation of the API of things."""
    document = make_document(paths, **{"components": {"schemas": SCHEMAS}, **parts})
    entries = {entry.name: entry for entry in build_catalog(document, frozenset()).entries}
    schemas = Schemas(document)
    schemes = parse_security_schemes(document)
    return make_plan(parse_operation(schemas, entries[name]), Types(schemas), schemes, "test")


PLANS = {name: plan_of(name) for name in ("list", "create", "watch", "download", "upload")}


def begin(
    world: World,
    name: str = "list",
    values: dict[str, Any] | None = None,
    settings: Settings | None = None,
    plan: Plan | None = None,
    **options: Any,
) -> Flow:
    """Give the flow of a call, not yet begun."""
    settings = (settings or Settings())._replace(server_url=URL)
    return call(plan or PLANS[name], settings, Bound(values or {}, options), world.time.clock)


def make_call(world: World, name: str = "list", **given: Any) -> Any:
    """Make a call in a world, and give its outcome."""
    return world.run(begin(world, name, **given))
