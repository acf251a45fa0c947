"""
What generated stubs are built on. Only type checkers and editors see this; there is no module.
"""

import os
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from collections.abc import Set as AbstractSet
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
)

from mixdyn.client import Client as _Client
from mixdyn.eventview import ServerEvent
from mixdyn.flow import Outcome
from mixdyn.prepared import Prepared
from mixdyn.reconnect import Reconnect
from mixdyn.retry import RetryConfig
from mixdyn.settings import Progress, Timeout, Unset
from mixdyn.stream import AsyncEventStream, EventStream
from mixdyn.surface import Namespace as _Namespace
from mixdyn.view import Model

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")
_E = TypeVar("_E", covariant=True)

class Client(_Client):
    """A client whose namespaces and methods are known: no others are there."""

    __getattr__: None  # type: ignore[assignment]  # takes back that any attribute may be there

class Namespace(_Namespace):
    """A namespace whose methods are known."""

    __getattr__: None  # type: ignore[assignment]  # as of clients

class Record(Model):
    """A result whose attributes are known; what is undeclared has its item."""

    __getattr__: None  # type: ignore[assignment]  # as of clients

class Method(Generic[_P, _R]):
    """A method: called, prepared, or answering with all there is to know."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    def prepare(self, *args: _P.args, **kwargs: _P.kwargs) -> Prepared: ...
    def with_response(self, *args: _P.args, **kwargs: _P.kwargs) -> Outcome: ...

class AsyncMethod(Generic[_P, _R]):
    """The `_async` twin of a method."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Coroutine[Any, Any, _R]: ...
    async def prepare(self, *args: _P.args, **kwargs: _P.kwargs) -> Prepared: ...
    async def with_response(self, *args: _P.args, **kwargs: _P.kwargs) -> Outcome: ...

def method(function: Callable[Concatenate[Any, _P], _R], /) -> Method[_P, _R]: ...
def async_method(
    function: Callable[Concatenate[Any, _P], Coroutine[Any, Any, _R]], /
) -> AsyncMethod[_P, _R]: ...

class Options(TypedDict, total=False):
    """What every call takes besides the document's arguments."""

    retries: RetryConfig | Unset | None
    server_url: str | None
    timeout_ms: Timeout | Unset | None
    http_headers: Mapping[str, str] | None
    accept_header_override: str | None
    validate: str | Mapping[str, str] | None
    on_progress: Progress | None

class StreamOptions(Options, total=False):
    """What calls that open a stream take as well."""

    reconnect: Reconnect | bool | None
    idle_timeout_ms: int | None
    max_event_bytes: int | None

class Stream(EventStream, Generic[_E]):
    """A stream of typed events."""

    @property
    def result(self) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> _E: ...
    def until(self, *names: str) -> Iterator[_E]: ...

class AsyncStream(AsyncEventStream, Generic[_E]):
    """A stream of typed events, awaited."""

    @property
    def result(self) -> Self: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> _E: ...
    def until(self, *names: str) -> AsyncIterator[_E]: ...

class DataEvent(ServerEvent, Generic[_E]):
    """An event whose data is typed."""

    @property
    def data(self) -> _E: ...

class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes | Awaitable[bytes]: ...

class _Named(Protocol):
    @property
    def file_name(self) -> Any: ...
    @property
    def content(self) -> Any: ...

_Content: TypeAlias = (
    bytes
    | bytearray
    | memoryview
    | os.PathLike[str]
    | os.PathLike[bytes]
    | _Readable
    | Iterable[bytes]
    | AsyncIterable[bytes]
)
_Name: TypeAlias = str | None

# What may be passed where a file goes.
File: TypeAlias = (
    _Content
    | tuple[_Name, _Content]
    | tuple[_Name, _Content, str | None]
    | tuple[_Name, _Content, str | None, Mapping[str, str] | None]
    | Mapping[str, Any]
    | _Named
)

# What may be passed where a list goes; one text is no list of texts.
Items: TypeAlias = Sequence[_T] | AbstractSet[_T]
Texts: TypeAlias = list[str] | tuple[str, ...] | AbstractSet[str]
