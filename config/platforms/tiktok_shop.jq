# TikTok Shop: money as text in major units, seconds since 1970, one line item for each unit.

def order: if .is_sample_order or .is_replacement_order then skip("a sample or a replacement") else {
  type: "purchase", order: (.id | text), rev: (.update_time | text), ts: $at, placed_at: (.create_time | time), paid_at: (.paid_time | time),
  status: (if .status == "CANCELLED" or .status == "CANCEL" then "cancelled" elif (.paid_time | time) then "paid" else "placed" end),
  cancelled_at: (if .status == "CANCELLED" or .status == "CANCEL" then (.cancel_time // .update_time) | time else null end),
  value: .payment.total_amount, currency: .payment.currency, customer: (.user_id | text), method: .payment_method_name,
  channel: {source: "tiktok", medium: "shop"},
  items: ([.line_items[] | select(.is_gift | not)] | group_by(.sku_id) | map({sku: ((.[0].seller_sku | known) // .[0].sku_id), quantity: length, name: .[0].product_name, price: .[0].sale_price}))} end;

def core_stats: {type: "audience", ts: $at, viewers: .current_visitor_count},
  (.watch_pv | total("views_pv")), (.accumulated_comment_count | total("chat_messages")), (.accumulated_sharing_count | total("shares")),
  (.accumulated_new_follower_count | total("follows")), (.product_view_count | total("product_impressions")), (.product_reach_count | total("clicks")),
  (.created_order_count | total("orders_placed")), (.paid_order_count | total("orders_paid")), (.sales | total("units")), (.buyer_count | total("buyers")),
  (.local_gmv | .currency as $currency | .amount | total_money("gmv_paid"; $currency));

def product_stats: .product_id as $sku | .local_gmv.currency as $currency |
  ((.exposure_count | total("product_impressions")), (.total_click_count | total("clicks")), (.created_order_count | total("orders_placed")),
   (.paid_order_count | total("orders_paid")), (.inventory_consumption_count | total("units")), (.local_gmv.amount | total_money("gmv_paid"; $currency)) | . + {sku: $sku}),
  {type: "inventory", ts: $at, sku: $sku, available: .inventory_left_count};
