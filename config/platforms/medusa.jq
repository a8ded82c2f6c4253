# Medusa: JSON numbers in major units, not rounded.

# A return or a cancellation lowers the total, and a refund is an event of its own: an order is worth what was agreed before, promotions and
# store credit taken off. A cancellation gives credit for what went back: that was not there before.
def agreed: ([.payment_collections[]?.payments[]?.refunds[]?.amount] | sum) as $back | .total as $now |
  # in older versions of all that was to be paid, so that nothing is left
  (if .status != "canceled" then null elif $now == 0 then [.payment_collections[]?.payments[]?.amount] | sum else $back end) as $given |
  ([.credit_line_total, ($given | times(-1))] | sum | some_money) as $credit |
  ([.original_total // $now, (if .original_total then .discount_total, $credit | times(-1) else null end)] | sum) as $first | ([$now, $first] | max_by(tonumber)) as $most |
  if .status == "canceled" then $most elif $back == null then $now else [([$now, $back] | sum), $most] | min_by(tonumber) end;

# A paid order is worth what was received, whatever is returned or refunded later; where nobody tells that, what was agreed. One that was
# raised after it was paid waits for another payment: that counts when it is there.
def received: if .payment_status | among("captured", "partially_refunded", "refunded", "partially_captured") then
  (.payment_status == "partially_captured") as $waits | if $waits and .version == 1 then null else
  [.payment_collections[]? | select(($waits | not) or .status == "completed") | .payments[]? | select(.captured_at) | .amount] | sum | some_money end else null end;

# Split among several payments it is paid with the last of them; what it was raised by later has a collection of its own.
# What costs nothing has no payment to wait for. Of a part that was captured something may go back before the rest is.
def is_captured: [.payment_collections[]?.payments[]?] as $payments | .payment_status == "captured"
  or ((.payment_status | among("partially_refunded", "refunded")) and (received != null or all($payments[]; has("captured_at") | not)))
  or (.payment_status == "partially_captured" and received != null) or (.total == 0 and $payments == []);

# What came back, and nothing is owed for it, was exchanged or replaced: another line stands for it.
# A line as it was sold, taxes in, as the order's value is: its totals are of the units that are left, in older versions of all of them.
def sold($currency; $kept): . as $line | .quantity as $all | ($all - (.detail.return_received_quantity // 0)) as $left | (if .is_tax_inclusive == false then .subtotal else .original_total end) as $told |
  (if $told != null and $left > 0 and ($told - .unit_price * $all | fabs) > 0.01 then $left else $all end) as $units |
  {sku: first_known(.variant_sku, .variant_id, .product_id, .title, .id), quantity: (if $kept then $left else $all end), name: (.product_title // .title)}
  | .quantity as $n | . + if $left > 0 and $line.original_total != null then {whole: ($line.original_total | times($n) | shared($units; $currency)), discount: ($line.discount_total | times($n) | shared($units; $currency))}
    else {price: $line.unit_price, discount: (([$line.adjustments[]?.amount] | sum) // $line.discount_total)} end | select(.quantity > 0);

def order: (.currency_code // ([.payment_collections[]?.currency_code] | .[0]) | if . then ascii_upcase else null end) as $currency | .id as $order | if .status == "draft" or .is_draft_order == true then skip("a draft") else
  {type: "purchase", order: .id, cart: .cart_id, rev: .updated_at, ts: $at, placed_at: .created_at, cancelled_at: .canceled_at,
   paid_at: (if .status == "canceled" or is_captured then [.payment_collections[]? | [.payments[]?.captured_at | select(.)] | max | select(.)] | min else null end),
   status: (if .status == "canceled" then "cancelled" elif is_captured then "paid" else "placed" end),
   value: (received // agreed | rounded($currency)), currency: $currency, customer: .customer_id, coupons: ([.items[].adjustments[]?.code | known | select(.)] | unique), discount: (.discount_total | rounded($currency)),
   channel: ({source: .metadata.utm_source, medium: .metadata.utm_medium, campaign: .metadata.utm_campaign} | channel), live: .metadata.live,
   items: (([.payment_collections[]?.payments[]?.refunds[]?] == [] and .total >= (received // "0" | tonumber)) as $kept | [.items[] | sold($currency; $kept) | line($currency)])},
  (.payment_collections[]?.payments[]?.refunds[]? | {type: "refund", id: .id, ts: .created_at, order: $order, value: (.amount | rounded($currency)), currency: $currency}) end;

def stock: if (.sku | known) then .sku as $sku | .location_levels[]?
  | {type: "inventory", ts: $at, sku: $sku, location: .location_id, available: (.stocked_quantity - (.reserved_quantity // 0)), reserved: .reserved_quantity} else skip("an item without a sku") end;
