# Meta: numbers as text, times with +0000, ad hours in the account's zone.

def comment: if (.message | known) == null then skip("a comment without words") else
  {type: "chat_message", id: id_of("fb", .id), ts: .created_time, author: (.from.id // "unknown" | text), text: .message,
   author_kind: (if .from.id != null and (.from.id | text) == $feed.page then "host" else null end), reply_to: id_of("fb", .parent.id)} end;

def instagram: if .field != "live_comments" then skip("not a live comment")
  elif (.value.text | known) == null then skip("a comment without words")
  else
    {type: "chat_message", id: id_of("ig", (.value.id // .value.comment_id)), ts: (.time | time), author: (.value.from.id // "unknown" | text), text: .value.text,
     author_kind: (if .value.from.id != null and (.value.from.id | text) == (.own | text) then "host" else null end),
     reply_to: id_of("ig", .value.parent_id),
     # the dashboard's Test button sends it: no viewer said it
     test: (if (.own | text) == "0" then true else null end)}
  end;

# a campaign is its id: two may have one name, and a name may change
def spend: . as $all | (.hourly_stats_aggregated_by_advertiser_time_zone // "00:00:00 - 23:59:59" | split(" - ")) as $hour |
  {type: "ad_spend", ts: $at, value: (.spend // "0" | rounded($all.account_currency)), currency: .account_currency, campaign: (.campaign_id // .campaign_name | text), campaign_name, channel: "paid",
   clicks: (.clicks // "0" | tonumber), impressions: (.impressions // "0" | tonumber), bucket: {from: "\(.date_start)T\($hour[0])", to: "\(.date_start)T\($hour[1])"},
   id: id_of("meta", .campaign_id, .date_start, $hour[0], $at)};
