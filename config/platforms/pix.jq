# Pix: money as text in reais.

def received: (.txid // .endToEndId) as $order |
  {type: "payment", id: .endToEndId, ts: .horario, order: $order, status: "approved", method: "pix", value: .valor, currency: "BRL"},
  (.devolucoes[]? | select(.status == "DEVOLVIDO") | {type: "refund", id: .rtrId, ts: (.horario.liquidacao // .horario.solicitacao), order: $order, value: .valor, currency: "BRL"});
