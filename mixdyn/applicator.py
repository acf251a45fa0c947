"""
Which keywords hold schemas (JSON Schema 2020-12, 10 and 11), by the form in which they hold them.
"""

from __future__ import annotations

SINGLES = (
    *("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames"),
    *("then", "unevaluatedItems", "unevaluatedProperties"),
)
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS = ("dependentSchemas", "patternProperties", "properties")

# Those that tell of a value, or of what it holds without a declared name, what it is.
TELLING_SINGLES = tuple(keyword for keyword in SINGLES if keyword not in ("not", "propertyNames"))
TELLING_MAPS = tuple(keyword for keyword in MAPS if keyword != "properties")
