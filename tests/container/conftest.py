"""The image is built once for all of these tests."""

from __future__ import annotations

import json

import pytest
from image_bench import CACHE, ROOT, build

FIGURES = ROOT / "out" / "container.json"  # size and times, for the notes


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A Buildah with the image vaani-test-worker in it, and the figures of its build."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("image")
    buildah, figures = build(folder)
    yield buildah, figures
    buildah.remove()
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def container(image):
    """One container for all: with the storage driver that always works, each is a whole copy."""
    buildah, _ = image
    return buildah.run("from", "--pull-never", "vaani-test-worker")


@pytest.fixture(scope="session")
def config(image):
    buildah, _ = image
    return json.loads(buildah.run("inspect", "--type", "image", "vaani-test-worker"))["Docker"]["config"]
