"""A server of streams: server-sent events that go on behind `Last-Event-ID`, and a WebSocket that keeps nothing.

    streams.py PORT FILE [CERTIFICATE KEY]      FILE keeps the events, so that a server that was killed has them still
    POST /publish/sse, POST /publish/ws      a payload; answers how many listen
"""
import asyncio
import os
import ssl
import sys

from aiohttp import WSMsgType, web

FILE = sys.argv[2]
EVENTS = open(FILE).read().splitlines() if os.path.exists(FILE) else []
WAKE = asyncio.Condition()
SOCKETS = set()


async def publish_sse(request):
    line = (await request.text()).strip()
    with open(FILE, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    EVENTS.append(line)
    async with WAKE:
        WAKE.notify_all()
    return web.Response(text=str(len(EVENTS)))


async def sse(request):
    response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
    await response.prepare(request)
    at = int(request.headers.get("last-event-id") or 0)
    while True:
        while at < len(EVENTS):
            at += 1
            await response.write(f"id: {at}\ndata: {EVENTS[at - 1]}\n\n".encode())
        await response.write(b": alive\n\n")
        async with WAKE:
            try:
                await asyncio.wait_for(WAKE.wait(), 0.5)
            except asyncio.TimeoutError:
                pass


async def publish_ws(request):
    text = await request.text()
    listening = 0
    for socket in list(SOCKETS):
        try:
            await socket.send_str(text)
            listening += 1
        except ConnectionError:
            SOCKETS.discard(socket)
    return web.Response(text=str(listening))


async def ws(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    SOCKETS.add(socket)
    try:
        async for message in socket:
            if message.type == WSMsgType.ERROR:
                break
    finally:
        SOCKETS.discard(socket)
    return socket


app = web.Application()
app.add_routes(
    [
        web.post("/publish/sse", publish_sse),
        web.get("/sse", sse),
        web.post("/publish/ws", publish_ws),
        web.get("/ws", ws),
    ]
)
secured = None
if len(sys.argv) > 3:
    secured = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secured.load_cert_chain(sys.argv[3], sys.argv[4])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=0, ssl_context=secured)
