"""Parts of an OpenAPI description that are written by hand."""

from typing import Any


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema without references, as part of a larger document."""
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolved(definitions[node["$ref"].rpartition("/")[2]])
            return {name: resolved(value) for name, value in node.items()}
        return [resolved(item) for item in node] if isinstance(node, list) else node

    made: dict[str, Any] = resolved(schema)
    return made
