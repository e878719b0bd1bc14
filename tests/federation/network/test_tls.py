"""Who may talk to whom: every certificate that is not the right one is refused, at once."""

import contextlib
import ipaddress
import socket
import ssl
import threading

import msgspec
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from network_samples import federation
from nof1.core.errors import InputError, Nof1Error
from nof1.federation.network import certificates, home, lead, private, project, tls
from nof1.federation.network.tls import Unwelcome
from nof1.federation.network.wire import Gone, Kind, Line, Rejected

MOST_S = 15.0


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with federation(tmp_path_factory.mktemp("tls")) as made:
        yield made


def refused(call, error=Unwelcome, match=None):
    """The call ends with a refusal, not with the end of a time."""
    with pytest.raises(error, match=match) as caught:
        call()
    assert "in time" not in str(caught.value)


def test_a_caller_never_waits_longer_than_fifteen_seconds():
    assert tls.REACH + tls.GREETING <= MOST_S


def copied(up, tmp_path, pair=None, authority=None):
    """North's home with other papers."""
    other = home.Home(tmp_path / "home")
    for path in up.homes["north"].root.iterdir():
        private.write(other.root / path.name, path.read_bytes())
    papers = project.papers(other.root)
    if pair is not None:
        private.write(papers.certificate, pair.certificate)
        private.write(papers.key, pair.key)
    if authority is not None:
        private.write(papers.authority, authority)
    return other


def test_the_right_certificate_is_welcome(up):
    line = up.homes["north"].call()
    assert line.socket.version() == "TLSv1.3"
    line.close()


def test_no_certificate_is_refused(up):
    context = ssl.create_default_context(cafile=project.papers(up.homes["north"].root).authority)
    before = up.coordinator.refused

    def call():
        raw = socket.create_connection(("127.0.0.1", up.coordinator.settings.port), timeout=12)
        line = Line(context.wrap_socket(raw, server_hostname="127.0.0.1"))
        line.read(Kind.WELCOME)

    refused(call, Rejected)
    up.wait(lambda: up.coordinator.refused > before)


def test_plain_text_is_refused(up):
    with socket.create_connection(("127.0.0.1", up.coordinator.settings.port), timeout=12) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while part := raw.recv(4096):
                assert b"nof1" not in part


def test_an_older_tls_is_refused(up):
    context = project.papers(up.homes["north"].root).context(server=False)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    raw = socket.create_connection(("127.0.0.1", up.coordinator.settings.port), timeout=12)
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="127.0.0.1")
    raw.close()


def test_a_certificate_of_another_authority_is_refused(up, tmp_path):
    pair = certificates.client(certificates.authority("project"), "north")
    refused(copied(up, tmp_path, pair).call)


def test_a_self_signed_certificate_is_refused(up, tmp_path):
    refused(copied(up, tmp_path, certificates.authority("north")).call)


def test_a_certificate_of_the_authority_that_is_not_on_the_list_is_refused(up, tmp_path):
    issuer = project.read_pair(up.project.authority)
    pair = certificates.client(issuer, "north")
    refused(copied(up, tmp_path, pair).call, match="not on the project's list")


def test_the_certificate_of_another_site_does_not_stand_for_this_one(up, tmp_path):
    pair = project.read_pair(up.homes["south"].root)
    refused(copied(up, tmp_path, pair).call, match="another name")


def test_a_site_is_no_lead(up, tmp_path):
    pair = project.read_pair(up.homes["south"].root)
    made = project.Project(tmp_path)
    settings = up.project.read_lead()
    private.write(made.lead / "project.json", msgspec.json.encode(settings))
    project.put_pair(made.lead, pair, project.papers(up.project.lead).authority.read_bytes())
    refused(lambda: lead.call(made), match="another name")


def test_a_site_may_not_ask_what_a_lead_may(up):
    line = up.homes["north"].call()
    with pytest.raises(Nof1Error, match="not due"):
        line.ask(Kind.LOOK, due=Kind.LOOK)
    line.close()


def test_a_server_with_the_certificate_of_a_site_is_not_believed(up):
    """A site's certificate is for calling only, whatever its authority."""
    refused(lambda: _call_a(up, project.papers(up.homes["south"].root).context(server=True)))


def test_a_certificate_for_calling_is_not_believed_even_with_the_right_host(up, tmp_path):
    issuer, folder = project.read_pair(up.project.authority), tmp_path / "server"
    where = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    pair = certificates.leaf(issuer, "south", ExtendedKeyUsageOID.CLIENT_AUTH, where)
    project.put_pair(folder, pair, issuer.certificate)
    refused(lambda: _call_a(up, project.papers(folder).context(server=True)))


def test_a_server_of_another_authority_is_not_believed(up, tmp_path):
    issuer = certificates.authority("project")
    folder = tmp_path / "server"
    project.put_pair(folder, certificates.server(issuer, "127.0.0.1"), issuer.certificate)
    refused(lambda: _call_a(up, project.papers(folder).context(server=True)))


def test_a_server_for_another_host_is_not_believed(up, tmp_path):
    issuer = project.read_pair(up.project.authority)
    folder = tmp_path / "server"
    project.put_pair(folder, certificates.server(issuer, "fed.example.org"), issuer.certificate)
    refused(lambda: _call_a(up, project.papers(folder).context(server=True)))


def test_a_silent_coordinator_is_given_up(up, monkeypatch):
    monkeypatch.setattr(tls, "GREETING", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Gone):
        _north(up, listener.getsockname()[1])


def test_a_coordinator_that_drips_is_given_up(up, monkeypatch):
    monkeypatch.setattr(tls, "GREETING", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = threading.Event()

        def drip():
            raw, _ = listener.accept()
            raw.sendall(b"\x16\x03\x03\x40\x00")  # the head of a long handshake record
            with contextlib.suppress(OSError):
                while not gone.wait(0.02):
                    raw.sendall(b"\0")
            raw.close()

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Gone):
            _north(up, listener.getsockname()[1])
        gone.set()
        thread.join(60)


def test_nobody_there_is_told(up):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused(lambda: _north(up, port), Gone, "cannot be reached")


def test_a_caller_that_says_nothing_is_put_out(up, monkeypatch):
    from nof1.federation.network import coordinator

    monkeypatch.setattr(coordinator, "HANDSHAKE", 0.3)
    with socket.create_connection(("127.0.0.1", up.coordinator.settings.port), timeout=12) as raw:
        assert raw.recv(1) == b""


def test_private_files_are_private(up):
    for root in (up.project.root, *(one.root for one in up.homes.values())):
        for path in root.rglob("*"):
            if path.is_file() and path.name != "audit.jsonl":
                assert path.stat().st_mode & 0o077 == 0, path.name


def test_the_authoritys_key_is_not_with_the_server(up):
    secret = project.read_pair(up.project.authority).key
    for folder in (up.project.server, up.project.lead, up.project.root / "kits"):
        for path in folder.rglob("*"):
            assert not path.is_file() or secret not in path.read_bytes()


def test_a_key_that_others_may_read_is_refused(up, tmp_path):
    other = copied(up, tmp_path)
    (other.root / "identity.key").chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        other.identity()


def test_after_a_renewal_the_old_certificate_is_refused(tmp_path):
    with federation(tmp_path) as made:
        identity = made.homes["north"].identity().private_bytes_raw()
    project.renew(made.project)
    from network_samples import serving

    with serving(made.project):
        refused(made.homes["north"].call, match="not on the project's list")
        home.join(made.project.kit("north"), made.homes["north"].root)
        made.homes["north"].call().close()
    assert made.homes["north"].identity().private_bytes_raw() == identity


def _north(up, port):
    """Call as north at another port."""
    papers = project.papers(up.homes["north"].root)
    expected = tls.Welcome(up.coordinator.settings.project, "north", "site")
    return tls.call(papers, "127.0.0.1", port, expected)


def _call_a(up, context):
    """Call a server that has this context."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            raw, _ = listener.accept()
            with contextlib.suppress(OSError):
                context.wrap_socket(raw, server_side=True)
            raw.close()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            return _north(up, listener.getsockname()[1])
        finally:
            thread.join(60)
