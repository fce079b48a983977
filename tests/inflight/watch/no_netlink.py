"""Runs `inflight watch` as in a sandbox whose seccomp filter forbids netlink sockets.

Source: Linux, include/uapi/linux/{filter,seccomp,prctl}.h; man 2 seccomp.
"""

from __future__ import annotations

import ctypes
import platform
import runpy
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
"""The system call's number."""
AF_NETLINK = 16
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, NOT_PERMITTED = 0x7FFF0000, 0x00050001
NUMBER, FIRST_ARGUMENT = 0, 16
"""Offsets in `struct seccomp_data`."""
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_netlink() -> None:
    """Let `socket(AF_NETLINK, ...)` fail with EPERM from now on."""
    assert SOCKET is not None
    instructions = [
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, SOCKET),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    program = Program(len(instructions), code)
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0


if __name__ == "__main__":
    forbid_netlink()
    sys.argv.insert(1, "watch")
    runpy.run_module("inflight", run_name="__main__", alter_sys=True)
