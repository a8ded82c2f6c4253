# TikTok Shop: money as text in major units, seconds since 1970, one line item for each unit.

# Won in the live's giveaway.
def is_prize: .sku_type == "ZERO_LOTTERY";

# An exchange that costs nothing is one sale, sent again.
def is_no_sale: .is_sample_order or .is_replacement_order or
  ((.is_exchange_order or .order_type == "ZERO_LOTTERY" or any(.line_items[]?; is_prize)
    or (.line_items // [] | length > 0 and all(.is_gift))) and (.payment.total_amount | some_money) == null);

# Paid at the door.
def is_delivered_for_cash: .is_cod == true and (.status | among("DELIVERED", "COMPLETED"));
def paid: (.paid_time | time) // if is_delivered_for_cash then (.delivery_time | time) // (.update_time | time) else null end;

def order: if is_no_sale then skip("a sample, a prize, a replacement or an exchange") else .payment.currency as $currency | (.status == "CANCELLED" or .status == "CANCEL") as $off | {
  type: "purchase", order: (.id | text), rev: (.update_time | text), ts: $at, placed_at: (.create_time | time), paid_at: paid,
  status: (if $off then "cancelled" elif paid then "paid" else "placed" end),
  cancelled_at: (if $off then (.cancel_time | time) // (.update_time | time) else null end),
  value: (.payment.total_amount | rounded($currency)), $currency, discount: ([.payment | .seller_discount, .platform_discount] | sum | rounded($currency)), customer: (.user_id | text), method: .payment_method_name,
  channel: {source: (if .commerce_platform == "TOKOPEDIA" then "tokopedia" else "tiktok" end), medium: "shop"},
  items: ([.line_items[]? | select((.is_gift or is_prize | not) and ($off or .display_status != "CANCELLED"))] | group_by([.sku_id, .sale_price])
    | map(length as $n | .[0] | {sku: first_known(.seller_sku, .sku_id, .product_id, .product_name), quantity: $n, name: .product_name, price: .sale_price} | line($currency)))} end;

# Its orders are those of a sku: one of three products counts three times, and is none of ours.
def core_stats: (.current_visitor_count | values | {type: "audience", ts: $at, viewers: .}),
  (.watch_pv | total("views_pv")), (.accumulated_comment_count | total("chat_messages")), (.accumulated_sharing_count | total("shares")),
  (.accumulated_new_follower_count | total("follows")), (.product_view_count | total("product_impressions")), (.product_reach_count | total("clicks")),
  (.peak_concurrent_user_count | gauge("pcu")), (.sales | total("units")), (.buyer_count | total("buyers")),
  (.local_gmv | .currency as $currency | .amount | total_money("gmv_paid"; $currency));

def product_stats: .product_id as $sku | .local_gmv.currency as $currency |
  ((.exposure_count | total("product_impressions")), (.total_click_count | total("clicks")), (.created_order_count | total("orders_placed")),
   (.paid_order_count | total("orders_paid")), (.inventory_consumption_count | total("units")), (.local_gmv.amount | total_money("gmv_paid"; $currency)) | . + {sku: $sku}),
  (.inventory_left_count | values | {type: "inventory", ts: $at, sku: $sku, available: .});
