"""Reading and writing files safely: atomic writes, clear errors, also of what a data model refuses."""

from __future__ import annotations

import os
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file, or say the file and the line that is wrong."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RabtaError("file not found", file=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RabtaError(f"not valid TOML: {error}", file=path, expected="TOML 1.0, UTF-8") from error


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all."""
    raw = data.encode() if isinstance(data, str) else data
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def explain(error: ValidationError, model: type[BaseModel], file: object) -> RabtaError:
    """First complaint of a data model: an unknown key with the nearest valid one, or what the key asks."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return RabtaError(
            "unknown key",
            file=file,
            key=key,
            expected=nearest(str(first["loc"][-1]), _valid_keys(model, first["loc"])),
        )
    return RabtaError(
        first["msg"], file=file, key=key, value=first.get("input"), expected=_expected(model, first["loc"])
    )


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel] | None:
    from pydantic import BaseModel

    for part in path:
        if isinstance(part, int):  # a row of a list of tables
            continue
        field = model.model_fields.get(part)
        annotation: Any = field.annotation if field else None
        if get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return None
        model = annotation
    return model


def _valid_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    found = _model_at(model, path[:-1])
    return list(found.model_fields) if found else []


def _expected(model: type[BaseModel], path: tuple[int | str, ...]) -> str | None:
    found = _model_at(model, path[:-1])
    field = found.model_fields.get(str(path[-1])) if found and path else None
    if field is None:
        return None
    choices = " or ".join(getattr(arg, "__name__", str(arg)) for arg in get_args(field.annotation))
    named = None if get_origin(field.annotation) is Literal else getattr(field.annotation, "__name__", None)
    kind = named or choices
    return f"{kind}: {field.description}" if field.description else kind
