"""What the published package says of CDNOW, as JSON; its purchases are written as a history for `warroom report --customers`.

usage: cdnow.py HISTORY.csv
"""
import csv
import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import lifetimes
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data

UNTIL = "1997-09-30"
sample = Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt"
bought = pd.read_csv(sample, sep=r"\s+", header=None, names=["master", "customer", "date", "cds", "value"])
bought["date"] = pd.to_datetime(bought["date"], format="%Y%m%d")
bought = bought[bought["date"] <= UNTIL]
with open(sys.argv[1], "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["customer", "date", "value"])
    rows.writerows((row.customer, row.date.strftime("%Y-%m-%d"), f"{row.value:.2f}") for row in bought.itertuples())

seen = summary_data_from_transaction_data(
    bought, "customer", "date", "value", observation_period_end=bought["date"].max().strftime("%Y-%m-%d"), freq="D"
)
buying = BetaGeoFitter(penalizer_coef=0.0)
buying.fit(seen["frequency"], seen["recency"], seen["T"])
again = seen[(seen["frequency"] > 0) & (seen["monetary_value"] > 0)]
spending = GammaGammaFitter(penalizer_coef=0.0)
spending.fit(again["frequency"], again["monetary_value"])
purchases = buying.conditional_expected_number_of_purchases_up_to_time(360, seen["frequency"], seen["recency"], seen["T"])
alive = buying.conditional_probability_alive(seen["frequency"], seen["recency"], seen["T"])
value = spending.customer_lifetime_value(
    buying, seen["frequency"], seen["recency"], seen["T"], seen["monetary_value"], time=12, discount_rate=0.01, freq="D"
)
print(json.dumps({
    "version": lifetimes.__version__,
    "customers": int(len(seen)),
    "once": int((seen["frequency"] == 0).sum()),
    "again": int((seen["frequency"] > 0).sum()),
    "buying": {name: float(number) for name, number in buying.params_.items()},
    "spending": {name: float(number) for name, number in spending.params_.items()},
    "purchases": float(purchases.mean()),
    "alive": float(alive.mean()),
    "value": float(value.mean()),
    "once_value": float(value[seen["frequency"] == 0].mean()),
    "again_value": float(value[seen["frequency"] > 0].mean()),
}))
