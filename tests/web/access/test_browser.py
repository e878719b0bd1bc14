"""The door in a real browser, before a real server: by keyboard, on a phone, in the dark.

Needs Chromium (``apt install chromium``) and Playwright; skips by name without them.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import access_samples as samples
import identity_provider as idp
from access_samples import PASSWORD
from nof1.web.access.oidc.flow import Hospital
from nof1.web.access.oidc.settings import read
from ports import free_port

# Runs in the page: what a sighted check of the tree would find first.
FAULTS = """() => {
  const found = [];
  const all = (what) => [...document.querySelectorAll(what)].filter((e) => e.checkVisibility());
  const fail = (why, e) => found.push(why + ': ' + e.outerHTML.slice(0, 80));
  for (const e of all('input:not([type=hidden]), select, textarea, button, a[href]'))
    if (!e.labels?.length && !e.getAttribute('aria-label') && !e.textContent.trim())
      fail('no name', e);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) found.push('an id stands twice');
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (!document.documentElement.lang || !document.title) found.push('no language or title');
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => parts(c).slice(0, 3)
    .reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const e of all('p, label, th, td, dt, dd, h1, h2, summary, button, a, small, span, li')) {
    if (!e.textContent.trim()) continue;
    const both = [light(getComputedStyle(e).color), light(paper(e))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < 4.5) fail('weak contrast', e);
  }
  for (const e of all('button, input:not([type=hidden]), select'))
    if (e.getBoundingClientRect().height < 24) fail('too small', e);
  if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the window');
  return found;
}"""


@pytest.fixture(params=["http"])
def server(tmp_path, request):
    """A server on a real port with accounts and a hospital's sign-in."""
    scheme = request.param
    keys = certificate(tmp_path) if scheme == "https" else {}
    port = free_port()
    with idp.serving() as provider:
        settings = read(idp.settings_file(tmp_path, provider.issuer), insecure=True)
        made = samples.server(
            tmp_path,
            url=f"{scheme}://127.0.0.1:{port}",
            hospital=lambda desk, site: Hospital(settings, desk, site.origins[0]),
        )
        made.clock.now = time.time()
        made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
        running = uvicorn.Server(uvicorn.Config(made.app, port=port, log_level="warning", **keys))
        thread = threading.Thread(target=running.run)
        thread.start()
        while not running.started:
            time.sleep(0.02)
        made.url = f"{scheme}://127.0.0.1:{port}"
        yield made
        running.should_exit = True
        thread.join()
        made.desk.close()


def certificate(folder):
    """A certificate of this machine that nobody trusts, for uvicorn."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "k.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return {"ssl_certfile": folder / "c.pem", "ssl_keyfile": folder / "k.pem"}


def window(chromium, server, width=1280, scheme="light", **more):
    """A new window, and what it complains about or asks for elsewhere."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, **more
    )
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith(server.url) else said.append(one.url))
    return page, said


@pytest.mark.parametrize(
    ("width", "scheme", "script"),
    [(1280, "light", True), (390, "light", False), (390, "dark", True)],
)
def test_a_clinicians_way_by_keyboard(chromium, server, width, scheme, script):
    page, said = window(chromium, server, width, scheme, java_script_enabled=script)
    page.goto(f"{server.url}/models")
    assert page.url.endswith("/sign-in?next=/models")
    page.keyboard.press("Tab")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator("#name:focus").count():
            break
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("models for anna").wait_for()
    page.goto(f"{server.url}/account")
    page.get_by_text("Ask for emergency access").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Patient's identifier").fill("p9")
    page.get_by_label("Reason").select_option("emergency")
    page.get_by_label("In a few words").fill("brought in unconscious")
    page.get_by_role("button", name="Open this patient").press("Enter")
    page.get_by_text("The patient is open for you").wait_for()
    page.goto(f"{server.url}/patients/p9")
    page.get_by_text("chart p9").wait_for()
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Sign out", exact=True).press("Enter")
    page.get_by_text("You are signed out.").wait_for()
    page.goto(f"{server.url}/patients/p9")
    assert "/sign-in" in page.url
    page.context.close()
    # The plain answers of the samples have no icon, and browsers ask for one.
    assert [one for one in said if "404" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_can_be_read_and_used(chromium, server, width, scheme):
    server.desk.tokens.make("local:anna", ("clinician",), "", label="x" * 60, days=9, by="x")
    page, said = window(chromium, server, width, scheme)
    page.goto(f"{server.url}/sign-in?next=/account")
    assert page.evaluate(FAULTS) == []
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="My account").wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate(FAULTS) == []
    page.context.close()
    assert said == []


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
def test_by_the_hospitals_sign_in(chromium, server):
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"{server.url}/models")
    page.get_by_role("link", name="Sign in with Anytown Hospital").click()
    page.get_by_text("models for dr.x").wait_for()
    cookies = {one["name"]: one for one in context.cookies()}
    secure = server.url.startswith("https")
    prefix = "__Host-" if secure else ""
    assert set(cookies) == {f"{prefix}nof1", f"{prefix}nof1-form"}
    assert all(one["secure"] is secure for one in cookies.values())
    assert all(one["httpOnly"] for one in cookies.values())
    assert page.evaluate("document.cookie") == ""
    context.close()


def test_a_page_of_another_host_can_do_nothing_in_ones_name(chromium, server):
    """A form on another site sends the browser's own Origin; the session is not used for it."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/sign-in?next=/account")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="My account").wait_for()
    there = "http://evil.example/"
    shown = [
        f"<form method=post action={server.url}/account/sign-out-everywhere><button>x</button>"
    ]
    page.route(there, lambda route: route.fulfill(body=shown[-1], content_type="text/html"))
    page.goto(there)
    with page.expect_navigation() as went:
        page.locator("button").click()
    assert went.value.status in (401, 403)
    assert len(server.desk.sessions.all("local:anna")) == 1
    shown.append(f"<iframe src={server.url}/account></iframe>")
    page.goto(there)
    assert "My account" not in page.frames[-1].content()
    context.close()
