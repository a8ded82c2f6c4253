# Medusa: JSON numbers in major units.

def order: .currency_code as $currency | .id as $order |
  {type: "purchase", order: .id, cart: .cart_id, rev: .updated_at, ts: $at, placed_at: .created_at, cancelled_at: .canceled_at,
   status: (if .status == "canceled" then "cancelled" else "placed" end),
   value: ((.original_total // .total) | major), currency: ($currency | ascii_upcase), customer: .customer_id, discount: (.discount_total | major),
   channel: ({source: .metadata.utm_source, medium: .metadata.utm_medium, campaign: .metadata.utm_campaign} | channel), live: .metadata.live,
   items: [.items[] | {sku: (.variant_sku // .variant_id), quantity, name: .title, price: (.unit_price | major)}]}
  + (if .status != "canceled" and ((.payment_status == "captured") or (.payment_status == "partially_refunded") or (.payment_status == "refunded")) then {status: "paid"} else {} end),
  (.payment_collections[]?.payments[]?.refunds[]? | {type: "refund", id: .id, ts: .created_at, order: $order, value: (.amount | major), currency: ($currency | ascii_upcase)});

def stock: if (.sku | known) then .sku as $sku | .location_levels[]?
  | {type: "inventory", ts: $at, sku: $sku, location: .location_id, available: (.stocked_quantity - (.reserved_quantity // 0)), reserved: .reserved_quantity} else skip("an item without a sku") end;
