# Pix: money as text in reais.

def received: ((.txid | known) // .endToEndId) as $order | .endToEndId as $id |
  {type: "payment", id: .endToEndId, ts: .horario, order: $order, status: "approved", method: "pix", value: .valor, currency: "BRL"},
  (.devolucoes[]? | select(.status == "DEVOLVIDO") | {type: "refund", id: (.rtrId // id_of($id, .id)), ts: (.horario.liquidacao // .horario.solicitacao), order: $order, value: .valor, currency: "BRL"});
