"""W1 in plain Python and River: the same eight features, a scaler and a logistic regression learning from delayed labels.

usage: river_peer.py TICKS.csv  (time_us,bid,ask; no header). Prints one JSON object.
"""

import json
import math
import sys
import time
from collections import deque

from river import linear_model, optim, preprocessing

HORIZON_US = 60_000_000
TOLERANCE_US = 60_000_000
BPS = 1e4


class Features:
    """The formulas of processing/features for quotes of one instrument."""

    def __init__(self):
        self.last_time = 0
        self.log_price = None
        self.mean1 = self.mean10 = self.mean30 = 0.0
        self.var30 = 0.0
        self.sum10 = self.sum60 = 0.0

    def update(self, now, bid, ask):
        price = bid + 0.5 * (ask - bid)
        log_price = math.log(price)
        if self.log_price is None:
            self.log_price = log_price
            self.mean1 = self.mean10 = self.mean30 = log_price
            self.last_time = now
        seconds = max(0, now - self.last_time) * 1e-6
        self.last_time = max(now, self.last_time)
        previous = self.log_price
        self.log_price = log_price
        d1, d10, d30, d60 = 2.0**-seconds, 2.0 ** (-seconds / 10), 2.0 ** (-seconds / 30), 2.0 ** (-seconds / 60)
        r = BPS * (log_price - previous)
        self.mean1 += (1 - d1) * (previous - self.mean1)
        self.mean10 += (1 - d10) * (previous - self.mean10)
        self.sum10 = self.sum10 * d10 + r * r
        self.sum60 = self.sum60 * d60 + r * r
        delta = previous - self.mean30
        step = (1 - d30) * delta
        self.mean30 += step
        self.var30 = d30 * (self.var30 + step * delta)
        return price, {
            "return_bps": r,
            "reversion_1s_bps": BPS * (log_price - self.mean1),
            "reversion_10s_bps": BPS * (log_price - self.mean10),
            "volatility_10s_bps": math.sqrt(math.log(2) * self.sum10),
            "volatility_60s_bps": math.sqrt(math.log(2) * self.sum60),
            "zscore_30s": (log_price - self.mean30) / math.sqrt(self.var30 + 1e-12),
            "spread_bps": BPS * (ask - bid) / price,
            "inter_arrival_log": math.log(1 + 1e3 * seconds),
        }


def run(ticks):
    features = Features()
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(0.01))
    pending = deque()
    newest, seen, loss, outcomes = 0.0, 0, 0.0, 0
    for now, bid, ask in ticks:
        while pending and pending[0][0] < now:
            due, price, x, p = pending.popleft()
            if now - due > TOLERANCE_US or due - seen > TOLERANCE_US:
                continue
            up = newest > price
            loss -= math.log(max(1e-6, p if up else 1 - p))
            outcomes += 1
            model.learn_one(x, up)
        price, x = features.update(now, bid, ask)
        newest, seen = price, now
        pending.append((now + HORIZON_US, price, x, model.predict_proba_one(x).get(True, 0.5)))
    return loss / max(1, outcomes)


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        ticks = [(int(t), float(b), float(a)) for t, b, a in (line.split(",") for line in file)]
    cpu, wall = time.process_time(), time.perf_counter()
    answer = run(ticks)
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "answer": answer, "ticks": len(ticks)}))


main()
