# Operator words, English. Keys are shared with pt-BR.ftl: same keys, same variables (a test holds it).
# Selectors need line breaks in fluent. Numbers arrive already written by ui::format unless a selector needs them.

# ── shared ──
app-name = warroom
mode-live = LIVE
mode-demo = DEMO
mode-replay = REPLAY
mode-rehearsal = REHEARSAL
held = HELD { $at }
journal-recording = REC
journal-lost = JOURNAL LOST
journal-off = NOT RECORDED
stale = STALE
unknown = not known

# ── panels (owner: panels) ──
