# Pix: money as text in reais.

# What an answer says that holds no list of Pix: banks have each their own form of it.
def refusal: if isobject and (.pix | isarray) then null else
  ((if isobject then [.title, .detail, .nome, .mensagem, .error_description, .error, .message, (.erros | if isarray then .[]? | objects | .mensagem else null end) | strings] else [] end)
    | if . == [] then "no list of Pix in the answer" else join(": ") end) end;

# A charge's txid has 26 to 35 characters and is paid once. A shorter one is a static QR's, which anybody may pay any number of times.
def charge: (.txid | known) as $txid | if $txid != null and (($txid | length) >= 26 or $feed.static_txid == "order") then $txid else null end;

# A refund is known by the Pix and its own id; a bank's rtrId may come later.
def received: (charge // .endToEndId) as $order | .endToEndId as $id |
  {type: "payment", id: .endToEndId, ts: .horario, order: $order, status: "approved", method: "pix", value: .valor, currency: "BRL", payment: $id},
  (.devolucoes[]? | select(.status == "DEVOLVIDO") | {type: "refund", id: id_of($id, .id), payment: $id, ts: (.horario.liquidacao // .horario.solicitacao), order: $order, value: .valor, currency: "BRL"});
