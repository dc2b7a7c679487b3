"""A YAML file read into a model, with the place and line of all that is wrong."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from deploy.desk_parts import Place

M = TypeVar("M", bound=BaseModel)


class DeskFileWrong(Exception):
    """What is wrong with a desk's configuration: a line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def read(path: Path, model: type[M], untrue: Callable[[M], Iterator[tuple[Place, str]]]) -> M:
    """What a file says. Raises `DeskFileWrong`, naming all that is wrong and where.

    `untrue` tells what no part can tell by itself.
    """
    text = path.read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DeskFileWrong([f"{path}: {' '.join(str(error).split())}"]) from None
    troubles: list[tuple[Place, str]] = list(_named_twice(node, ()))
    try:
        made = model.model_validate(raw)
    except ValidationError as error:
        troubles += [(each["loc"], _plain(each["msg"])) for each in error.errors()]
    else:
        troubles += untrue(made)
    if troubles:
        raise DeskFileWrong([_line(path, node, place, what) for place, what in troubles])
    return made


def _named_twice(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, str]]:
    """Keys that stand twice in one map: YAML itself would silently take the last."""
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _named_twice(child, (*place, index))
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            yield (*place, key.value), "stands here twice"
        seen.add(key.value)
        yield from _named_twice(value, (*place, key.value))


def _line(path: Path, node: yaml.Node | None, place: Place, what: str) -> str:
    """`desk.yaml, line 12: topics.outage.team: there is no team x`."""
    number = 1
    for part in place:
        found = _child(node, part)
        if found is None:
            break
        number, node = found
    name = ".".join(str(part) for part in place if part != "[key]") or "the file"
    return f"{path}, line {number}: {name}: {what}"


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Line and node of what stands under a key, or at an index."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child.start_mark.line + 1, child
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    return None


def _plain(message: str) -> str:
    return {
        "Field required": "is required",
        "Extra inputs are not permitted": "is not known here",
    }.get(message, message[:1].lower() + message[1:])
