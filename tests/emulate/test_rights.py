"""What a machine lacks is said by its cause: in children that gave rights away, and in a made tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rabta.emulate.engine import rights, spaces
from rabta.errors import EXIT_SYSTEM, RabtaError

root = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


def tree(place: Path, switches: dict[str, str], capabilities: int = (1 << 40) - 1) -> Path:
    """A root with switches of the kernel, a process's capabilities and a device that opens."""
    for name, value in switches.items():
        (place / "proc/sys" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "proc/sys" / name).write_text(value + "\n")
    (place / "proc/self").mkdir(parents=True)
    (place / "proc/self/status").write_text(f"Name:\tx\nCapEff:\t{capabilities:016x}\n")
    (place / "dev/net").mkdir(parents=True)
    (place / "dev/net/tun").write_bytes(b"")
    return place


@pytest.mark.parametrize(("name", "value", "problem", "right"), rights.SWITCHES)
def test_a_switch_that_forbids_is_named(
    name: str, value: str, problem: str, right: str, tmp_path: Path
) -> None:
    with pytest.raises(RabtaError, match=problem) as caught:
        rights.check(root=tree(tmp_path, {name: value}), user=1000)
    assert f"sysctl -w {right}" in str(caught.value)
    assert name in str(caught.value)
    assert caught.value.exit_code == EXIT_SYSTEM


def test_a_machine_that_has_all_passes(tmp_path: Path) -> None:
    place = tree(tmp_path, {name: right.split("=")[1] for name, _, _, right in rights.SWITCHES})
    rights.check(3, root=place, user=1000)
    rights.check(3, root=place, user=0)


def test_a_container_s_root_is_told_what_it_lacks(tmp_path: Path) -> None:
    docker = 0x00000000A80425FB  # capabilities(7) of a container that was given none
    with pytest.raises(RabtaError, match="lacks CAP_SYS_ADMIN and CAP_NET_ADMIN") as caught:
        rights.check(root=tree(tmp_path, {}, docker), user=0)
    assert "--cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun" in str(caught.value)


def test_the_device_s_faults_differ(tmp_path: Path) -> None:
    place = tree(tmp_path, {})
    (place / "dev/net/tun").unlink()
    with pytest.raises(RabtaError, match=r"(?s)no TUN device.*modprobe tun"):
        rights.check(root=place)
    (place / "dev/net/tun").write_bytes(b"")
    for number, words in ((13, "mode 0644.*chmod 0666"), (1, "control group"), (5, "Input/output")):
        error = rights.device_error(OSError(number, os.strerror(number)), place / "dev/net/tun")
        assert re.search(words, str(error), re.DOTALL), str(error)


def told(code: str) -> str:
    """Error of a child that does something first, then asks for a namespace."""
    head = """
        import ctypes, os
        from rabta.emulate.engine import rights, spaces
        from rabta.errors import RabtaError
        libc = ctypes.CDLL(None)
        def told(what):
            try:
                what()
            except RabtaError as error:
                print(error)
    """
    whole = textwrap.dedent(head) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr, done.stderr
    return str(done.stdout)


@root
def test_root_without_rights_is_told_which() -> None:
    said = told(
        """
        import struct
        header, none = struct.pack("II", 0x20080522, 0), bytes(24)
        assert libc.capset(header, none) == 0
        told(lambda: spaces.make(1500, {}))
        told(rights.check)
        """
    )
    assert said.count("root here lacks CAP_SYS_ADMIN and CAP_NET_ADMIN") == 2


@root
def test_a_user_whose_device_is_closed_is_told_its_mode(tmp_path: Path) -> None:
    if Path(spaces.DEVICE).stat().st_mode & 0o002:
        pytest.skip("the device is open to users here")
    said = told('__import__("codecs").lookup("ascii"); os.setuid(65534); told(rights.check)')
    assert "closed to this user (mode 0" in said
    assert "chmod 0666 /dev/net/tun" in said


@root
def test_a_limit_of_namespaces_is_named() -> None:
    said = told(
        """
        assert libc.unshare(0x10000000) == 0
        for name, text in (("setgroups", "deny"), ("uid_map", "0 0 1"), ("gid_map", "0 0 1")):
            open(f"/proc/self/{name}", "w").write(text)
        open("/proc/sys/user/max_net_namespaces", "w").write("0")
        told(lambda: spaces.make(1500, {}))
        """
    )
    assert "network namespaces are switched off" in said
    assert "user.max_net_namespaces" in said


@root
def test_so_many_hosts_need_so_many_files() -> None:
    said = told(
        """
        import resource, struct
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 600))
        rights.files(400)
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        libc.capset(struct.pack("II", 0x20080522, 0), bytes(24))
        told(lambda: rights.files(20_000))
        """
    )
    raised, *words = said.splitlines()
    assert int(raised) >= 400, "what may be raised is"
    assert "600 are allowed" in words[0]
    assert "ulimit -n" in words[1]
