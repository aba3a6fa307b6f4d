"""Learn and predict, microseconds a row, of scikit-learn, River and PyTorch: the peers of bench/models.ts.

Prints one JSON object: {library: {model: {"learn": {batch: us}, "predict": {batch: us}}}}, or {library: "why it was left out"}.
"""

import json
import statistics
import time

WIDTH, CLASSES = 32, 3
BATCHES = [1, 32, 128, 256, 1024]


def timed(work, steps):
    """Microseconds a step: the median of blocks of about a millisecond, which other work on the machine seldom breaks into."""
    started = time.perf_counter()
    warm = max(1, steps // 4)
    for i in range(warm):
        work(i)
    block = max(1, round(0.001 * warm / (time.perf_counter() - started)))
    times = []
    for first in range(0, steps, block):
        started = time.perf_counter()
        for i in range(first, first + block):
            work(i)
        times.append((time.perf_counter() - started) * 1e6 / block)
    return statistics.median(times)


def by_batch(learn, predict, budget):
    result = {"learn": {}, "predict": {}}
    for batch in BATCHES:
        steps = max(16, min(1000, budget // batch))
        result["learn"][batch] = timed(lambda i: learn((i * batch) % (4096 - batch + 1), batch), steps) / batch
        result["predict"][batch] = timed(lambda i: predict((i * batch) % (4096 - batch + 1), batch), steps) / batch
    return result


def scikit_learn():
    import numpy as np
    from sklearn.linear_model import SGDClassifier, SGDRegressor
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(7)
    x = rng.standard_normal((4096, WIDTH)).astype("float32")
    y3, y2 = rng.integers(0, 3, 4096), rng.integers(0, 2, 4096)

    def pipeline(model, y, classes):
        scaler = StandardScaler().fit(x[:1024])

        def learn(i, n):
            scaler.partial_fit(x[i : i + n])
            z = scaler.transform(x[i : i + n])
            model.partial_fit(z, y[i : i + n], classes=classes) if classes is not None else model.partial_fit(z, y[i : i + n])

        learn(0, 1024)
        answer = model.predict if classes is None else model.predict_proba
        return by_batch(learn, lambda i, n: answer(scaler.transform(x[i : i + n])), 2000)

    return {
        "softmax": pipeline(SGDClassifier(loss="log_loss"), y3, np.arange(3)),
        "logistic": pipeline(SGDClassifier(loss="log_loss"), y2, np.arange(2)),
        "linear": pipeline(SGDRegressor(), y3.astype("float64"), None),
    }


def river():
    import numpy as np
    import pandas as pd
    from river import linear_model, optim, preprocessing

    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.standard_normal((4096, WIDTH)), columns=[f"f{j}" for j in range(WIDTH)])
    rows = frame.to_dict("records")
    y3, y2 = rng.integers(0, 3, 4096), rng.integers(0, 2, 4096)
    targets = pd.Series(y2.astype(bool))

    def one_by_one(model, y, answer):
        def learn(i, n):
            for k in range(i, i + n):
                model.learn_one(rows[k], y[k])

        def predict(i, n):
            for k in range(i, i + n):
                answer(model)(rows[k])

        return by_batch(learn, predict, 1000)

    def many():
        model = preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(0.005))
        model.learn_many(frame[:1024], targets[:1024])
        return by_batch(lambda i, n: model.learn_many(frame[i : i + n], targets[i : i + n]), lambda i, n: model.predict_proba_many(frame[i : i + n]), 1000)

    scaled = lambda model: preprocessing.StandardScaler() | model
    return {
        "softmax": one_by_one(scaled(linear_model.SoftmaxRegression(optim.SGD(0.005))), [int(v) for v in y3], lambda m: m.predict_proba_one),
        "logistic": one_by_one(scaled(linear_model.LogisticRegression(optim.SGD(0.005))), [bool(v) for v in y2], lambda m: m.predict_proba_one),
        "linear": one_by_one(scaled(linear_model.LinearRegression(optim.SGD(0.005))), [float(v) for v in y3], lambda m: m.predict_one),
        "logistic, learn_many": many(),
    }


def pytorch():
    import torch

    results = {}
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        net = torch.nn.Sequential(torch.nn.Linear(WIDTH, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, CLASSES))
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        loss = torch.nn.CrossEntropyLoss()
        x, y = torch.randn(4096, WIDTH), torch.randint(0, CLASSES, (4096,))

        def learn(i, n):
            adam.zero_grad(set_to_none=True)
            loss(net(x[i : i + n]), y[i : i + n]).backward()
            adam.step()

        def predict(i, n):
            with torch.inference_mode():
                torch.softmax(net(x[i : i + n]), 1)

        results[f"mlp, {threads} thread{'s' * (threads > 1)}"] = by_batch(learn, predict, 20000)
    return results


def main():
    report = {}
    for name, peer in (("scikit-learn", scikit_learn), ("River", river), ("PyTorch", pytorch)):
        try:
            report[name] = peer()
        except ImportError as error:
            report[name] = str(error)
    print(json.dumps(report))


main()
