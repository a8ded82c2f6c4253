# Pix: money as text in reais.

# What an answer says that holds no list of Pix, nor that there is none: banks have each their own form of it.
def refusal: if isobject and ((.pix | isarray) or .parametros.paginacao.quantidadeTotalDeItens? == 0) then null else
  ((if isobject then [.title, .detail, .nome, .mensagem, .error_description, .error, .message, (.erros | if isarray then .[]? | objects | .mensagem else null end) | strings] else [] end)
    | if . == [] then "no list of Pix in the answer" else join(": ") end) end;

# A charge's txid has 26 to 35 characters and is paid once. A shorter one is a static QR's, which anybody may pay any number of times.
def charge: (.txid | known) as $txid | if $txid != null and (($txid | length) >= 26 or $feed.static_txid == "order") then $txid else null end;

# Cash that is handed out at the till is no sale: a "saque" is nothing else, of a "troco" the rest is one.
def sold: if .componentesValor.troco then [.valor, (.componentesValor.troco.valor | times(-1))] | sum else .valor end;

# A refund is known by the Pix and its own id; a bank's rtrId may come later.
def received: if .componentesValor.saque then skip("cash that was withdrawn, no sale")
  # Efí tells by the same hook of what the account sends
  elif .tipo == "SOLICITACAO" then skip("a Pix that the account sent")
  elif .endToEndId == null and .valor == null then skip("not a Pix")
  else (charge // .endToEndId) as $order | .endToEndId as $id |
  {type: "payment", id: .endToEndId, ts: .horario, order: $order, status: "approved", method: "pix", value: sold, currency: "BRL", payment: $id},
  (.devolucoes[]? | select(.status == "DEVOLVIDO" and .natureza != "RETIRADA") | {type: "refund", id: id_of($id, .id), payment: $id, ts: (.horario.liquidacao // .horario.solicitacao), order: $order, value: .valor, currency: "BRL"}) end;

# Of a Pix that may have been read long ago what went back alone.
def returned: [received | select(.type != "payment")] | if . == [] then skip("no refund is through yet") else .[] end;
