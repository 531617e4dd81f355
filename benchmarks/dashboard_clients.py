"""Sessions without a browser: each opens a page, finds its weight table and moves a slider as a page would."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.dashboard_server import Server
from povsim.dashboard.handlers import FRAMING

WAIT = 240.0
CONTROL = "jupyter.widget.control"


@dataclass
class Client:
    """One session.

    Attributes
    ----------
    connection : WebSocketClientConnection
        To its kernel.
    model : str
        Number of its weight table.
    codes : list of str
        Items of the table.
    sent : dict of int to float
        When edits were made.
    answered : list of float
        Milliseconds until the kernel had answered.
    waiting : dict, optional
        The newest edit, while another is on its way.
    flying : bool
        Whether one is.
    merged : int
        Edits that newer ones took the place of.
    inbox : asyncio.Queue
        What came and was not heard yet.
    reading : asyncio.Task, optional
        What takes it in.
    """

    connection: WebSocketClientConnection
    model: str = ""
    codes: list[str] = field(default_factory=list)
    sent: dict[int, float] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    waiting: dict[str, Any] | None = None
    flying: bool = False
    merged: int = 0
    inbox: asyncio.Queue[bytes | str | None] = field(default_factory=asyncio.Queue)
    reading: asyncio.Task[None] | None = None

    def read(self) -> None:
        """Take in what comes, heard or not: a connection that nobody reads answers no pings, and the server ends it."""

        async def take() -> None:
            told: bytes | str | None = b""
            while told is not None:
                told = await self.connection.read_message()
                self.inbox.put_nowait(told)

        self.reading = asyncio.ensure_future(take())

    async def say(self, kind: str, content: dict[str, Any]) -> None:
        """Send a message on the shell channel."""
        header = {
            "msg_id": uuid.uuid4().hex, "username": "", "session": "benchmark", "msg_type": kind, "version": "5.3",
            "date": "2020-01-01T00:00:00Z",
        }  # fmt: skip
        whole = {"header": header, "parent_header": {}, "metadata": {"version": "1.0.0"}, "content": content}
        framed = serialize_msg_to_ws_v1(whole, "shell", pack=lambda part: json.dumps(part).encode())
        await self.connection.write_message(framed, binary=True)

    async def hear(self) -> dict[str, Any]:
        """Return the content of the next message, without what hangs on it."""
        told = await asyncio.wait_for(self.inbox.get(), WAIT)
        if not isinstance(told, bytes):
            why = f"{self.connection.close_code} {self.connection.close_reason or ''}"
            raise SystemExit(f"the connection to a session ended: {why}")
        _, parts = deserialize_msg_from_ws_v1(told)
        content: dict[str, Any] = json.loads(parts[3])
        return content

    async def move(self, number: int) -> None:
        """Move the slider of an item, as in a drag; while an edit is on its way, only the newest waits."""
        code = self.codes[number // 40 % len(self.codes)]
        edit = {"kind": "edit", "code": code, "points": 2.0 + 0.5 * (number % 20), "drag": True, "n": number,
                "ack": True}  # fmt: skip
        if self.waiting is not None:
            self.merged += 1
            del self.sent[self.waiting["n"]]
        self.sent[number], self.waiting = time.perf_counter(), edit
        if not self.flying:
            await self.send_newest()

    async def send_newest(self) -> None:
        """Send what waits, if anything does."""
        edit, self.waiting = self.waiting, None
        self.flying = edit is not None
        if edit is not None:
            await self.say("comm_msg", {"comm_id": self.model, "data": {"method": "custom", "content": edit}})

    async def listen(self) -> None:
        """Note when edits are answered, until told to stop."""
        while True:
            for content in _told(await self.hear()):
                if content.get("kind") == "ack" and content.get("n") in self.sent:
                    self.answered.append(1e3 * (time.perf_counter() - self.sent.pop(content["n"])))
                    await self.send_newest()


def _told(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a message tells parts, but for new values: itself, or those that travel in it together."""
    data = message.get("data")
    content = data["content"] if isinstance(data, dict) and data.get("method") == "custom" else {}
    if content.get("kind") != "many":
        return [content]
    return [one["content"] for _, one, _ in content["of"] if one["method"] == "custom"]


async def opened(server: Server, fragment: str) -> Client:
    """Return a session of the weight tuner, once its table is there."""
    asked = HTTPRequest(server.url("weight-tuner"), request_timeout=WAIT)
    reply = await AsyncHTTPClient(max_clients=50).fetch(asked)
    kernel = re.search(r'"kernelId": "([0-9a-f-]{36})"', reply.body.decode())
    if kernel is None:
        raise SystemExit("a page told of no session")
    cookies = "; ".join(one.partition(";")[0] for one in reply.headers.get_list("Set-Cookie"))
    address = f"ws://127.0.0.1:{server.port}/api/kernels/{kernel[1]}/channels?session_id={uuid.uuid4()}"
    origin = {"Cookie": cookies, "Origin": f"http://127.0.0.1:{server.port}"}
    connection = await websocket_connect(
        HTTPRequest(address, headers=origin), max_message_size=2**26, subprotocols=[FRAMING]
    )
    client = Client(connection)
    client.read()
    shell = await _find(client)
    token = fragment.removeprefix("#s=")
    link = {"method": "custom", "content": {"kind": "link", "token": token}}
    await client.say("comm_msg", {"comm_id": shell, "data": link})
    await asyncio.sleep(3)
    await _find(client)
    return client


async def _find(client: Client) -> str:
    """Ask for the widgets, as pages do; note the weight table and return the bar."""
    asked = uuid.uuid4().hex
    await client.say("comm_open", {"comm_id": asked, "target_name": CONTROL, "data": {}})
    await client.say("comm_msg", {"comm_id": asked, "data": {"method": "request_states"}})
    while True:
        content = await client.hear()
        data = content.get("data")
        if content.get("comm_id") == asked and isinstance(data, dict) and data.get("method") == "update_states":
            states = {number: one["state"] for number, one in data["states"].items()}
            tables = [number for number, one in states.items() if one.get("kind") == "weight_table"]
            client.model = tables[-1]
            client.codes = [row["code"] for row in states[client.model]["rows"]]
            return next(number for number, one in states.items() if one.get("kind") == "shell")


async def busy(clients: list[Client], stop: asyncio.Event, rate: float) -> None:
    """Let every client move its slider so many times a second, evenly spread, until stopped."""
    listening = [asyncio.ensure_future(one.listen()) for one in clients]

    async def moving(client: Client, late: float) -> None:
        await asyncio.sleep(late)
        number = 1
        due = time.perf_counter()
        while not stop.is_set():
            await client.move(number)
            number, due = number + 1, due + 1 / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    await asyncio.gather(*(moving(one, place / rate / len(clients)) for place, one in enumerate(clients)))
    await asyncio.sleep(1)
    for one in listening:
        one.cancel()
