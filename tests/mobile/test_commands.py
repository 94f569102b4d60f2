"""``rabta mobile`` and ``rabta link``: wrong values are named as they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.main import _commands, app
from rabta.cli.mobile.city import few_rays
from rabta.errors import RabtaError


def call(*args: str) -> str:
    _commands()
    found = CliRunner().invoke(app, list(args), standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.stdout


@pytest.mark.parametrize(
    ("args", "key", "words"),
    [
        (("mobile", "cells", "--power", "200"), "--power", "--power is outside"),
        (("mobile", "cells", "--isd", "0"), "--isd", "10"),
        (("mobile", "cells", "--place", "Lahor"), "--place", "Lahore"),
        (("mobile", "corridor", "--from", "Lahore", "--to", "Kasurr"), "--to", "Kasur"),
        (("mobile", "bler", "4", "--spacing", "17"), "--spacing", "15"),
        (("mobile", "sensing", "Islmabad"), "PLACE", "Islamabad"),
        (("link", "Lahore", "Kasur", "--ghz", "-1"), "--ghz", ""),
    ],
)
def test_errors_name_the_option(args: tuple[str, ...], key: str, words: str) -> None:
    with pytest.raises(RabtaError) as caught:
        call(*args)
    assert caught.value.key == key
    assert words in str(caught.value)


def test_those_not_served_are_explained() -> None:
    args = ("mobile", "cells", "--isd", "1500", "--users", "10", "--json")
    weak, strong = (json.loads(call(*args, "--power", power)) for power in ("10", "55"))
    for found in (weak, strong):
        shares = found["served_share"] + found["weak_share"] + found["disturbed_share"]
        assert shares == pytest.approx(1.0)
    assert weak["weak_share"] > strong["weak_share"]
    assert strong["disturbed_share"] > weak["disturbed_share"]
    assert "too disturbed" in call(*args[:-1])


def test_few_rays_are_noticed() -> None:
    power = np.full((20, 20), -np.inf)
    assert not few_rays(power)
    power[:2] = -60.0
    assert few_rays(power)
    assert not few_rays(power - 50.0)  # faint: the rest may be dark
    power[:] = -60.0
    assert not few_rays(power)
