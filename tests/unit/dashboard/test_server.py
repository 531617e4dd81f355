"""What may be asked of the server, where it listens, and what it tells browsers."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest

from povsim.charts.library import echarts_licences, echarts_source, library
from povsim.cli_dashboard import Order, perform
from povsim.dashboard import preparing, server, serving
from povsim.dashboard.app import PAGES
from povsim.dashboard.security import CONTENT, HEADERS
from povsim.dashboard.server import Address, Options, address_of, bind, check
from povsim.errors import InputError
from povsim.wording import read_room, wording


def problems(options):
    with pytest.raises(InputError) as caught:
        check(options)
    return [problem.where for problem in caught.value.problems]


def test_an_open_door_to_the_network_has_to_be_asked_for_twice():
    assert problems(Options(lan=True, token="")) == ["--no-token"]
    check(Options(lan=True, token="", anyone=True))
    check(Options(lan=False, token=""))
    check(Options(lan=True))


def test_tokens_that_can_be_guessed_or_cannot_be_typed_are_refused():
    assert problems(Options(token="abc")) == ["--token"]
    assert problems(Options(lan=True, token="elevenchars")) == ["--token"]
    assert problems(Options(token="口令口令口令")) == ["--token"]
    check(Options(token="abcd"))
    check(Options(lan=True, token="twelve-chars"))


def test_what_is_not_installed_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(server, "NEEDED", ("voila", "no_such_part", "nor_this"))
    with pytest.raises(InputError, match=r'no_such_part, nor_this; install them: pip install "povsim\[dashboard\]"'):
        check(Options())


def test_everything_wrong_is_told_at_once(monkeypatch):
    monkeypatch.setattr(server, "NEEDED", ("no_such_part",))
    assert problems(Options(lan=True, token="")) == ["dashboard", "--no-token"]


def test_a_port_asked_for_that_is_taken_is_refused_and_a_free_one_found_otherwise(monkeypatch):
    (taken,) = bind(Options(port=None))
    port = taken.getsockname()[1]
    try:
        with pytest.raises(InputError, match=f"--port: is taken by another program; found {port}"):
            bind(Options(port=port))
        monkeypatch.setattr(server, "PORT", port)
        (free,) = bind(Options())
        with free:
            assert port < free.getsockname()[1] < port + server.PORTS_TRIED
    finally:
        taken.close()


def test_only_this_machine_unless_told_otherwise():
    for lan, host in ((False, "127.0.0.1"), (True, "0.0.0.0")):
        (bound,) = bind(Options(lan=lan))
        with bound:
            assert bound.getsockname()[0] == host
            address = address_of(Options(lan=lan), [bound])
            assert address.hosts[0] == "127.0.0.1"
            assert (len(address.hosts) > 1) == lan


def test_a_token_is_new_each_time_unless_given():
    (bound,) = bind(Options())
    with bound:
        first, second = address_of(Options(), [bound]), address_of(Options(), [bound])
        assert re.fullmatch("[0-9a-f]{32}", first.token)
        assert first.token != second.token
        assert address_of(Options(token="given-one"), [bound]).token == "given-one"
        assert address_of(Options(token=""), [bound]).urls() == [f"http://127.0.0.1:{bound.getsockname()[1]}/"]


def test_the_address_is_told_in_both_languages(monkeypatch, capsys):
    monkeypatch.setattr("povsim.cli_dashboard._has_screen", lambda: False)
    monkeypatch.setattr(preparing, "chosen_runs", lambda *_: [])
    monkeypatch.setattr(preparing, "digests_of", lambda *_: [])
    monkeypatch.setattr(server, "run", lambda _d, _o, _s, ready: ready(Address(9000, ("127.0.0.1",), "secret")))
    perform(Order((), options=Options(lan=True)), wording("en", "commands", "dashboard_server"))
    told = capsys.readouterr()
    assert told.out.count("http://127.0.0.1:9000/?token=secret") == 2
    assert "用浏览器打开" in told.out
    assert "Nothing is encrypted" in told.out
    assert "The dashboards have stopped" in told.err


def test_wrong_runs_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "cache_folder", lambda: tmp_path / "cache")
    order = Order((tmp_path / "a", tmp_path / "b"))
    with pytest.raises(InputError, match="2 problems"):
        perform(order, wording("en", "commands", "dashboard_server"))
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_private_and_elsewhere_where_it_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "mine")
    folder = preparing.cache_folder()
    assert folder == tmp_path / "mine"
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o077 == 0
    (tmp_path / "file").touch()
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "file" / "below")
    other = preparing.cache_folder()
    assert other.is_dir()
    other.rmdir()


def make_serving(tmp_path, **more):
    return serving.Serving(tmp_path, tmp_path / "shelf", "secret-token", "en", **more)


def test_visitors_can_override_nothing(tmp_path):
    made = serving.configuration(make_serving(tmp_path), tmp_path)
    voila = made["VoilaConfiguration"]
    assert voila["allow_template_override"] == voila["allow_theme_override"] == "NO"
    assert voila["strip_sources"] is True
    assert voila["show_tracebacks"] is False
    assert set(voila["extension_allowlist"]) == set(serving.EXTENSIONS)
    assert made["Voila"]["config_file_paths"] == []
    assert made["MappingKernelManager"]["cull_connected"] is True
    settings = made["Voila"]["tornado_settings"]
    assert settings["headers"] == HEADERS
    assert settings["websocket_max_message_size"] == 16 * 2**20
    assert settings["allow_remote_access"] is False
    assert serving.configuration(make_serving(tmp_path, lan=True), tmp_path)["Voila"]["tornado_settings"][
        "allow_remote_access"
    ]


def test_the_content_policy_names_no_other_host():
    for name, allowed in CONTENT.items():
        assert set(allowed.split()) <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "blob:", "data:"}, name
    assert CONTENT["object-src"] == CONTENT["frame-ancestors"] == "'none'"


def test_kernels_are_this_python_and_see_no_settings_of_the_user(tmp_path):
    made = make_serving(tmp_path)
    pages = serving.prepare_folder(made)
    assert sorted(path.stem for path in pages.iterdir()) == sorted(PAGES)
    spec = json.loads((tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json").read_text("utf-8"))
    assert spec["argv"][0] == sys.executable
    found = serving.environment(made)
    assert found["JUPYTER_PATH"].startswith(str(tmp_path))
    assert found["JUPYTER_NO_CONFIG"] == "1"
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        assert Path(found[name]).is_relative_to(tmp_path)


def test_notebooks_are_one_cell_each_without_output():
    for name in PAGES:
        notebook = json.loads((serving.notebooks() / f"{name}.ipynb").read_text("utf-8"))
        (cell,) = notebook["cells"]
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "".join(cell["source"]).endswith(f'page("{name}")')


def test_the_template_fetches_nothing_from_elsewhere():
    for path in (serving.share() / "voila" / "templates" / "povsim").rglob("*"):
        if path.is_file() and not path.name.startswith("echarts."):
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "://" not in text, path.name


def test_pages_before_a_session_have_all_their_texts():
    texts = serving.page_texts()
    assert set(texts["zh"]) == set(texts["en"])
    folder = serving.share() / "voila" / "templates" / "povsim"
    for name, found in (("loading.js", r'(?:say|trouble)\("(\w+)"\)'), ("../login.html", r"texts\[first\]\.(\w+)")):
        asked = set(re.findall(found, (folder / "static" / name).read_text("utf-8")))
        assert asked
        assert asked <= set(texts["zh"]), name
    assert "page.error_other" in read_room("dashboard_server")


def test_the_chart_library_is_there_with_its_licences():
    source = echarts_source()
    assert len(source) > 500_000
    assert "povsimECharts" in source
    assert library().url.endswith(f"echarts.{library().version}.js?v={library().sha256[:16]}")
    licences = echarts_licences()
    for part in ("Apache License", "zrender", "tslib", "d3"):
        assert part in licences


def test_a_machine_without_a_network_still_has_an_address(monkeypatch):
    class Unreachable(socket.socket):
        def connect(self, _address):
            raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "socket", Unreachable)
    assert list(server._lan_hosts()) == [socket.gethostname()]
