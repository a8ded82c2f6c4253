# GA4 realtime: everything is text; minutes count backwards from the moment of the answer.

def minute_at($ago): $at | .[:17] + "00Z" | fromdateiso8601 | . - $ago * 60 | todate;

def funnel: {view_item: "views", select_item: "clicks", add_to_cart: "adds", begin_checkout: "checkouts", generate_lead: "leads"}[.dimensionValues[1].value] as $metric |
  if $metric == null then skip("not of the funnel") else
  (.dimensionValues[0].value | ltrimstr("0") | if . == "" then 0 else tonumber end) as $ago |
  {type: "reading", ts: $at, metric: $metric, kind: "bucket", value: (.metricValues[0].value | tonumber), bucket: {from: minute_at($ago), to: minute_at($ago - 1)}} end;
