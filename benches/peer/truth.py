"""What a generated broadcast holds, by DuckDB and by plain counting: JSON on stdout. usage: truth.py FILE"""
import json
import sys

import duckdb

path = sys.argv[1]
MINUTE_MS = 60_000
ABANDONED_MS = 10 * MINUTE_MS

con = duckdb.connect()
columns = (
    "{id:'VARCHAR',ts:'TIMESTAMP',type:'VARCHAR',sku:'VARCHAR',quantity:'INTEGER',price:'DECIMAL(18,2)',value:'DECIMAL(18,2)',"
    "channel:'VARCHAR',visitor:'VARCHAR',customer:'VARCHAR',cart:'VARCHAR',author:'VARCHAR',\"order\":'VARCHAR',viewers:'INTEGER',"
    "items:'STRUCT(sku VARCHAR,quantity INTEGER,price DECIMAL(18,2))[]'}"
)
con.execute(
    f"create temp table e as select distinct on (id) *, epoch_ms(ts) ms, epoch_ms(ts) // {MINUTE_MS} m "
    f"from read_json('{path}',format='newline_delimited',columns={columns})"
)


def rows(query):
    return con.execute(query).fetchall()


def one(query):
    return rows(query)[0]


def keyed(query, names):
    return {str(row[0]): dict(zip(names, (int(v or 0) for v in row[1:]))) for row in rows(query)}


def carts():
    """Carts at the last event: opened, bought, abandoned (10 minutes without activity), ever abandoned, recovered."""
    at = one("select max(ms) from e")[0]
    buys = {}
    for who, ms in rows(
        "select cart, ms from e where type='purchase' union all select 'v:'||visitor, ms from e where type='purchase' "
        "union all select 'k:'||customer, ms from e where type='purchase'"
    ):
        buys[who] = max(buys.get(who, 0), ms)
    bought = dict(rows("select cart, min(ms) from e where type='purchase' group by 1"))
    seen = {}
    for cart, ms, visitor, customer in rows("select cart, ms, visitor, customer from e where cart is not null and type<>'refund' order by ms"):
        seen.setdefault(cart, []).append((ms, visitor, customer))
    abandoned = ever = recovered = 0
    for cart, acts in seen.items():
        first = None
        for (ms, _, _), following in zip(acts, [act[0] for act in acts[1:]] + [at + 1]):
            if ms >= bought.get(cart, at + 1):
                break
            if following >= ms + ABANDONED_MS and ms + ABANDONED_MS <= at:
                first = ms + ABANDONED_MS
                break
        if cart not in bought and acts[-1][0] + ABANDONED_MS <= at:
            abandoned += 1
        if first is not None:
            ever += 1
            keys = {cart} | {f"v:{visitor}" for _, visitor, _ in acts if visitor} | {f"k:{customer}" for _, _, customer in acts if customer}
            recovered += any(buys.get(key, -1) >= first for key in keys)
    return {"opened": len(seen), "bought": len(bought), "abandoned": abandoned, "ever": ever, "recovered": recovered}


checkouts, left = one(
    "select count(*), count(*) filter (p=0) from (select cart, count(*) filter (type='begin_checkout') b, count(*) filter (type='purchase') p "
    "from e where type in ('begin_checkout','purchase') group by 1) where b>0"
)
print(
    json.dumps(
        {
            "events": one("select count(*) from e")[0],
            "orders": one("select count(distinct \"order\") from e where type='purchase'")[0],
            "units": int(one("select sum(i.quantity) from (select unnest(items) i from e where type='purchase')")[0]),
            "revenue": int(one("select sum(value)*100 from e where type='purchase'")[0]),
            "refunded": int(one("select coalesce(sum(value),0)*100 from e where type='refund'")[0]),
            "viewers": one("select count(distinct visitor) from e where type<>'refund'")[0],
            "buyers": one("select count(distinct customer) from e where type='purchase'")[0],
            "chatters": one("select count(distinct author) from e where type='chat_message'")[0],
            "peak": one("select max(viewers) from e where type='audience'")[0],
            "views": one("select count(*) from e where type='view_item'")[0],
            "clicks": one("select count(*) from e where type='select_item'")[0],
            "adds": one("select count(*) from e where type='add_to_cart'")[0],
            "checkouts": checkouts,
            "checkouts_left": left,
            "carts": carts(),
            "chat": one("select count(*) from e where type='chat_message'")[0],
            "channels": keyed(
                "select channel, count(*) filter (type='view_item'), count(*) filter (type='select_item'), count(*) filter (type='purchase'), "
                "sum(value) filter (type='purchase')*100 from e where channel is not null and type<>'refund' group by 1",
                ("views", "clicks", "orders", "revenue"),
            ),
            "products": keyed(
                "select i.sku, sum(i.quantity), sum(i.quantity*i.price)*100, count(*) from (select unnest(items) i from e where type='purchase') group by 1",
                ("units", "revenue", "orders"),
            ),
            "looks": keyed(
                "select sku, count(*) filter (type='view_item'), count(*) filter (type='select_item'), count(*) filter (type='add_to_cart') "
                "from e where sku is not null and type<>'refund' group by 1",
                ("views", "clicks", "adds"),
            ),
            "minutes": keyed(
                "select m, count(*) filter (type='purchase'), sum(value) filter (type='purchase')*100, count(*) filter (type='chat_message'), "
                "count(*) filter (type='select_item') from e group by 1",
                ("orders", "revenue", "chat", "clicks"),
            ),
        }
    )
)
