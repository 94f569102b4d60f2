"""Key files of a group: the authority's seed, a device's labels."""

from __future__ import annotations

from pathlib import Path

from rabta.security.core import Rejected
from rabta.security.groups.authority import Authority
from rabta.security.groups.device import Device
from rabta.security.keystore import files

AUTHORITY, DEVICE = "group authority", "group device"


def save_authority(path: Path, authority: Authority, passphrase: str | None = None) -> None:
    """Write the authority's key file, for its owner only; errors as of `keystore.files.save`."""
    files.save(path, AUTHORITY, {"seed": authority.seed, "depth": authority.depth}, passphrase)


def load_authority(path: Path, passphrase: str | None = None) -> Authority:
    """Authority of a key file; errors as of `keystore.files.load`."""
    held = files.load(path, AUTHORITY, passphrase)
    if set(held) != {"seed", "depth"} or [type(held[k]) for k in ("seed", "depth")] != [bytes, int]:
        raise Rejected("malformed", "a group authority's file with other contents", file=path)
    return Authority(held["seed"], held["depth"])


def save_device(path: Path, device: Device, passphrase: str | None = None) -> None:
    """Write a device's key file, for its owner only. It never changes: a device keeps no state."""
    held = {"index": device.index, "depth": device.depth, "labels": device.labels}
    files.save(path, DEVICE, held, passphrase)


def load_device(path: Path, passphrase: str | None = None) -> Device:
    """Device of a key file."""
    held = files.load(path, DEVICE, passphrase)
    names = ("index", "depth", "labels")
    if set(held) != set(names) or [type(held[k]) for k in names] != [int, int, bytes]:
        raise Rejected("malformed", "a group device's file with other contents", file=path)
    return Device(held["index"], held["depth"], held["labels"])
