# Lazada: money as text, times as "2026-04-12 23:31:00 +0800".

def plain: if . == null then null else tostring | split(",") | join("") end;

# Who pays at the door has paid with the delivery; else what is not unpaid was paid, also
# what could not be delivered.
def is_paid($all): if .payment_method // "" | test("^(cod|cash)"; "i") then any($all[]; . == "delivered" or . == "confirmed" or . == "returned")
  else $all != [] and all($all[]; . != "unpaid") end;

# "price" is before vouchers and without shipping; a voucher takes no more than there is.
def value($currency): [(.price | plain), (.voucher | plain | times(-1)), (.shipping_fee | plain)] | sum | rounded($currency) | if startswith("-") then "0" else . end;

def order: ((.statuses // []) | map(ascii_downcase | if . == "cancelled" then "canceled" else . end)) as $all | .currency as $currency | ($all != [] and all($all[]; . == "canceled")) as $off |
  {
  type: "purchase", order: ((.order_id // .order_number) | text), rev: .updated_at, ts: $at, placed_at: .created_at,
  status: (if $off then "cancelled" elif is_paid($all) then "paid" else "placed" end),
  cancelled_at: (if $off then .updated_at else null end),
  value: (if .price == null then null else value($currency) end), $currency, discount: (.voucher | plain | some_money), method: (.payment_method | known), channel: {source: "lazada", medium: "marketplace"}};
