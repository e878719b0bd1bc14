"""The demo, small: everything it promises is there, and nothing else is overwritten."""

import json
from html import unescape

import pytest

from nof1.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    out, err = capsys.readouterr()
    return stop.value.code, out, err


def test_the_demo_writes_pages_that_open_offline(capsys, tmp_path):
    out = tmp_path / "demo"
    arguments = ("demo", "--out", str(out), "--patients", "1200", "--no-serve", "--json")
    code, text, _ = run(capsys, *arguments)
    told = json.loads(text)
    assert (code, told["schema"]) == (0, "nof1/demo/1")
    for name in ("index", "quality", "model", "patient"):
        page = (out / "report" / f"{name}.html").read_text(encoding="utf-8")
        assert "SYNTHETIC DATA" in page
        assert "not a medical device" in page
        assert "default-src 'none'" in unescape(page)
        assert json.loads((out / "report" / f"{name}.json").read_text(encoding="utf-8"))
    code, text, _ = run(capsys, "audit", "verify", "--workspace", told["workspace"], "--json")
    assert (code, json.loads(text)["intact"]) == (0, True)


def test_the_demo_leaves_other_folders_alone(capsys, tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    code, _, err = run(capsys, "demo", "--out", str(tmp_path), "--no-serve")
    assert code == 2
    assert "not empty" in err
    assert (tmp_path / "letters.txt").read_text() == "mine"
