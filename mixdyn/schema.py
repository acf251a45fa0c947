"""
JSON schemas where they stand in a document, read through `$ref` and `allOf`.

Answers what a schema says (properties, branches, discriminator); `normalform` and `validation` make
validators of it. Knows nothing of HTTP and operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from mixdyn.document import Document, Target
from mixdyn.errors import DocumentError

COMPONENT = "/components/schemas/"


class Schemas:
    """All schemas of one document, each made when first asked for and then kept."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._made: dict[tuple[str, str], Schema] = {}

    def at(self, target: Target) -> Schema:
        """Give the schema at a place of the document, the same object for the same place."""
        key = (target.base, target.pointer)
        made = self._made.get(key)
        return made if made is not None else self._made.setdefault(key, Schema(self, target))

    def component(self, name: str) -> Schema | None:
        """Give `#/components/schemas/<name>`, or None where there is none."""
        target = self.document.at("components", "schemas", name)
        return None if target.value is None else self.at(target)

    def component_names(self) -> list[str]:
        """The names below `#/components/schemas`, in the document's order."""
        schemas = self.document.at("components", "schemas").value
        return list(schemas) if isinstance(schemas, Mapping) else []


class Discriminator:
    """Which property decides between the branches of a union, and which value means which."""

    __slots__ = ("branches", "property_name")

    def __init__(self, property_name: str, branches: dict[str, Schema]) -> None:
        self.property_name = property_name
        self.branches = branches

    def pick(self, value: Any) -> Schema | None:
        """Give the branch that an instance belongs to, or None where it names no known one."""
        name = value.get(self.property_name) if isinstance(value, Mapping) else None
        return self.branches.get(name) if isinstance(name, str) else None


class Schema:
    """A JSON schema at its place; all answers see through `$ref` and `allOf`."""

    def __init__(self, space: Schemas, target: Target) -> None:
        self.space = space
        self.target = target

    def __repr__(self) -> str:
        return f"<Schema {self.name or self.target.pointer}>"

    @property
    def value(self) -> Mapping[str, Any]:
        """The schema as it stands in the document; an empty one for `true` and for nonsense."""
        value = self.target.value
        return value if isinstance(value, Mapping) else {}

    def child(self, *steps: str | int) -> Schema:
        """Give the schema below this one at the given steps."""
        return self.space.at(self.target.child(*steps))

    @cached_property
    def resolved(self) -> Schema:
        """This schema, or what its chain of `$ref` ends at."""
        return self.space.at(self.space.document.resolve(self.target))

    @cached_property
    def name(self) -> str | None:
        """The component's name, also through a `$ref` or an `allOf` that only wraps one."""
        if self.target.pointer.startswith(COMPONENT):
            name = self.target.pointer[len(COMPONENT) :]
            return None if "/" in name else name.replace("~1", "/").replace("~0", "~")
        if "$ref" in self.value:
            return self.space.at(self.space.document.follow(self.value["$ref"], self.target)).name
        if len(self._all_of) == 1 and "properties" not in self.value:
            return self._all_of[0].name
        return None

    @cached_property
    def parts(self) -> tuple[Schema, ...]:
        """The schemas that apply together: this one, its `$ref` target, its `allOf`, theirs."""
        found: dict[int, Schema] = {}
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if id(part) not in found:
                found[id(part)] = part
                waiting.extend(reversed(part._direct_parts()))
        return tuple(found.values())

    def get(self, keyword: str, default: Any = None) -> Any:
        """Give a keyword's value from the first part that has it."""
        return next((p.value[keyword] for p in self.parts if keyword in p.value), default)

    @property
    def description(self) -> str:
        """The description, or else the title, or empty."""
        return str(self.get("description") or self.get("title") or "")

    @property
    def format(self) -> str | None:
        """The `format`, where it is text."""
        value = self.get("format")
        return value if isinstance(value, str) else None

    @cached_property
    def enum(self) -> tuple[Any, ...]:
        """The allowed values of `enum`, or the one of `const`, or none."""
        const = [p.value["const"] for p in self.parts if "const" in p.value]
        values = const[:1] or self.get("enum")
        return tuple(values) if isinstance(values, list) else ()

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types without null; implied ones where `type` is missing; empty for any."""
        given = self.get("type")
        given = [given] if isinstance(given, str) else given
        if isinstance(given, list):
            return tuple(t for t in given if isinstance(t, str) and t != "null")
        if self.properties or "additionalProperties" in self.value:
            return ("object",)
        return ("array",) if self.get("items") is not None else ()

    @property
    def is_nullable(self) -> bool:
        """Whether null is allowed, by `nullable`, by `type`, by `enum` or by a branch."""
        given = self.get("type")
        if self.get("nullable") is True or given == "null":
            return True
        if isinstance(given, list) and "null" in given:
            return True
        return any(branch.is_null for branch in self._all_branches)

    @property
    def is_null(self) -> bool:
        """Whether null is all that this schema allows."""
        return self.value.get("type") == "null" or self.enum == (None,)

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """The declared properties of all parts, by wire name, in the document's order."""
        found: dict[str, Schema] = {}
        for part in self.parts:
            declared = part.value.get("properties")
            for name in declared if isinstance(declared, Mapping) else ():
                found.setdefault(name, part.child("properties", name))
        return found

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of required properties, of all parts."""
        lists = (part.value.get("required") for part in self.parts)
        return frozenset(n for names in lists if isinstance(names, list) for n in names)

    @property
    def items(self) -> Schema | None:
        """The schema of the array's items, where there is one for all."""
        return self._applied("items")

    @property
    def additional(self) -> Schema | None:
        """The schema of undeclared properties, where one is given."""
        return self._applied("additionalProperties")

    @cached_property
    def branches(self) -> tuple[Schema, ...]:
        """The alternatives of `oneOf` and `anyOf`, without null."""
        return tuple(branch for branch in self._all_branches if not branch.is_null)

    @cached_property
    def core(self) -> Schema:
        """The schema that matters: of a union with null, the one other branch; else this one."""
        if len(self.branches) == 1 and not self.properties:
            return self.branches[0].core
        return self

    @cached_property
    def discriminator(self) -> Discriminator | None:
        """The union's discriminator as declared, with every branch under each of its values."""
        declared = self.get("discriminator")
        name = declared.get("propertyName") if isinstance(declared, Mapping) else None
        if not isinstance(name, str):
            return None
        mapping = declared.get("mapping")
        branches = self._map_branches(mapping if isinstance(mapping, Mapping) else {})
        mapped = {id(branch.resolved) for branch in branches.values()}
        for branch in self.branches:
            if id(branch.resolved) not in mapped:
                values = branch.property_values(name) or (branch.name,)
                branches.update({v: branch for v in values if isinstance(v, str)})
        return Discriminator(name, branches) if branches else None

    @cached_property
    def implied_discriminator(self) -> Discriminator | None:
        """A property whose `const` or `enum` tells all branches apart, where none is declared."""
        if self.discriminator is not None or len(self.branches) < 2:
            return self.discriminator
        for name in self.branches[0].properties:
            pairs = [(v, b) for b in self.branches for v in b.property_values(name)]
            named = {id(branch) for _, branch in pairs}
            texts = {value for value, _ in pairs if isinstance(value, str)}
            if len(texts) == len(pairs) and len(named) == len(self.branches):
                return Discriminator(name, dict(pairs))
        return None

    def property_values(self, name: str) -> tuple[Any, ...]:
        """Give the values that `const` or `enum` allow for a property, or none."""
        schema = self.properties.get(name)
        return schema.enum if schema is not None else ()

    @cached_property
    def _all_of(self) -> tuple[Schema, ...]:
        return self._list("allOf")

    @property
    def _all_branches(self) -> Iterator[Schema]:
        for part in self.parts:
            for keyword in ("oneOf", "anyOf"):
                yield from part._list(keyword)

    def _list(self, keyword: str) -> tuple[Schema, ...]:
        value = self.value.get(keyword)
        count = len(value) if isinstance(value, list) else 0
        return tuple(self.child(keyword, i) for i in range(count))

    def _direct_parts(self) -> list[Schema]:
        reference = self.value.get("$ref")
        target = [self.space.document.follow(reference, self.target)] if reference else []
        return [*(self.space.at(t) for t in target), *self._all_of]

    def _applied(self, keyword: str) -> Schema | None:
        for part in self.parts:
            if isinstance(part.value.get(keyword), Mapping):
                return part.child(keyword)
        return None

    def _map_branches(self, mapping: Mapping[str, Any]) -> dict[str, Schema]:
        """Resolve a mapping's values: references, or bare names of components."""
        branches: dict[str, Schema] = {}
        for value, where in mapping.items():
            if isinstance(where, str):
                named = self.space.component(where)
                branches[value] = named or self._follow_mapping(where)
        return branches

    def _follow_mapping(self, where: str) -> Schema:
        try:
            return self.space.at(self.space.document.follow(where, self.target))
        except DocumentError as error:
            raise DocumentError(f"{error} (named by a discriminator's mapping)") from error
