# WooCommerce: money as text, _gmt times without a Z, guests have customer 0.

def order: ([.meta_data[]? | {(.key): .value}] | add // {}) as $meta | .currency as $currency | .id as $order | .date_modified_gmt as $changed |
  if .status == "checkout-draft" or .status == "auto-draft" or .status == "trash" then skip("a draft") else
  {type: "purchase", order: ($order | text), rev: (.date_modified_gmt | utc), ts: $at, placed_at: (.date_created_gmt | utc), paid_at: (.date_paid_gmt | utc),
   status: (if .status == "cancelled" or .status == "failed" then "cancelled" elif .date_paid_gmt then "paid" else "placed" end),
   cancelled_at: (if .status == "cancelled" or .status == "failed" then .date_modified_gmt | utc else null end),
   value: .total, currency: $currency, customer: (if .customer_id == 0 then (.billing.email | known) else .customer_id | text end), cart: (.cart_hash | known),
   method: (.payment_method | known), discount: (.discount_total | known), coupons: [.coupon_lines[]?.code],
   channel: ({source: $meta["_wc_order_attribution_utm_source"], medium: ($meta["_wc_order_attribution_utm_medium"] // $meta["_wc_order_attribution_source_type"]),
              campaign: $meta["_wc_order_attribution_utm_campaign"], referrer: $meta["_wc_order_attribution_referrer"]} | channel),
   items: [.line_items[] | {sku: ((.sku | known) // (if (.variation_id // 0) != 0 then .variation_id else .product_id end | text)), quantity, name,
     price: (if .quantity > 0 then (.subtotal | tonumber) / .quantity | . * 100 | round | scaled(2) else null end)}]},
  (.refunds[]? | {type: "refund", id: "refund-\(.id)", order: ($order | text), ts: ($changed | utc), currency: $currency, value: (.total | ltrimstr("-")), reason: (.reason | known)})
  end;

def stock: if (.sku | known) and .manage_stock == true and .stock_quantity != null then {type: "inventory", ts: $at, sku, available: .stock_quantity, price: (.price | known | major)} else skip("no stock is kept") end;
