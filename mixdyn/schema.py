"""
JSON schemas where they stand in a document, read through `$ref` and `allOf`.

Answers what a schema says (properties, branches, discriminator); `normalform` and `validation` make
validators of it. Knows nothing of HTTP and operations.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from mixdyn.document import MAX_REFERENCE_CHAIN, Document, Target, unescape_pointer
from mixdyn.errors import DocumentError
from mixdyn.names import to_argument, to_snake
from mixdyn.shape import as_array, as_object, as_text, is_array, is_object

COMPONENT = "/components/schemas/"
JOINING = frozenset({"$dynamicRef", "$ref", "allOf"})
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

# Keywords that may stand beside a `$ref` without saying what is valid.
REMARKS = frozenset(
    {"$comment", "$ref", "default", "deprecated", "description", "example", "examples"}
    | {"externalDocs", "nullable", "readOnly", "summary", "title", "writeOnly", "xml"}
)

# A branch of a union that has none of these only limits what the properties beside it may be.
_SHAPES = ("additionalProperties", "anyOf", "const", "enum", "items", "oneOf", "properties")


class Schemas:
    """All schemas of one document, each made when first asked for and then kept."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._made: dict[tuple[str, str], Schema] = {}
        # What others make of all these schemas, and keep as long as them.
        self.derived: dict[Any, Any] = {}

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
        return list(as_object(self.document.at("components", "schemas").value))

    def children(self, parent: Schema) -> list[Schema]:
        """Give the components that are built on another by `allOf`, and those built on them."""
        found: list[Schema] = []
        waiting = [parent]
        while waiting:
            new = [c for c in self._children.get(id(waiting.pop()), ()) if c not in found]
            found += new
            waiting += new
        return [child for child in found if child is not parent]

    @cached_property
    def _children(self) -> dict[int, list[Schema]]:
        children: dict[int, list[Schema]] = {}
        for name in self.component_names():
            child = self.at(self.document.at("components", "schemas", name))
            for i, item in enumerate(as_array(child.value.get("allOf"))):
                reference = as_object(item).get("$ref")
                if isinstance(reference, str):
                    try:
                        parent = child.child("allOf", i).resolved
                    except DocumentError:  # whoever uses this child will hear of it
                        continue
                    children.setdefault(id(parent), []).append(child)
        return children


class Discriminator:
    """Which property decides between the branches of a union, and which value means which."""

    __slots__ = ("branches", "default", "property_name")

    def __init__(
        self, property_name: str, branches: dict[str, Schema], default: Schema | None = None
    ) -> None:
        self.property_name = property_name
        self.branches = branches
        self.default = default

    def pick(self, value: Any) -> Schema | None:
        """Give the branch that an instance belongs to, or None where it names no known one."""
        name = as_object(value).get(self.property_name)
        return self.branches.get(name, self.default) if isinstance(name, str) else self.default


class Schema:
    """A JSON schema at its place; all answers see through `$ref` and `allOf`."""

    def __init__(self, space: Schemas, target: Target) -> None:
        self.space = space
        self.target = target
        # The schema as it stands in the document; an empty one for `true` and for nonsense.
        self.value: Mapping[str, Any] = as_object(target.value)

    def __repr__(self) -> str:
        return f"<Schema {self.name or self.target.pointer}>"

    def child(self, *steps: str | int) -> Schema:
        """Give the schema below this one at the given steps."""
        return self.space.at(self.target.child(*steps))

    @cached_property
    def resolved(self) -> Schema:
        """This schema, or what its chain of `$ref` ends at: at one that says something itself."""
        schema: Schema = self
        for _ in range(MAX_REFERENCE_CHAIN):
            reference = schema.value.get("$ref")
            if not isinstance(reference, str) or schema._has_siblings:
                return schema
            schema = self.space.at(self.space.document.follow(reference, schema.target))
        raise DocumentError(f"{self.target}: the reference leads back to itself; break the cycle")

    @cached_property
    def name(self) -> str | None:
        """The component's name, also through a `$ref` or an `allOf` that only wraps one."""
        schema: Schema = self
        for _ in range(MAX_REFERENCE_CHAIN):
            name = _component_name(schema.target, self.space.document.location)
            if name is not None:
                return name
            inner = schema._direct_parts
            if len(inner) != 1 or "properties" in schema.value:
                return None
            schema = inner[0]
        return None

    @cached_property
    def parts(self) -> tuple[Schema, ...]:
        """The schemas that apply together: this one, its `$ref` target, its `allOf`, theirs."""
        return self._collect_parts(step=-1)

    def get(self, keyword: str, default: Any = None) -> Any:
        """Give a keyword's value from the first part that has it."""
        if keyword in self.value:
            return self.value[keyword]
        if JOINING.isdisjoint(self.value):  # it is its own only part
            return default
        return next((p.value[keyword] for p in self.parts if keyword in p.value), default)

    def bounds(self, word: str) -> tuple[Any, Any]:
        """Give the inclusive and the exclusive `Minimum` or `Maximum`, as JSON Schema has them."""
        inclusive, exclusive = self.get(word.lower()), self.get(f"exclusive{word}")
        # `true` is how OpenAPI 3.0 says that the other limit is itself excluded.
        return (None, inclusive) if exclusive is True else (inclusive, exclusive)

    @property
    def description(self) -> str:
        """The description, or else the title, or empty."""
        return as_text(self.get("description")) or as_text(self.get("title"))

    @property
    def format(self) -> str | None:
        """The `format`, where it is text."""
        value = self.get("format")
        return value if isinstance(value, str) else None

    @cached_property
    def enum(self) -> tuple[Any, ...]:
        """The allowed values of `enum`, or the one of `const`, or none."""
        const = [p.value["const"] for p in self.parts if "const" in p.value]
        return tuple(const[:1] or as_array(self.get("enum")))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types without null; implied ones where `type` is missing; empty for any."""
        given = self._given_types
        if given:
            return tuple(name for name in given if name != "null")
        if self.has_properties or "additionalProperties" in self.value:
            return ("object",)
        return ("array",) if self.get("items") is not None else ()

    @property
    def is_nullable(self) -> bool:
        """Whether null is allowed, by `nullable`, by `type`, by `enum` or by a branch."""
        return self._admits_null or any(branch._admits_null for branch in self._all_branches)

    @property
    def is_null(self) -> bool:
        """Whether null is all that this schema allows."""
        return self._given_types == ("null",) or self.enum == (None,)

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """
        The declared properties of all parts, by wire name, what is inherited first.

        Where several parts declare one, the most specific counts: this schema's own, else the one
        of the last in `allOf`.
        """
        found: dict[str, Schema] = {}
        for part in reversed(self._collect_parts(step=1)):
            declared = part.target.child("properties")
            for name in as_object(declared.value):
                found[name] = self.space.at(declared.child(name))
        return found

    @property
    def has_properties(self) -> bool:
        """Whether any part declares properties."""
        return any(as_object(part.value.get("properties")) for part in self.parts)

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of required properties, of all parts."""
        lists = (as_array(part.value.get("required")) for part in self.parts)
        return frozenset(name for names in lists for name in names if isinstance(name, str))

    @property
    def items(self) -> Schema | None:
        """The schema of the array's items, where there is one for all."""
        return None if is_array(self.get("prefixItems")) else self._applied("items")

    @property
    def additional(self) -> Schema | None:
        """The schema of undeclared properties, where one is given."""
        return self._applied("additionalProperties")

    @cached_property
    def branches(self) -> tuple[Schema, ...]:
        """The alternatives of `oneOf` and `anyOf`, without null and without mere conditions."""
        branches = tuple(branch for branch in self._all_branches if not branch.is_null)
        if branches and self.has_properties:
            return tuple(branch for branch in branches if branch._has_shape)
        return branches

    @cached_property
    def leaves(self) -> tuple[Schema, ...]:
        """The alternatives with unions inside unions opened; only this schema if it is no union."""
        found: list[Schema] = []
        seen: set[int] = set()
        waiting: list[Schema] = [self]
        while waiting:
            schema = waiting.pop()
            if id(schema) not in seen:
                seen.add(id(schema))
                waiting.extend(reversed(schema.branches))
                found += [] if schema.branches else [schema]
        return tuple(found)

    @cached_property
    def core(self) -> Schema:
        """The schema that matters: of a union with null, the one other branch; else this one."""
        core: Schema = self
        seen = {id(self)}
        while (
            len(core.branches) == 1 and not core.has_properties and id(core.branches[0]) not in seen
        ):
            core = core.branches[0]
            seen.add(id(core))
        return core

    @cached_property
    def wire_names(self) -> dict[str, str]:
        """The wire name for every way in which a property of any alternative may be named."""
        wires = [wire for part in (self, *self.leaves) for wire in part.properties]
        names = {wire: wire for wire in wires}
        for wire in wires:
            names.setdefault(to_snake(wire), wire)
            names.setdefault(to_argument(wire), wire)
        return names

    @cached_property
    def discriminator(self) -> Discriminator | None:
        """The union's discriminator as declared, with every branch under each of its values."""
        part = next((p for p in self.parts if is_object(p.value.get("discriminator"))), None)
        if part is None:
            return None
        if part is self:
            return self._read_discriminator(self.value["discriminator"])
        found = part.discriminator
        return None if found is None or self.is_built_on(found, part) else found

    def is_built_on(self, discriminator: Discriminator, parent: Schema) -> bool:
        """Tell whether this is one of a parent's branches, or part of one: picked already."""
        branches = (b.resolved for b in discriminator.branches.values())
        return any(branch is not parent and branch in self.parts for branch in branches)

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
        parts = [p for p in self.parts if name in as_object(p.value.get("properties"))]
        values = (part.child("properties", name).enum for part in parts)
        return next(filter(None, values), ())

    def tags(self, name: str) -> list[str]:
        """Give the values of a discriminating property that mean this schema."""
        tags = [tag for leaf in self.leaves for tag in leaf.property_values(name) or (leaf.name,)]
        declared = as_object(self.resolved.value.get("discriminator"))
        if self.branches and declared.get("propertyName") == name:
            tags = [*as_object(declared.get("mapping")), *tags]
        return [tag for tag in tags if isinstance(tag, str)]

    @property
    def _has_siblings(self) -> bool:
        """Whether more than remarks stand beside a `$ref`: what OpenAPI 3.0 ignores, 3.1 not."""
        counts = self.space.document.version != (3, 0)
        return counts and any(word not in REMARKS and word[:2] != "x-" for word in self.value)

    @property
    def _given_types(self) -> tuple[str, ...]:
        given = self.get("type")
        given = as_array(given) if is_array(given) else [given]
        return tuple(name for name in given if isinstance(name, str) and name in TYPES)

    @property
    def _admits_null(self) -> bool:
        given = self._given_types
        named = "null" in given if given else None in self.enum
        return named or self.get("nullable") is True

    @property
    def _has_shape(self) -> bool:
        has_keyword = any(word in part.value for part in self.parts for word in _SHAPES)
        return has_keyword or self.types not in ((), ("object",))

    @cached_property
    def _all_branches(self) -> list[Schema]:
        found: list[Schema] = []
        for part in self.parts:
            branches = [*part._list("oneOf"), *part._list("anyOf")]
            # A branch that is built on its own union (`Cat` on `Pet`) has been picked from it.
            if part is self or not any(self._is_built_of(branch, part) for branch in branches):
                found += branches
        return found

    def _is_built_of(self, branch: Schema, union: Schema) -> bool:
        return branch.resolved is not union and branch.resolved in self.parts

    def _collect_parts(self, step: int) -> tuple[Schema, ...]:
        """Give the parts depth first, each once; of each part's own the first (-1) or last (1)."""
        if not self._direct_parts:
            return (self,)
        found: dict[int, Schema] = {}
        waiting: list[Schema] = [self]
        while waiting:
            part = waiting.pop()
            if id(part) not in found:
                found[id(part)] = part
                waiting.extend(part._direct_parts[::step])
        return tuple(found.values())

    @cached_property
    def _direct_parts(self) -> Sequence[Schema]:
        if JOINING.isdisjoint(self.value):
            return ()
        references = (self.value.get(keyword) for keyword in ("$ref", "$dynamicRef"))
        follow, at = self.space.document.follow, self.space.at
        targets = [at(follow(r, self.target)) for r in references if isinstance(r, str)]
        return [*targets, *self._list("allOf")]

    def _list(self, keyword: str) -> list[Schema]:
        return [self.child(keyword, i) for i in range(len(as_array(self.value.get(keyword))))]

    def _applied(self, keyword: str) -> Schema | None:
        part = next((p for p in self.parts if is_object(p.value.get(keyword))), None)
        return part.child(keyword) if part is not None else None

    def _read_discriminator(self, declared: Mapping[str, Any]) -> Discriminator | None:
        name, default = declared.get("propertyName"), declared.get("defaultMapping")
        if not isinstance(name, str):
            return None
        branches = self._map_branches(as_object(declared.get("mapping")))
        mapped = {id(branch.resolved) for branch in branches.values()}
        if self.branches:  # a union that names itself would be picked for ever
            branches = {tag: b for tag, b in branches.items() if b.resolved is not self}
            mapped.add(id(self))
        for branch in self.branches or self.space.children(self):
            if id(branch.resolved) not in mapped:
                for tag in branch.tags(name):
                    branches.setdefault(tag, branch)
        if branches and not self.branches and self.name:
            branches.setdefault(self.name, self)
        fallback = self._follow_mapping(default) if isinstance(default, str) else None
        return Discriminator(name, branches, fallback) if branches else None

    def _map_branches(self, mapping: Mapping[str, Any]) -> dict[str, Schema]:
        """Resolve a mapping's values: references, or bare names of components."""
        return {
            tag: self._follow_mapping(where)
            for tag, where in mapping.items()
            if isinstance(where, str)
        }

    def _follow_mapping(self, where: str) -> Schema:
        named = self.space.component(where)
        if named is not None:
            return named
        try:
            return self.space.at(self.space.document.follow(where, self.target))
        except DocumentError as error:
            raise DocumentError(f"{error} (named by a discriminator's mapping)") from error


def _component_name(target: Target, location: str) -> str | None:
    """Name what stands in `components/schemas`, in `$defs`, or in a file of its own."""
    owner, _, name = target.pointer.rpartition("/")
    if f"{owner}/" == COMPONENT or owner.endswith("/$defs"):
        return unescape_pointer(name)
    if not target.pointer and target.base != location:
        return os.path.splitext(os.path.basename(target.base))[0]
    return None
