# SPDX-License-Identifier: BSD-3-Clause
"""Train the digits network that comes with fastconc: 64-128-10, on the scans that scikit-learn
ships.

    python examples/train_digits.py python/fastconc/data/digits.npz

The scans are the test part of the UCI "Optical Recognition of Handwritten Digits" data set (E.
Alpaydin and C. Kaynak, 1998, https://doi.org/10.24432/C50P49, licence CC BY 4.0). Two thirds train
the network, the rest tells how good it is. Needs scikit-learn; takes a few seconds.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier


def main(path: str) -> None:
    digits = load_digits()
    is_test = np.arange(len(digits.target)) % 3 == 2
    x = digits.data / 16.0
    network = MLPClassifier((128,), alpha=1e-2, max_iter=400, random_state=0)
    network.fit(x[~is_test], digits.target[~is_test])
    (w0, w1), (b0, b1) = network.coefs_, network.intercepts_
    accuracy = network.score(x[is_test], digits.target[is_test])
    print(f"accuracy on {is_test.sum()} scans not seen: {accuracy:.4f}")
    np.savez_compressed(
        path,
        W0=(w0 / 16.0).astype(
            np.float32
        ),  # so that the network takes the scans' own values, 0 to 16
        b0=b0.astype(np.float32),
        W1=w1.astype(np.float32),
        b1=b1.astype(np.float32),
        activation="relu",
        output="softmax",
        labels=[str(digit) for digit in range(10)],
        images=digits.data.astype(np.uint8),
        target=digits.target.astype(np.uint8),
        is_test=is_test,
        source="UCI Optical Recognition of Handwritten Digits, "
        "https://doi.org/10.24432/C50P49, CC BY 4.0",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
