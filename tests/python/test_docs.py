# SPDX-License-Identifier: BSD-3-Clause
"""The Python blocks of README and docs run as they stand, each file's in one namespace."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """What the examples presume: a few files, and arrays by their names."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("onnx")
    image = pytest.importorskip("PIL.Image")
    onnx_models = pytest.importorskip("onnx_models")
    small = onnx_models.Builder(seed=1)
    channels = small.node("Relu", small.node("Conv", "x", small.normal(10, 3, 3, 3)))
    small.node("Flatten", small.node("GlobalAveragePool", channels))
    model = small.model(["n", 3, "h", "w"]).SerializeToString()
    for name in ("model.onnx", "efficientnet-lite0.onnx"):
        (tmp_path / name).write_bytes(model)
    image.new("RGB", (40, 30), "orange").save(tmp_path / "coffee.jpg")
    (tmp_path / "names.txt").write_text("\n".join(f"label {i}" for i in range(10)))
    (tmp_path / "book.txt").write_text("It was the best of times, it was the worst of times.\n")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    time = np.linspace(0, 1, 11)
    return {
        "lines": ["to be or not to be"],
        "sep": None,
        "lower": True,
        "array": rng.random(1000),
        "batch": rng.random((2, 3, 32, 32), dtype=np.float32),
        "time": time,
        "velocity": 9.81 * time,
        "image": rng.random((7, 5)),
        "integrate": __import__("fastconc").integrate,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page, reader):
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    for number, block in enumerate(blocks):
        if block.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block, reader, page.name, None, 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        else:
            script = Path(f"{page.stem}_{number}.py").resolve()  # where kernels find their source
            script.write_text(block, encoding="utf-8")
            exec(compile(block, str(script), "exec"), reader)
