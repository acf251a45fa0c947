# What generated stubs are built on. Only type checkers and editors see this; there is no module.

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
_E_co = TypeVar("_E_co", covariant=True)

# A client whose namespaces and methods are known: no others are there.
class Client(_Client):
    __getattr__: None  # type: ignore[misc]  # takes back that any attribute may be there

# A namespace whose methods are known.
class Namespace(_Namespace):
    __getattr__: None  # type: ignore[misc]  # as of clients

# A result whose attributes are known; what is undeclared has its item.
class Record(Model):
    __getattr__: None  # type: ignore[misc]  # as of clients

# A method: called, prepared, or answering with all there is to know.
class Method(Generic[_P, _R]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    def prepare(self, *args: _P.args, **kwargs: _P.kwargs) -> Prepared: ...
    def with_response(self, *args: _P.args, **kwargs: _P.kwargs) -> Outcome: ...
    def tool(self, style: str = "plain") -> dict[str, Any]: ...

# The `_async` twin of a method.
class AsyncMethod(Generic[_P, _R]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Coroutine[Any, Any, _R]: ...
    async def prepare(self, *args: _P.args, **kwargs: _P.kwargs) -> Prepared: ...
    async def with_response(self, *args: _P.args, **kwargs: _P.kwargs) -> Outcome: ...
    def tool(self, style: str = "plain") -> dict[str, Any]: ...

def method(function: Callable[Concatenate[Any, _P], _R], /) -> Method[_P, _R]: ...
def async_method(
    function: Callable[Concatenate[Any, _P], Coroutine[Any, Any, _R]], /
) -> AsyncMethod[_P, _R]: ...

# What every call takes besides the document's arguments.
class Options(TypedDict, total=False):
    retries: RetryConfig | Unset | None
    server_url: str | None
    timeout_ms: Timeout | Unset | None
    http_headers: Mapping[str, str] | None
    accept_header_override: str | None
    validate: str | Mapping[str, str] | None
    on_progress: Progress | None

# What calls that open a stream take as well.
class StreamOptions(Options, total=False):
    reconnect: Reconnect | bool | None
    idle_timeout_ms: int | None
    max_event_bytes: int | None

# A stream of typed events.
class Stream(EventStream, Generic[_E_co]):
    @property
    def result(self) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> _E_co: ...
    def until(self, *names: str) -> Iterator[_E_co]: ...

# A stream of typed events, awaited.
class AsyncStream(AsyncEventStream, Generic[_E_co]):
    @property
    def result(self) -> Self: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> _E_co: ...
    def until(self, *names: str) -> AsyncIterator[_E_co]: ...

# An event whose data is typed.
class DataEvent(ServerEvent, Generic[_E_co]):
    @property
    def data(self) -> _E_co: ...

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

# The client of a module of one's own: its document is the first argument, or bound already.
class OwnClient(Client):
    def __init__(self, *arguments: Any, **settings: Any) -> None: ...
