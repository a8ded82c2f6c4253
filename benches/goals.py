"""The goals of performance, measured against their peers in the same run: whole processes in turn, CPU seconds, medians.

usage: goals.py [--full]     (--full adds ten million events and longer looks at the demo)
Needs the release build, rustc for the generator, and DuckDB in this Python. It is no test: it prints what it finds.
"""
import fcntl
import json
import os
import platform
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WARROOM = ROOT / "target" / "release" / "warroom"
PEER = ROOT / "benches" / "peer"
FULL = "--full" in sys.argv
ROUNDS = 3
rows = []


def row(goal, wanted, measured, holds):
    rows.append((goal, wanted, measured, "yes" if holds else "NO"))
    print(f"  {goal}: {measured}", file=sys.stderr, flush=True)


def run(command):
    """CPU seconds and peak MiB of a process, its output thrown away."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen([str(part) for part in command], stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} failed with status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def in_turn(*commands):
    """Median CPU seconds and peak MiB of several processes that run in turn: A B A B …"""
    found = [[] for _ in commands]
    for _ in range(ROUNDS):
        for place, command in enumerate(commands):
            found[place].append(run(command))
    return [(statistics.median(cpu for cpu, _ in runs), max(peak for _, peak in runs)) for runs in found]


def broadcast(folder, events, products, hours):
    generator = folder / "generate"
    if not generator.exists():
        source = PEER / "generate.rs"
        subprocess.run(["rustc", "-O", "-A", "warnings", "--edition", "2021", source, "-o", generator], check=True)
    path = folder / f"{events}-{products}.ndjson"
    with open(path, "wb") as out:
        subprocess.run([generator, str(events), str(products), str(hours), "1"], stdout=out, check=True)
    return path


def batch(folder):
    summary = lambda path: [WARROOM, "summary", path, "--json"]
    duckdb = lambda path: [sys.executable, PEER / "q_duckdb.py", path, "1"]
    million = broadcast(folder, 1_000_000, 200, 3)
    (ours, peak), (theirs, their_peak) = in_turn(summary(million), duckdb(million))
    ratio = theirs / ours
    row("batch, 1M events: CPU of DuckDB / warroom", ">= 1.0", f"{ratio:.2f} ({theirs:.2f} s / {ours:.2f} s)", ratio >= 1.0)
    row("batch, 1M events: peak memory", "<= 100 MiB", f"{peak:.0f} MiB (DuckDB {their_peak:.0f})", peak <= 100)
    many = broadcast(folder, 1_000_000, 10_000, 3)
    (few_cpu, _), (many_cpu, _) = in_turn(summary(million), summary(many))
    row("batch: 10,000 products against 200", "<= 1.3", f"{many_cpu / few_cpu:.2f} ({many_cpu:.2f} s / {few_cpu:.2f} s)", many_cpu / few_cpu <= 1.3)
    many.unlink()
    if FULL:
        ten = broadcast(folder, 10_000_000, 200, 8)
        (ten_cpu, ten_peak), (their_ten, their_ten_peak) = in_turn(summary(ten), duckdb(ten))
        ratio = their_ten / ten_cpu
        row("batch, 10M events: CPU of DuckDB / warroom", ">= 1.0", f"{ratio:.2f} ({their_ten:.2f} s / {ten_cpu:.2f} s)", ratio >= 1.0)
        row("batch, 10M events: peak memory", "told", f"{ten_peak:.0f} MiB (DuckDB {their_ten_peak:.0f})", True)
        row("batch: an event of 10M against one of 1M", "<= 1.3", f"{ten_cpu / 10 / ours:.2f}", ten_cpu / 10 / ours <= 1.3)
        ten.unlink()


def journal(folder):
    path = folder / "bench.warroom"
    started = time.perf_counter()
    cpu, _ = run([WARROOM, "simulate", "--seed", "1", "--hours", "3", "--journal", path])
    took = time.perf_counter() - started
    (read_cpu, _), = in_turn([WARROOM, "summary", path, "--json"])
    text = subprocess.run([str(WARROOM), "summary", str(path), "--json"], capture_output=True, check=True).stdout
    events = json.loads(text)["events"]["accepted"]
    size = path.stat().st_size / events
    row("journal: events written a second (simulated, stepped and committed)", ">= 20,000", f"{events / took:,.0f} ({events:,} in {took:.1f} s, {cpu:.1f} s CPU)", events / took >= 20_000)
    row("journal: bytes an event", "<= 200", f"{size:.0f}", size <= 200)
    row("journal: a million events read and folded", "told", f"{read_cpu / events * 1e6:.2f} s CPU", True)


def replay(folder):
    """Any minute of a long replay, through the player that the glass uses (tests/replay.rs, "seeking")."""
    events = 10_000_000 if FULL else 1_000_000
    path = broadcast(folder, events, 200, 8)
    command = ["cargo", "test", "--release", "--features", os.environ.get("FEATURES", "nats,kafka"), "--test", "replay", "--", "--ignored", "--nocapture", "seeking"]
    found = subprocess.run(command, cwd=ROOT, env={**os.environ, "WARROOM_REPLAY": str(path)}, capture_output=True, text=True, check=True).stdout
    lines = {line.split()[0]: line.split() for line in found.splitlines() if line.startswith(("opened", "curves", "exact", "peak"))}
    curves, exact = float(lines["curves"][5]), float(lines["exact"][5])
    name = f"replay of {events // 1_000_000}M events over 8 h"
    row(f"{name}: curves of any minute, the slowest of 40", "<= 0.1 s", f"{curves:.3f} s (median {lines['curves'][2]} s)", curves <= 0.1)
    row(f"{name}: exact state, the slowest of 40", "<= 1 s", f"{exact:.3f} s (median {lines['exact'][2]} s)", exact <= 1.0)
    row(f"{name}: opened, states of all of it kept", "told", f"{lines['opened'][1]} s, peak {lines['peak'][1]} MiB", True)
    path.unlink()


def report(folder):
    """The report of the journal that `journal` wrote: three hours, more than a million events."""
    live, out = folder / "bench.warroom", folder / "reports"
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run([WARROOM, "report", live, "--out", out])
        times.append(time.perf_counter() - started)
    took = statistics.median(times)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 2**20
    row("report of that live: written", "< 3 s", f"{took:.2f} s ({size:.1f} MiB)", took < 3)


def frames(_):
    """A frame built, compared and written, through the program's own renderer (benches/frame.rs)."""
    command = ["cargo", "bench", "--features", os.environ.get("FEATURES", "nats,kafka"), "--bench", "frame"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in found.splitlines():
        if line.startswith("frame "):
            _, size, _, median, _, _, p99, _ = line.split()
            most = 2.0 if size == "200x60" else 8.0
            row(f"a frame at {size}: p99", f"<= {most:.0f} ms", f"{p99} ms (median {median} ms)", float(p99) <= most)


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def watch(terminal, pid, seconds):
    """Bytes that arrive in so many seconds, cursor questions answered; and when the first burst ended."""
    started, count, burst = time.perf_counter(), 0, None
    while (now := time.perf_counter()) - started < seconds:
        ready, _, _ = select.select([terminal], [], [], min(0.02, seconds))
        if ready:
            chunk = os.read(terminal, 1 << 16)
            count += len(chunk)
            for _ in range(chunk.count(b"\x1b[6n")):
                os.write(terminal, b"\x1b[1;2R")
            if b"\x1b[c" in chunk:
                os.write(terminal, b"\x1b[?62;22c")
        elif count and burst is None:
            burst = now - started
    return count, burst


def glass(folder):
    seconds = 60 if FULL else 20
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", HOME=str(folder), XDG_DATA_HOME=str(folder), LANG="C.UTF-8")
        os.environ.pop("NO_COLOR", None)
        time.sleep(0.2)
        os.execv(WARROOM, [str(WARROOM), "demo", "--seed", "1"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    try:
        _, burst = watch(terminal, pid, 4)
        before = cpu_of(pid)
        count, _ = watch(terminal, pid, seconds)
        share, memory = (cpu_of(pid) - before) / seconds * 100, resident(pid)
    finally:
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.3)
        os.waitpid(pid, 0)
        os.close(terminal)
    row("demo at 200x60: CPU of a core", "<= 0.8 %", f"{share:.2f} %", share <= 0.8)
    row("demo at 200x60: bytes to the terminal", "<= 2.3 kB/s", f"{count / seconds / 1000:.1f} kB/s", count / seconds <= 2_300)
    row("demo: resident", "<= 30 MiB", f"{memory:.0f} MiB", memory <= 30)
    if burst is not None:
        row("demo: first burst ended (history folded), the pipe's own 0.2 s taken off", "told", f"{max(0.0, burst - 0.2) * 1000:.0f} ms", True)


def machine():
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main():
    if not WARROOM.exists():
        raise SystemExit("target/release/warroom is missing: cargo build --release")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (batch, journal, report, replay, frames, glass):
            part(folder)
    print(f"\nmeasured on {machine()}; medians of {ROUNDS} runs in turn")
    print("warroom folds everything the screen knows; DuckDB does the comparison work with de-duplication by id, one thread\n")
    widths = [max(len(line[place]) for line in rows) for place in range(4)]
    for line in [("goal", "wanted", "measured", "holds"), *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


main()
