"""Sends a fixed number of requests over a few connections that stay open, and checks every answer's status."""

import asyncio
import sys

import uvloop


async def _send(port: int, request: bytes, count: int, status: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    for _ in range(count):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if head[9:12] != status:
            raise RuntimeError(f"expected {status.decode()}, got {head[9:12].decode()}: {body[:200]!r}")
    writer.close()
    await writer.wait_closed()


async def _run(port: int, request: bytes, count: int, connections: int, status: bytes) -> None:
    share = count // connections
    await asyncio.gather(*(_send(port, request, share, status) for _ in range(connections)))


def main() -> None:
    port, count, connections, status = sys.argv[1:5]
    request = sys.stdin.buffer.read()
    uvloop.run(_run(int(port), request, int(count), int(connections), status.encode()))


if __name__ == "__main__":
    main()
