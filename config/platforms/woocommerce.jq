# WooCommerce: money as text, _gmt times without a Z, guests have customer 0.

# Webhooks of the first versions of the API tell times in the site's zone only: the feed's source_tz reads them.
def moment($name): if has("\($name)_gmt") then .["\($name)_gmt"] | utc else .[$name] | known end;

# Who had their data erased bears the address that WooCommerce puts in its place, as all of them do. A guest writes it in capitals or not.
def someone: if . == null or . == "deleted@site.invalid" then null else ascii_downcase end;

# An error under a status that says there is none.
def refusal: if isobject and .id == null and .code != null then .message // .code else null end;

# A product costs what stands on its shelf: with taxes where the shop's prices hold them.
# An order's cart_hash is of what is in the cart: that of everybody who buys the same, no cart's id.
def order: ([.meta_data[]? | {(.key): .value}] | add // {}) as $meta | .currency as $currency | .id as $order | (.prices_include_tax == true) as $gross | moment("date_paid") as $paid | moment("date_created") as $placed |
  if .status == "checkout-draft" or .status == "auto-draft" or .status == "trash" then skip("a draft")
  elif .parent_id // 0 | . != 0 then skip("a vendor's share of an order that counts as a whole") else
  {type: "purchase", order: ($order | text), rev: moment("date_modified"), ts: $at, placed_at: $placed, paid_at: $paid,
   status: (if .status == "cancelled" then "cancelled" elif $paid then "paid" else "placed" end),
   cancelled_at: (if .status == "cancelled" then moment("date_modified") else null end),
   # a payment that failed is tried again: such an order is still to be paid
   value: (.total | rounded($currency)), currency: $currency, customer: (if .customer_id == 0 then (.billing.email | known | someone) else .customer_id | text end),
   method: (.payment_method | known), discount: ([(.discount_total, (select($gross) | .discount_tax)) | known] | sum | rounded($currency)), coupons: [.coupon_lines[]?.code],
   channel: ({source: $meta["_wc_order_attribution_utm_source"], medium: ($meta["_wc_order_attribution_utm_medium"] // $meta["_wc_order_attribution_source_type"]),
              campaign: $meta["_wc_order_attribution_utm_campaign"], referrer: $meta["_wc_order_attribution_referrer"]} | channel),
   items: [.line_items[] | select(.quantity > 0) |
     # a line that the shop raised has no discount
     [([.subtotal, (select($gross) | .subtotal_tax)] | sum), ([.total, (select($gross) | .total_tax)] | sum)] as [$first, $now] |
     {sku: first_known(.sku, (.variation_id, .product_id | select(. != 0)), .name, .id), quantity, name,
      whole: ([$first, $now] | max_by(tonumber? // 0)), discount: ([$first, ($now | times(-1))] | sum)} | line($currency)]},
  # when money went back is not told: the time of the payment is the one that never changes
  (.refunds[]? | select(.total | times(-1) | some_money) | {type: "refund", id: id_of("refund", .id), order: ($order | text), ts: ($paid // $placed), currency: $currency, value: (.total | times(-1) | rounded($currency)), reason: (.reason | known)})
  end;

# A subscription has the lines of its orders.
def delivery: if .billing_period then skip("a subscription: its orders tell what was bought") elif .line_items then order elif keys == ["id"] then skip("an order was deleted: its last state stays") elif .id then skip("not an order") else empty end;

# A price as it was typed in may have more decimals than a currency: taxes come on top.
def typed: known | major | if . != null and test("\\.\\d{3}") then rounded(null) else . end;

def stock: if .manage_stock == true and .stock_quantity != null then {type: "inventory", ts: $at, sku: first_known(.sku, .id), available: (.stock_quantity | tonumber | floor), price: (.price | typed)}
  else skip("no stock is kept") end;

# A variation without a sku of its own bears its product's, as do its sisters: their stocks add up.
def variation_stock: if .unlisted then skip("variations are listed by WooCommerce 10.3 and newer")
  else .id as $id | stock | if .type then .location = "variation-\($id)" else . end end;
