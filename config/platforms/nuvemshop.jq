# Nuvemshop: money as text, times with +0000, quantities as text.

# Money that is disputed, or was taken back by the bank, was paid.
def is_back: .payment_status == "refunded" or .payment_status == "chargedback";
def is_paid: .payment_status == "paid" or .payment_status == "partially_refunded" or .payment_status == "in_mediation" or is_back;

# An error under a status that says there is none.
def refusal: if isobject and .id == null then .description // .message // .error else null end;

# Some times come as PHP writes them.
def moment: if isobject then .date + (if .timezone == "UTC" then "Z" else "" end) else known end;
# An order is made with its checkout and placed when that is completed: never before, whatever zone that time says it is in.
def placed: (.created_at | moment) as $made | (.completed_at | moment) as $completed |
  if $made != null and $completed != null and "\($completed[:10])T\($completed[11:19])" >= $made[:19] then $completed else $made end;
# A name in each language of the shop.
def wording: if isobject then .pt // .es // .en // [.[]][0] else . end;

# A promotion names the lines that it lowers, or their products; what else was taken off but the freight lowers by its share what is left of each.
def sold($currency): [.products[]?] as $products | ([.promotional_discount | objects | .contents[]? | {(.id | text): .discount_amount}] | add // {}) as $own |
  (if any(.coupon | if isobject then . else .[]? end; .type == "shipping") then .discount_coupon else null end) as $freight |
  ([$own[]] | sum | times(-1)) as $promoted | ([.subtotal, $promoted] | sum | some_money) as $goods |
  ([.discount, $promoted, ($freight | times(-1))] | sum | some_money) as $left | (if $goods != null and $left != null then [$left, $goods] | min_by(tonumber) else null end) as $rest |
  $products[] | .name |= wording | (.product_id as $product | [$products[].product_id | select(. == $product)] | length == 1) as $is_only |
  ($own[.id | text] // (if $is_only then $own[.product_id | text] else null end)) as $off |
  {sku: first_known(.sku, .variant_id, .product_id, .name, .id), quantity, name, price,
    discount: ([$off, (if $rest == null then null else ((.price | tonumber) * (.quantity | tonumber) - ($off // "0" | tonumber)) * ($rest | tonumber) / ($goods | tonumber)
      | rounded($currency) end)] | sum)} | line($currency);

def order: .currency as $currency | {
  type: "purchase", order: (.id | text), rev: (.updated_at | moment), ts: $at, placed_at: placed, paid_at: (if is_paid or .status == "cancelled" then .paid_at | moment else null end), cancelled_at: (.cancelled_at | moment),
  status: (if .status == "cancelled" then "cancelled" elif is_paid then "paid" else "placed" end),
  value: (.total | rounded($currency)), currency, customer: (.customer | objects // null | .id | text), coupons: [.coupon | if isobject then . else .[]? end | .code], discount: (.discount | known | rounded($currency)), method: ((.payment_details | objects | .method | known) // .gateway),
  channel: channel(.landing_url; null),
  items: [sold($currency)]},
  # of a part that went back the amount is not told; when it did neither: the time of the payment is the one that never changes
  (if is_back and (.total | some_money) then {type: "refund", id: id_of("refund", .id), order: (.id | text), ts: ((.paid_at | moment) // (.created_at | moment)), value: (.total | rounded($currency)), $currency} else empty end);
