import asyncio
import contextlib
import functools
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import Annotated, Any, Optional, Union

import mixdyn
import mixdyn as md
import mixdyn.errors
import mixdyn.errors as failures
from mixdyn import Mix as M
from mixdyn import errors, models, utils
from mixdyn.errors import ErrorResponse, GoneError  # expect: no-error
from mixdyn.models import Session, Sesion  # expect: no-model

mix = M()
mix.sesions  # expect: no-namespace
mix.sessions.fork(id="x")
mix.sessions.fork  # a method as a value is a use too
mix.sessions.frok(id="x")  # expect: no-method
mix.sessions.frok_async  # expect: no-method
mix.sessions.create(title="x", working_directory="y", workingDirectory="y")
mix.sessions.create(titel="x")  # expect: missing-argument, no-argument
mix.sessions.create(**{"a": 1})  # expect: missing-argument, no-argument
mix.sessions.create(nope=1, **{"a": 1})  # expect: missing-argument, no-argument
mix.sessions.create("x")  # expect: positional-argument
mix.sessions.create(*["x"])
mix.sessions.create(request={"title": "x"})
mix.sessions.create(body={"title": "x"}, timeout_ms=5, validate="off", on_progress=print)
mix.sessions.create(title="x", kind="plain")
mix.sessions.create(title="x", kind="fancy")  # expect: no-value
mix.sessions.create(title="x", kind=utils.kind)
mix.sessions.create.prepare(titel="x")  # expect: missing-argument, no-argument
mix.sessions.create.with_response(title=1)
mix.sessions.create.tool("openai")
mix.sessions.create.__doc__
mix.close()
mix.sessions.create(title="x").undeclared
M.from_server("url").nope  # expect: no-namespace
M.other("url").nope
mix.sessions.watch().__enter__().nope
mix.with_options(timeout_ms=1).sessions.nope  # expect: no-method
mix._surface.anything
mix.get_health()
mix.get_helth()  # expect: no-namespace
md.Mix().sessions.nope  # expect: no-method
mixdyn.Mix(timeout_ms=1).sessions.nope  # expect: no-method
errors.ErrorResponse, errors.MixError, failures.NoResponseError, mixdyn.errors.excerpt
errors.GoneError  # expect: no-error
failures.GoneError  # expect: no-error
mixdyn.errors.GoneError  # expect: no-error
models.Session, models._private
models.Sesion  # expect: no-model
mixdyn.models.Sesion  # expect: no-model

create = mix.sessions.create
create(nope=1)  # expect: missing-argument, no-argument
later = functools.partial(create, nope=1)  # expect: no-argument
api = mix.sessions
api.nope  # expect: no-method
getattr(api, "nope")  # expect: no-method
getattr(api, "nope", None)
getattr(api, create.__name__)
hasattr(api, "nope") and api.nope()
if hasattr(api, "nope"):
    api.nope()
    api.other()  # expect: no-method
elif hasattr(unknown, "nope"):
    unknown.nope()

mix.put_there = 1
mix.put_there
Mix.put_there, unknown.put_there = 1, 2

with M() as one, contextlib.closing(M()) as two, ExitStack() as stack:
    one.nope  # expect: no-namespace
    two.nope  # expect: no-namespace
    stack.enter_context(M()).nope  # expect: no-namespace
    with one as again:
        again.nope  # expect: no-namespace
    with open("x") as file, contextlib.suppress(AttributeError):
        file.nope
        one.nope

try:
    mix.nope
except (AttributeError, KeyError) as error:
    mix.other  # expect: no-namespace
    error.nope
else:
    mix.other  # expect: no-namespace
finally:
    mix.other  # expect: no-namespace
try:
    mix.other  # expect: no-namespace
except:
    pass
try:
    mix.other  # expect: no-namespace
except* ValueError:
    pass


def by_annotation(
    a: M,
    b: "M",
    c: M | None,
    d: Optional[M],
    e: Union[M, None],
    f: Annotated[M, "x"],
    g: mixdyn.Client,
    h: "not python at all",
    hh: 3,
    i: int | M,
    j: Any,
    k: list[M],
    *l: M,
    m: M = None,
    **n: M,
):
    a.nope  # expect: no-namespace
    b.nope  # expect: no-namespace
    c.nope  # expect: no-namespace
    d.nope  # expect: no-namespace
    e.nope  # expect: no-namespace
    f.nope  # expect: no-namespace
    g.nope  # expect: no-namespace
    m.nope  # expect: no-namespace
    h.nope, hh.nope, i.nope, j.nope, k.nope, l.nope, n.nope
    q: Any = M()
    q.nope
    r: M = make_anything()
    r.nope  # expect: no-namespace


class App:
    shared = M()
    declared: M
    other: int

    def __init__(self, given: M):
        self.mix = None
        self.given = given
        self.api = self.made.sessions
        self.either = M()
        self.either = object()
        self.first, self.second = M(), M()

    def connect(self):
        self.mix = M()
        self.made: M = M()
        self.counter += 1
        self.api.nope  # expect: no-method

    @property
    def client(self) -> M:
        return self.mix

    @functools.cached_property
    def unsaid(self):
        return M()

    @classmethod
    def build(cls):
        cls.shared.nope  # expect: no-namespace
        return cls(M())

    @staticmethod
    def alone(mix):
        mix.nope

    def use(self):
        self.mix.nope  # expect: no-namespace
        self.given.nope  # expect: no-namespace
        self.shared.nope  # expect: no-namespace
        self.declared.nope  # expect: no-namespace
        self.client.nope  # expect: no-namespace
        self.unsaid.nope  # expect: no-namespace
        self.either.nope
        self.first.nope  # expect: no-namespace
        self.nothing.nope
        self.other.nope


class Sub(App):
    def more(self):
        self.mix.nope  # expect: no-namespace


class Left(Sub):
    pass


class Right(Sub):
    pass


class Both(Left, Right):
    def go(self):
        self.nothing.nope


class Mine(M):
    extra = 1

    def go(self):
        self.extra.nope
        self.nope  # expect: no-namespace
        self.sessions.nope  # expect: no-method


class Mixed(M, Unknown):
    def go(self):
        self.nope


App(mix).mix.nope  # expect: no-namespace
Mine().sessions.nope  # expect: no-method


def make() -> M:
    return M()


def make_unsaid():
    return M()


async def make_later():
    return M()


@contextmanager
def session() -> Iterator[M]:
    yield M()


@unknown
def decorated() -> M:
    return M()


make().nope  # expect: no-namespace
make_unsaid().nope  # expect: no-namespace
decorated().nope
with session() as opened:
    opened.nope  # expect: no-namespace


async def run():
    global mix_of_module
    mix_of_module = M()
    (await make_later()).nope  # expect: no-namespace
    async with M() as a:
        await a.sessions.create_async(nope=1)  # expect: missing-argument, no-argument
        await asyncio.to_thread(a.sessions.nope)  # expect: no-method
        async for x in a.sessions.nope():  # expect: no-method
            x.nope
    async with AsyncExitStack() as stack:
        b = await stack.enter_async_context(M())
        b.nope  # expect: no-namespace


def later_use():
    mix_of_module.nope  # expect: no-namespace
    local = M()

    def inner():
        nonlocal local, missing
        local.nope  # expect: no-namespace

        def innermost():
            nonlocal local
            local.nope  # expect: no-namespace

    return inner


if unknown:
    either = M()
else:
    either = M(timeout_ms=1)
either.nope  # expect: no-namespace
maybe = M() if unknown else None
maybe.nope  # expect: no-namespace
chosen = unknown or M()
chosen.nope
both = None or M()
both.nope  # expect: no-namespace
if (walrus := M()).nope:  # expect: no-namespace
    walrus.nope  # expect: no-namespace
while unknown:
    mix.nope  # expect: no-namespace
else:
    changing = M()
changing.nope  # expect: no-namespace
changing = object()
changing.nope
changing = M()
del changing
changing.nope
[mix.nope for mix in unknown if mix.nope]
{mix.nope for mix, other in unknown}
{a: api.nope for a in unknown}  # expect: no-method
[x.sessions.nope for y in unknown if (x := M())]  # expect: no-method
lambda mix, *a, **b: mix.nope
lambda a: api.nope  # expect: no-method
match unknown:
    case {"a": mix, **rest} if mix.nope:
        mix.nope
    case [api, *others]:
        api.nope
    case 1:
        other.nope
unknown.sessions.nope()
{}["mix"].sessions.nope()
M.sessions
from mixdyn import *
from . import Mix as foreign
from elsewhere import Mix as stranger

foreign().nope
stranger().nope
Mix().nope  # expect: no-namespace


def in_pairs():
    one, (other, third) = Mix(), (Mix().sessions, Mix())
    one.nope  # expect: no-namespace
    other.nope  # expect: no-method
    third.nope  # expect: no-namespace
    first, *rest = Mix(), Mix()
    first.nope
    rest.nope


def by_default(client=Mix(), other=None, *, api=Mix().sessions, declared: int = Mix()):
    client.nope  # expect: no-namespace
    other.nope
    api.nope  # expect: no-method
    declared.nope
    return lambda mine=client, *, own=None: (mine.nope, own.nope)  # expect: no-namespace


async def by_name(values):
    mix = Mix()
    mix.call("sessions.nope")  # expect: no-method
    mix.call("sessions.create", {"title": "x"}).nope
    mix.call("createSession", {"title": "x"}, timeout_ms=5)
    mix.call("sessions_create", {"titel": "x"})  # expect: missing-argument, no-argument
    mix.call("sessions.create", {"title": "x", **values})
    mix.call("sessions.create", {**values})
    mix.call("sessions.create", values)
    mix.call("sessions.create")  # expect: missing-argument
    mix.call(values)
    mix.call()
    mix.sessions.call("x")  # expect: no-method
    (await mix.call_async("sessions.create", {"title": "x"})).nope
    mix.call_async("sessions.create", {"title": "x"}).nope


async def made_elsewhere():
    away = await M.from_server_async("url")
    away.nope  # expect: no-namespace


for each in [M(), M()]:
    each.nope  # expect: no-namespace
for each in (M(), None):
    each.nope  # expect: no-namespace
for each in (M(), object()):
    each.nope
left, right = [M(), object()]
left.nope  # expect: no-namespace
right.nope
pair = (M(), object())
pair[0].nope  # expect: no-namespace
pair[1].nope, pair[7].nope
[M()][0].nope  # expect: no-namespace
many = [M()]
many.append(object())
many[0].nope
for each in many:
    each.nope

told: M
told = make_anything()
told.nope  # expect: no-namespace
told = object()


def declares():
    inner: M = make_anything()
    inner = make_anything()
    inner.nope  # expect: no-namespace


class Above:
    def client(self):
        return self.kept

    def go(self):
        self.client().nope  # expect: no-namespace


class Below(Above):
    def __init__(self):
        self.kept = late()


def late():
    return later_still()


def later_still():
    return M()


mix.pets = make_anything()
mix.pets.remove(1)
