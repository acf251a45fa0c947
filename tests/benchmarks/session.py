"""
The object that most rows get or make, HTTP clients that answer with it from memory, and what bare
libraries do instead. Imports nothing of mixdyn: other clients are measured with it as well.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

URL = "http://localhost:8088/api/sessions"
SESSION: dict[str, Any] = {
    "id": "ses_1",
    "title": "benchmark",
    "userMessageCount": 3,
    "assistantMessageCount": 3,
    "toolCallCount": 1,
    "promptTokens": 1200,
    "completionTokens": 340,
    "cost": 0.0213,
    "createdAt": "2026-01-02T03:04:05Z",
}
TITLE = {"title": "benchmark"}

# What both sides do before a first call: the answer comes from memory.
MOCK = f"""import httpx
def answer(request):
    headers = {{"content-type": "application/json"}}
    return httpx.Response(200, headers=headers, content={json.dumps(SESSION).encode()!r})
client = httpx.Client(transport=httpx.MockTransport(answer))
"""
BARE_CALL = f"{MOCK}client.get('{URL}/ses_1').json()"
_JSON = "import json\nwith open({path!r}, encoding='utf-8') as file: json.load(file)"
_YAML = """
import yaml
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
with open({path!r}, encoding='utf-8') as file: yaml.load(file, loader)
"""


def bare_load(path: str) -> str:
    """Give Python that reads a document, and makes nothing of it."""
    return (_JSON if path.endswith(".json") else _YAML).format(path=path)


def answer_json(value: Any, library: Any = httpx) -> Any:
    """Give a transport of httpx, or httpx2, that answers all with a JSON value; POST with 201."""
    body = json.dumps(value).encode()
    headers = {"content-type": "application/json"}

    def answer(request: Any) -> Any:
        status = 201 if request.method == "POST" else 200
        return library.Response(status, headers=headers, content=body)

    return library.MockTransport(answer)
