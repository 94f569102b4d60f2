"""``rabta new``: write a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError


def new(
    name: Annotated[str, typer.Argument(help="Name of the scenario; the file is NAME.toml")],
    extends: Annotated[str | None, typer.Option(help="Scenario whose values are kept")] = None,
) -> None:
    """Write NAME.toml with every key, its default and its meaning, commented out."""
    path = Path(f"{name}.toml")
    if path.exists():
        raise RabtaError("file exists already", file=path, expected="another name", exit_code=EXIT_USAGE)
    path.write_text(template(Path(name).name, extends), encoding="utf-8")
    print(f"wrote {path}; run it with: rabta run {path}")


def template(name: str, extends: str | None) -> str:
    """Commented scenario text, made from the models, so it cannot go stale."""
    from rabta.scenario import Scenario, find

    lines = ["# Every key is optional; a commented line shows its default."]
    if extends is not None:
        find(extends)
        lines.append(f'extends = "{extends}"')
    lines += [f'name = "{name}"', f'title = "{name}"']
    for section, field in Scenario.model_fields.items():
        model: Any = field.annotation
        if hasattr(model, "model_fields"):
            lines += ["", f"[{section}] # {(model.__doc__ or '').splitlines()[0]}"]
            lines += [_line(key, item) for key, item in model.model_fields.items()]
    return "\n".join(lines) + "\n"


def _line(key: str, item: Any) -> str:
    from rabta.run import toml_value

    default = item.get_default(call_default_factory=True)
    if default in (None, {}):
        return f"# {key} is not set: {item.description}"
    shown = toml_value(default)
    note = f" # {item.description}" if item.description else ""
    return f"# {key} = {shown}{note}"
