# Meta: numbers as text, times with +0000, ad hours in the account's zone.

def comment: {type: "chat_message", id: "fb-\(.id)", ts: .created_time, author: (.from.id // "unknown" | text), text: .message};

def instagram: if .field == "live_comments" then
  {type: "chat_message", id: "ig-\(.value.id)", ts: (.time | time), author: (.value.from.id | text), text: .value.text} else skip("not a live comment") end;

def spend: (.hourly_stats_aggregated_by_advertiser_time_zone // "00:00:00 - 23:59:59" | split(" - ")) as $hour |
  {type: "ad_spend", ts: $at, value: .spend, currency: .account_currency, campaign: .campaign_name, channel: "paid",
   clicks: (.clicks // "0" | tonumber), impressions: (.impressions // "0" | tonumber), bucket: {from: "\(.date_start)T\($hour[0])", to: "\(.date_start)T\($hour[1])"},
   id: "meta-\(.campaign_id)-\(.date_start)-\($hour[0])-\($at)"};
