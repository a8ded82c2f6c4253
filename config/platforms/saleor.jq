# Saleor: JSON numbers in major units, metadata as pairs.

def payment_events: .transactions[]?.events[]?;
def charged_back: [payment_events | select(.type == "CHARGE_BACK")];
# A refund makes isPaid false again, and lowers what was charged; so does a chargeback.
def is_paid: .isPaid == true or .chargeStatus == "FULL" or .chargeStatus == "OVERCHARGED"
  or (.total.gross.amount > 0 and ([.totalCharged.amount, .totalRefunded.amount, charged_back[].amount.amount] | sum // "0" | tonumber) >= .total.gross.amount);

# The refunds of one payment that stand, and the events by which others came to nothing: a reversal (an app that lowers what was refunded
# writes a success below nothing) takes the latest back, of the last one that it reaches perhaps a part; a failure the one of its own reference.
def reversed: [.events[]? | select(.type | among("REFUND_SUCCESS", "REFUND_REVERSE", "REFUND_FAILURE"))] | sort_by(.createdAt, .type != "REFUND_SUCCESS") |
  reduce .[] as $event ({stand: [], void: []};
    if $event.type == "REFUND_SUCCESS" and $event.amount.amount >= 0 then .stand += [$event | {id, createdAt, value: (.amount.amount | tostring), reference: (.pspReference | known)}]
    elif $event.type == "REFUND_FAILURE" then ($event.pspReference | known) as $reference | .stand as $stand |
      def failed: $reference != null and .reference == $reference;
      .void += [$stand[] | select(failed) | {id: .id as $id | $event | id_of(.id, $id), createdAt: $event.createdAt, target: .id}] | .stand = [$stand[] | select(failed | not)]
    else .left = ($event.amount.amount | fabs | tostring) | until(.stand == [] or (.left | some_money) == null;
      .stand[-1] as $last | .void += [{id: ($event | id_of(.id, $last.id)), createdAt: $event.createdAt, target: $last.id}] |
      ([$last.value, (.left | times(-1))] | sum) as $rest | .left = ($rest | times(-1)) |
      .stand = .stand[:-1] + (if $rest | some_money then [$last + {id: ($last | id_of(.id, $event.id)), value: $rest}] else [] end)) end);

# What was granted and given, as a running total: the payments' own events may tell of the same money later.
def granted: [.grantedRefunds[]? | select(.status == null or .status == "SUCCESS")] | sort_by(.createdAt) | . as $all |
  range(length) as $place | $all[$place] + {value: ([$all[:$place + 1][].amount.amount] | sum)};

# An order's refunds are those of one payment, with the total of all: of the older payments nothing but the total is told.
def refunds: .id as $order | .total.gross.currency as $currency | .updatedAt as $seen | [.transactions[]? | reversed] as $told |
  def back($value): {type: "refund", order: $order, value: ($value | rounded($currency)), currency: $currency};
  def so_far($id; $ts; $value): back($value) | . + {id: id_of($id, .value, $ts), ts: $ts, payment: $order, total: true};
  ([$told[].stand[].value] | sum // "0" | tonumber) as $single | [granted] as $granted |
  ($told[] | (.stand[] | back(.value) + {id, ts: .createdAt, payment: $order}),
    (.void[] | {type: "correction", id, ts: .createdAt, kind: "void", target, reason: "reversed"})),
  (if $single == 0 and all($told[]; .void == []) then $granted[] | so_far(.id; .createdAt; .value) else empty end),
  (charged_back[] | back(.amount.amount) + {id, ts: .createdAt, reason: "chargeback"}),
  ((.totalRefunded.amount | some_money) as $total | ([$single, ($granted[].value | tonumber)] | max) as $known |
    if $total != null and ($total | tonumber) > $known then so_far(["refunded", $order] | join("-"); $seen; $total) else empty end);

# A gift card pays: the total is without it, lines and shipping are not. Vouchers on single products lower the lines' prices alone.
def agreed: [.total.gross.amount, (select(.shippingPrice) | [.lines[]?.totalPrice.gross.amount, .shippingPrice.gross.amount] | sum | select(.) | tonumber)] | max;
def discount: ([.undiscountedTotal.gross.amount | select(.)] + [agreed | times(-1)] | if length == 2 then sum | some_money else null end)
  // ([.lines[]? | select(.undiscountedUnitPrice) | .quantity as $n | (.undiscountedUnitPrice.gross.amount, (.unitPrice.gross.amount | times(-1))) | times($n)] | sum | some_money);

# The orders of a delivery, however its subscription wraps them; what holds none is an input too, so that it is shown.
def delivered: if isarray then .[] elif .order then .order elif .orders then .orders[] elif .event then .event | delivered elif .data then .data | delivered
  else ([.[]? | objects | .order | objects] | .[0]) // . end;

# What was charged too much is given back by a refund of its own.
def charged: [payment_events | select(.type == "CHARGE_SUCCESS") | .amount.amount] | sum // "0" | tonumber;

# When the charges had come to the whole; the last of them where they never did.
def charged_at: (.total.gross.amount | tostring | tonumber) as $total | [payment_events | select(.type == "CHARGE_SUCCESS")] | sort_by(.createdAt) | . as $charges |
  ([range(length) | select(([$charges[:. + 1][].amount.amount] | sum | tonumber) >= $total)] | .[0]) as $place |
  if $place then $charges[$place].createdAt else .[-1].createdAt end;

def order: if .status == "DRAFT" then skip("a draft") else .id as $order | .total.gross.currency as $currency | ([.metadata[]? | {(.key): .value}] | add // {}) as $meta |
  {type: "purchase", order: .id, cart: (.checkoutId | known), rev: .updatedAt, ts: $at, placed_at: .created,
   status: (if .status == "CANCELED" or .status == "EXPIRED" then "cancelled" elif is_paid then "paid" else "placed" end), cancelled_at: (if .status == "CANCELED" or .status == "EXPIRED" then .updatedAt else null end),
   # when it was paid is not always told, but that it was must not be forgotten with a cancelled order
   paid_at: (if is_paid then charged_at // (if .status == "CANCELED" then .created else null end) else null end),
   value: ([.total.gross.amount, charged] | max | rounded($currency)), currency: $currency, customer: .user.id, coupons: [.voucherCode | known | select(.)], discount: (discount | rounded($currency)),
   channel: ({source: $meta.utm_source, medium: $meta.utm_medium, campaign: $meta.utm_campaign} | channel), live: $meta.live,
   items: [.lines[]? | {sku: first_known(.productSku, .productVariantId, .productName, .id), quantity, name: .productName, price: .unitPrice.gross.amount, whole: .totalPrice.gross.amount} | line($currency)]},
  refunds end;

def stock: first_known(.sku, .id) as $sku | if .trackInventory == false then skip("no stock is kept") elif $sku then .stocks[]? | {type: "inventory", ts: $at, sku: $sku, location: .warehouse.id, available: (.quantity - .quantityAllocated), reserved: .quantityAllocated}
  else skip("a variant without a sku") end;
