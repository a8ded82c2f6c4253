# Lazada: money as text, times as "2026-04-12 23:31:00 +0800".

def plain: if . == null then null else tostring | split(",") | join("") end;

# Who pays at the door has paid with the delivery; else what is not unpaid was paid, also
# what could not be delivered.
def is_cash: . // "" | test("^(cod|cash)"; "i");
def is_paid($all): if .payment_method | is_cash then any($all[]; . == "delivered" or . == "confirmed" or . == "returned")
  else $all != [] and all($all[]; . != "unpaid") end;

# "price" is before vouchers and without shipping; a voucher takes no more than there is.
def value($currency): [(.price | plain), (.voucher | plain | times(-1)), (.shipping_fee | plain)] | sum | rounded($currency) | if startswith("-") then "0" else . end;

# An order names none, but its lines do; before it has them it is the country's whose address is asked.
def currency: .currency // {my: "MYR", sg: "SGD", ph: "PHP", th: "THB", vn: "VND", id: "IDR"}[$feed.base | site // "" | split(".")[-1] // ""];

def order: ((.statuses // []) | map(ascii_downcase | if . == "cancelled" then "canceled" else . end)) as $all | currency as $currency | ($all != [] and all($all[]; . == "canceled")) as $off |
  {
  type: "purchase", order: ((.order_id // .order_number) | text), rev: .updated_at, ts: $at, placed_at: .created_at,
  status: (if $off then "cancelled" elif is_paid($all) then "paid" else "placed" end),
  cancelled_at: (if $off then .updated_at else null end),
  value: (if .price == null then null else value($currency) end), $currency, discount: (.voucher | plain | some_money), method: (.payment_method | known), channel: {source: "lazada", medium: "marketplace"}};

# The list has no lines: they are asked for by the order's id, and the order waits beside it. Without an id it is put aside at once.
def listed: order | if .order == null then . else expand({id: .order, "order-\(.order)": tojson}) end;

def cost: .paid_price // .item_price | plain;
# What could not be delivered was not paid at the door either.
def is_off($order): .status // "" | ascii_downcase | among("canceled", "cancelled") or (among("failed", "failed_delivery") and ($order.method | is_cash));

# A line is one piece. What was cancelled of an order that goes on was not sold.
def pieces_of($order; $currency): [.[] | select($order.status == "cancelled" or (is_off($order) | not))]
  | group_by([.sku, .paid_price]) | map(length as $n | .[0]
    | {sku: first_known(.sku, .shop_sku, .product_id, .name), quantity: $n, name, price: cost} | line($currency));

# A push reads the same version without lines: the one that has them comes after it.
def after: if . == null then null elif .[10:11] == "T" and (.[19:20] | . != "" and . != ".") then .[:19] + ".001" + .[19:] else split(" ") | if length < 2 or (.[1] | contains(".")) then . else .[1] += ".001" end | join(" ") end;

# What went back of a paid order so far: lines that were called off or returned, where the order's price still holds them.
def given_back($order; $currency): [.[] | select(is_off($order) or (.status // "" | ascii_downcase == "returned"))] as $back
  | ([$back[] | cost] | sum) as $sum | ([$back[].updated_at] | max // $order.rev) as $ts | ($sum | rounded($currency)) as $value
  | select($order.status == "paid" and ($sum | some_money) and ([$order.value, (.[] | cost | times(-1))] | sum | no_deduction))
  | {type: "refund", id: id_of("refund", $order.order, $value, $ts), $ts, order: $order.order, $value, $currency, total: true};

# Each order that was asked for, with the lines that the answer has of it.
def with_lines: ([.data[]? | {(.order_id | text): .order_items}] | add // {}) as $lines
  | $feed | to_entries[] | select(.key | startswith("expand.order-")) | .value | fromjson | . as $order | $lines[.order] as $of_it
  | if $of_it == null then . else (($of_it[0].currency | known) // .currency) as $currency
    | (.rev |= after | .currency = $currency | .value |= rounded($currency) | .items = ($of_it | pieces_of($order; $currency))
      | .paid_at = (if .status == "placed" then null else [$of_it[].payment_time | time | values] | max end)
      | .customer = first_known($of_it[].buyer_id | select(. != 0 and . != "0"))),
      ($of_it | given_back($order; $currency)) end;
