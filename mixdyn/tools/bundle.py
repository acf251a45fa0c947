"""
Makes the JSON form of the bundled document, which is quicker to read than the YAML that it is of.
"""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

from mixdyn.bundled import bundled_path
from mixdyn.source import parse, read_file


def build_json_form(path: str) -> str:
    """Give the JSON form of a YAML document, with the checksum of the text that it is made of."""
    content = read_file(path)
    made = [crc32(content), parse(content, path)]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_json_form(path: str | None = None) -> Path:
    """Write the JSON form beside its YAML, the bundled one unless another is named."""
    source = bundled_path() if path is None else path
    target = Path(source).with_suffix(".json")
    target.write_text(build_json_form(source), encoding="utf-8")
    return target
