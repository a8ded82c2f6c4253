# Google Ads: millionths of the currency as text, hours of the account's day.

def two: tostring | if length < 2 then "0" + . else . end;
# a campaign is its id: two may have one name, and a name may change
def spend: .customer.currencyCode as $currency | (.segments.hour | two) as $hour | {
  type: "ad_spend", id: id_of("gads", .campaign.id, .segments.date, $hour, $at), ts: $at, channel: "paid", campaign: (.campaign.id // .campaign.name | text),
  campaign_name: .campaign.name, value: (.metrics.costMicros // "0" | micros | rounded($currency)), currency: $currency,
  clicks: (.metrics.clicks // "0" | tonumber), impressions: (.metrics.impressions // "0" | tonumber),
  bucket: {from: "\(.segments.date)T\($hour):00:00", to: "\(.segments.date)T\($hour):59:59"}};
