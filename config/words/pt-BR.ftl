# Palavras do operador, português do Brasil. Mesmas chaves e variáveis de en.ftl (há um teste).

# ── shared ──
app-name = warroom
mode-live = AO VIVO
mode-demo = DEMO
mode-replay = REPLAY
mode-rehearsal = ENSAIO
held = PARADO { $at }
journal-recording = GRAV
journal-lost = DIÁRIO PERDIDO
journal-off = SEM GRAVAÇÃO
stale = VELHO
unknown = desconhecido

# ── panels (owner: panels) ──
