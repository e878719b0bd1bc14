"""No test reaches another machine: a hook of the interpreter that refuses it, and notes that it was
tried, so that code which swallows the error fails the test as well.

It sees this process only. What a child process does is seen by ``./dev test --no-network``, where
there is nothing but loopback.
"""

import ipaddress
import socket
import sys

TRIED = []
INTERNET = (socket.AF_INET, socket.AF_INET6)
LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")
CALLS = ("socket.connect", "socket.sendto", "socket.sendmsg")
NAMES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_installed = []


class Reached(RuntimeError):
    """A test has reached for another machine. No OSError, which much code takes for an outage."""


def install():
    """Begin to watch this process; once, for it cannot be taken off again."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_watch)


def is_local(host):
    """Whether a host, by name or address, is this machine and no other."""
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "localhost")
    if host.lower() in (*LOCAL_NAMES, socket.gethostname().lower()):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event, details):
    if event in CALLS:
        one, address = details[0], details[1]
        if one.family in INTERNET and address and not is_local(address[0]):
            _refuse(event, address[0])
    elif event in NAMES and not (is_local(details[0]) or _needs_no_question(event, details[0])):
        _refuse(event, details[0])


def _needs_no_question(event, host):
    """Whether an address was "resolved" that needs no question to a name server."""
    if event != "socket.getaddrinfo":
        return False
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def _refuse(event, host):
    TRIED.append((event, str(host)))
    raise Reached(f"{event}: a test may reach this machine only")
