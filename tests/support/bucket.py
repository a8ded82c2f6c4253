"""A bucket that speaks as much S3 as a broker needs to keep its log in: objects as files, ETags, conditional writes, lists.

    bucket.py PORT FOLDER
"""
import asyncio
import hashlib
import os
import sys
import urllib.parse
from xml.sax.saxutils import escape

from aiohttp import web

FOLDER = sys.argv[2]
LOCK = asyncio.Lock()


def path_of(key):
    return os.path.join(FOLDER, urllib.parse.quote(key, safe=""))


def read(key):
    try:
        with open(path_of(key), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def etag(body):
    return '"' + hashlib.md5(body).hexdigest() + '"'


def stamp(key):
    from email.utils import formatdate

    return formatdate(os.path.getmtime(path_of(key)), usegmt=True)


def failure(status, code):
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")


async def put(request):
    key, body = request.match_info["key"], await request.read()
    async with LOCK:
        known = read(key)
        wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
        if unwanted == "*" and known is not None or wanted and (known is None or etag(known) != wanted):
            return failure(412, "PreconditionFailed")
        fresh = path_of(key) + ".new"
        with open(fresh, "wb") as file:
            file.write(body)
        os.replace(fresh, path_of(key))
    return web.Response(headers={"ETag": etag(body)})


async def get(request):
    key = request.match_info["key"]
    body = read(key)
    if body is None:
        return failure(404, "NoSuchKey")
    tag = etag(body)
    headers = {"ETag": tag, "Last-Modified": stamp(key)}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    if request.headers.get("If-Match", tag) != tag:
        return failure(412, "PreconditionFailed")
    span = request.http_range
    if request.headers.get("Range") and request.method == "GET":
        part = body[span.start : span.stop]
        start = span.start if span.start >= 0 else len(body) + span.start
        headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(body)}"
        return web.Response(status=206, body=part, headers=headers)
    return web.Response(body=body, headers=headers)


async def delete(request):
    try:
        os.remove(path_of(request.match_info["key"]))
    except FileNotFoundError:
        pass
    return web.Response(status=204)


async def listing(request):
    prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
    after = request.query.get("start-after", "")
    keys = sorted(urllib.parse.unquote(name) for name in os.listdir(FOLDER) if not name.endswith(".new"))
    objects, folders = [], set()
    for key in (key for key in keys if key.startswith(prefix) and key > after):
        rest = key[len(prefix) :]
        if delimiter and delimiter in rest:
            folders.add(prefix + rest.split(delimiter)[0] + delimiter)
            continue
        body = read(key)
        objects.append(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag(body))}</ETag><Size>{len(body)}</Size></Contents>"
        )
    common = [f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders)]
    text = (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>false</IsTruncated><KeyCount>{len(objects) + len(common)}</KeyCount>"
        f"{''.join(objects)}{''.join(common)}</ListBucketResult>"
    )
    return web.Response(text=text, content_type="application/xml")


async def delete_many(request):
    import re

    for key in re.findall(r"<Key>(.*?)</Key>", await request.text()):
        try:
            os.remove(path_of(key))
        except FileNotFoundError:
            pass
    return web.Response(text='<?xml version="1.0"?><DeleteResult/>', content_type="application/xml")


app = web.Application(client_max_size=64 << 20)
app.add_routes(
    [
        web.get("/{bucket}", listing),
        web.get("/{bucket}/", listing),
        web.post("/{bucket}", delete_many),
        web.post("/{bucket}/", delete_many),
        web.put("/{bucket}/{key:.+}", put),
        web.get("/{bucket}/{key:.+}", get),
        web.delete("/{bucket}/{key:.+}", delete),
    ]
)
os.makedirs(FOLDER, exist_ok=True)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
