# Google Ads: millionths of the currency as text, hours of the account's day.

def two: tostring | if length < 2 then "0" + . else . end;
def spend: (.segments.hour | two) as $hour | {
  type: "ad_spend", id: "gads-\(.campaign.id)-\(.segments.date)-\($hour)-\($at)", ts: $at, channel: "paid", campaign: .campaign.name,
  value: (.metrics.costMicros | tonumber | . + 5000 | tostring | if length > 4 then .[:-4] else "0" end | {minor: tonumber}), currency: .customer.currencyCode,
  clicks: (.metrics.clicks // "0" | tonumber), impressions: (.metrics.impressions // "0" | tonumber),
  bucket: {from: "\(.segments.date)T\($hour):00:00", to: "\(.segments.date)T\($hour):59:59"}};
