"""A session's websocket takes the framing of pages and no other: anything else would have the server count for good."""

import asyncio
import json
import re
import urllib.error
import urllib.request
import uuid

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from povsim.dashboard.handlers import FRAMING, UNREADABLE, is_framed
from tests.browser.parts import kernel_of


@pytest.fixture(scope="module")
def channels(server):
    """A request for the channels of a session that waits for its page."""
    with urllib.request.urlopen(server.url("home"), timeout=60) as reply:
        body, cookies = reply.read().decode(), reply.headers.get_all("Set-Cookie")
    kernel = re.search(r'"kernelId": "([0-9a-f-]{36})"', body)[1]
    start, place = server.url("home").split("/home")[0], f"/api/kernels/{kernel}/channels?session_id={uuid.uuid4()}"
    told = {"Cookie": "; ".join(one.partition(";")[0] for one in cookies), "Origin": start}
    return HTTPRequest(start.replace("http", "ws", 1) + place, headers=told)


def test_other_framings_are_refused(channels):
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    asked = urllib.request.Request(channels.url.replace("ws", "http", 1), headers={**channels.headers, **handshake})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=60)
    with refused.value as reply:
        assert reply.code == 400


@pytest.mark.parametrize("message", ["{}", b"", b"\xff" * 64, (40).to_bytes(8, "little") + bytes(16)])
def test_what_announces_more_than_it_holds_is_not_framed(message):
    assert not is_framed(message)


def test_what_is_not_framed_ends_the_connection_and_the_server_lives(channels):
    async def send():
        one = await websocket_connect(channels, subprotocols=[FRAMING])
        await one.write_message(b"\xff" * 64, binary=True)
        try:
            while await asyncio.wait_for(one.read_message(), 60) is not None:
                pass
        finally:
            one.close()
        return one.close_code

    async def ask():
        one = await websocket_connect(channels, subprotocols=[FRAMING])
        header = {"msg_id": "a", "username": "", "session": "b", "msg_type": "kernel_info_request", "version": "5.3",
                  "date": "2020-01-01T00:00:00Z"}  # fmt: skip
        whole = {"header": header, "parent_header": {}, "metadata": {}, "content": {}}
        framed = serialize_msg_to_ws_v1(whole, "shell", pack=lambda part: json.dumps(part).encode())
        await one.write_message(framed, binary=True)
        try:
            while b"kernel_info_reply" not in (found := await asyncio.wait_for(one.read_message(), 60)):
                pass
        finally:
            one.close()
        return found

    assert asyncio.run(send()) == UNREADABLE
    assert b"protocol_version" in asyncio.run(ask())


def test_a_page_names_the_framing_whenever_it_connects(visit):
    # after a first failure its own code would not
    page = visit.open("home")
    connect = """(kernel) => new Promise((done) => {
      const url = `ws://${location.host}/api/kernels/${kernel}/channels?session_id=again`;
      const socket = new WebSocket(url);
      socket.onopen = () => done(socket.protocol);
      socket.onerror = () => done("refused");
    })"""
    assert page.evaluate(connect, kernel_of(page)) == FRAMING
