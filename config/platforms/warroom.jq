# Definitions in scope of every mapping. Money and times are read by the engine: give them as the platform writes them.
#
# Beside the input there are: $feed (the feed's plain variables), $at (when it was fetched), $response ({status, headers})
# and $page (the whole payload that the input was taken from).

# An input that is left out on purpose; what maps to nothing at all is counted and shown.
def skip($why): {skip: $why};

# The platform says that events were lost: `gap("it keeps the last 500 only")`. On a stream that is open again its length is told too.
def gap($why): {gap: $why};

# A second request for a resource that was only named: its `id` and what the request's templates need.
def expand($values): {expand: $values};

# An object without fields that say nothing.
def compact: with_entries(select(.value != null and .value != "" and .value != [] and .value != {}));

# Null for a text that says nothing.
def known: if . == null or . == "" or . == " " or . == "null" then null else . end;

# Anything as text, null as null; an object or a list is no text, so that an id of a wrong type is put aside.
def text: if . == null then null elif isstring then . elif isobject or isarray then error("no text: \(tojson[:40])") else tostring end;

# Moves the point of a number to the left, exactly: 12345 | scaled(3) is "12.345".
def scaled($places): amount_times("1e-\($places)");

# Money in minor units (cents), in millionths, in major units, or with a decimal comma.
def minor: if . == null then null else {minor: (if isstring then tonumber else . end)} end;
def micros: if . == null then null else scaled(6) | until(endswith("0") | not; .[:-1]) | rtrimstr(".") end;
def major: if . == null or . == "" then null else tostring end;
def comma: if . == null or . == "" then null else tostring | split(".") | join("") | split(",") | join(".") end;

# A sum of amounts without the noise of floats; null and "" say nothing, null where none says anything. Minor units add up to minor units.
def sum: map(select(. != null and . != "")) | if . == [] then null elif all(isobject) then {minor: (map(.minor) | amount_sum | tonumber)} else amount_sum end;
# An amount so many times, as it is.
def times($n): if . == null or . == "" then null elif isobject then {minor: (.minor | amount_times($n) | tonumber)} else amount_times($n) end;
# Minor units as the decimals of the currency, other amounts as they are.
def exact($currency): if isobject then ("0" | amount_shared(1; $currency) | ltrimstr("0") | ltrimstr(".") | length) as $places | .minor | scaled($places) else . end;
# One of $n equal parts of an amount, to the decimals of the currency.
def shared($n; $currency): if . == null or . == "" then null else exact($currency) | amount_shared($n; $currency) end;
# An amount to the decimals that the currency has: for platforms that reckon with more.
def rounded($currency): shared(1; $currency);
# Null for an amount that is not above nothing.
def some_money: if . == null or . == "" or (if isstring then tonumber else . end) <= 0 then null else . end;

# An amount as it is shown: "R$ 1.299,90", "1,299.90", "€ 12". What may be read in two ways ("1,299") is left as it is, to be put aside.
def shown: if isstring | not then . elif contains("%") or (explode | map(select(. >= 65 and . <= 122)) | length) > 3 then . else
  (explode | map(select((. >= 48 and . <= 57) or . == 44 or . == 46 or . == 45)) | implode) as $bare |
  ($bare | split(",")) as $commas | ($bare | split(".")) as $dots |
  if ($commas | length) > 1 and ($dots | length) > 1 then
    if ($commas[-1] | contains(".")) then $commas | join("") else $dots | join("") | split(",") | join(".") end
  elif ($commas | length) == 2 and ($commas[1] | length) != 3 then $commas | join(".")
  elif ($commas | length) > 2 then $commas | join("")
  elif ($dots | length) > 2 then $dots | join("")
  elif ($commas | length) == 1 then $bare else . end end;

# Null for a text that is no number.
def figure: if isstring then (try (tonumber | true) catch false) as $is | if $is then . else null end else . end;

# The first of several outputs that says something, as text: `first_known(.sku, .variant_id, .title)`.
def first_known(f): [f | known | select(. != null) | text] | .[0];

# An id of several parts: null when one of them is missing, so that what has no id is put aside as such.
def id_of(f): [f | text] | if any(. == null or . == "") then null else join("-") end;

# What lowers a sum is no price.
def no_deduction: if . != null and startswith("-") then null else . end;

# The pieces of a line that cost $whole together. Where no price makes that exactly, some of them cost the least unit of money more or less.
def pieces($whole; $currency):
  .quantity as $n | ("0" | rounded($currency) | .[:-1] + "1") as $least | ($whole | shared($n; $currency)) as $each |
  ([$whole, ($each | times(-$n))] | sum | tonumber / ($least | tonumber) | round) as $over |
  (if $over < 0 then [-$over, -1] else [$over, 1] end) as [$some, $sign] |
  if $some == 0 then .price = $each else
    (.quantity = $n - $some | .price = $each),
    (del(.discount) | .quantity = $some | .price = ([$each, ($least | times($sign))] | sum)) end;

# A line of an order, or two of one product that come to it exactly: `price` for each, or `whole` for all of its quantity. Its money has the
# decimals of the currency, no discount is none. Goods by weight or length are one unit that costs what they cost together. A line that
# nothing names is "?": it must not cost the order.
def line($currency):
  (.quantity | if isstring then tonumber else . end) as $n | (if $n == null or $n == ($n | floor) then $n else 1 end) as $units |
  (.whole // if $n == null then .price else .price | times($n) end | rounded($currency) | no_deduction) as $whole |
  del(.whole) | .sku |= (. // "?") | .discount |= (rounded($currency) | some_money) | .quantity = if $units == null then null else $units | floor end |
  if $whole == null or $units == null or $units <= 0 then .price |= (rounded($currency) | no_deduction) else pieces($whole; $currency) end | compact;

# Seconds and milliseconds since 1970 are read as they are; 0 and "" mean that there is no time.
def time: if . == null or . == 0 or . == "" or . == "0" then null else tostring end;
# A time without a zone that is in UTC.
def utc: if . == null or . == "" then null elif endswith("Z") then . else . + "Z" end;
# A time without a zone at an offset: "+08:00".
def offset($zone): if . == null or . == "" then null else . + $zone end;

# The parameters of a URL or of its query.
def qs:
  if . == null then {} else
    tostring | split("#")[0] // "" | (split("?") | if length > 1 then .[1:] | join("?") else "" end) | split("&") |
    map(select(length > 0) | split("=") | {(.[0]): (.[1:] | join("=") | split("+") | join(" ") | @urid)}) | add // {}
  end;

# The site of an absolute URL, in small letters; null where there is none.
def site: if . == null then null else tostring | split("://") | if length < 2 then null else
  .[1] | split("/")[0] // "" | split("?")[0] // "" | split("#")[0] // "" | split(":")[0] // "" | ascii_downcase | ltrimstr("www.") | known end end;
# Whether one site is of another.
def of_site($site): ".\(.)" | endswith(".\($site)");
# Sites that a buyer only comes back from when the order is paid.
def tills: ["paypal.com", "stripe.com", "mercadopago.com", "mercadopago.com.br", "pagseguro.uol.com.br", "pagbank.com.br", "pagar.me", "picpay.com",
  "ebanx.com", "adyen.com", "checkout.com", "klarna.com", "afterpay.com", "affirm.com", "shop.app", "pay.google.com", "payu.com", "cardinalcommerce.com", "3dsecure.io"];
# A referrer; null for one of the page's own site or of a till, which tells nothing of where the visit came from.
def from_outside($page): site as $from | ($page | site) as $own |
  if $from == null then . elif [$from | of_site(tills[])] | any then null
  elif $own != null and ($from | of_site($own)) or $own != null and ($own | of_site($from)) then null else . end;

# Where a visit came from, by the parts that are known; null when none is.
def channel: compact | if . == {} then null else . end;
# The network that marked a click on its ad, as it does without utm parameters.
def ad_network: if .gclid // .gbraid // .wbraid // .dclid then "google" elif .msclkid then "bing" elif .ttclid then "tiktok" else null end;
def channel($landing; $referrer):
  ($landing | qs) as $query | ($query | ad_network) as $network |
  {source: ($query.utm_source | known // $network), medium: ($query.utm_medium | known // (if $network then "cpc" else null end)), campaign: $query.utm_campaign, referrer: ($referrer | from_outside($landing)), landing: $landing} | channel;

# A platform's own counter, by canonical metric id: a running total, or what is so now. Nothing for what is not known.
def reading($metric; $kind): if . == null then empty else {type: "reading", ts: $at, metric: $metric, kind: $kind, value: (if isstring then tonumber else . end)} end;
def total($metric): reading($metric; "total");
def gauge($metric): reading($metric; "gauge");
def total_money($metric; $currency): if . == null then empty else {type: "reading", ts: $at, metric: $metric, kind: "total", value: tostring, currency: $currency} end;

# True where the input is one of several outputs: `.status | among("paid", "done")`.
def among(f): . as $one | [f] | any(. == $one);
