"""What compose.yaml starts: pinned images, no password of its own, nothing open to others, and the settings we tell."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from monitor.settings import load_settings

_SECRET = re.compile(r"PASS|SECRET|TOKEN")


class _Loader(yaml.SafeLoader):
    """Read Compose's own tags as what they stand before."""


_Loader.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))


@pytest.fixture(scope="module")
def compose(checkout: Path) -> dict[str, Any]:
    return yaml.load((checkout / "compose.yaml").read_text("utf-8"), _Loader)  # a safe one with a tag more


@pytest.fixture(scope="module")
def told(checkout: Path) -> str:
    """Give the settings that the manual tells for all of it in containers."""
    text = (checkout / "docs" / "operating.md").read_text("utf-8")
    section = text.partition("#### All of it in containers")[2].partition("\n### ")[0]
    block = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert block
    return block[1]


def test_the_profile_brings_a_database_an_object_store_and_two_workers(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {name for name, one in services.items() if one.get("profiles") == ["shared"]} == {"db", "objects", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["worker"]["depends_on"] == {
        name: {"condition": "service_healthy"} for name in ("db", "objects") if services[name]["healthcheck"]
    }


def test_images_of_others_are_pinned(compose: dict[str, Any]) -> None:
    images = [one["image"] for one in compose["services"].values() if "image" in one and "build" not in one]
    assert images
    assert [image for image in images if not re.fullmatch(r"[a-z/]+:v?\d+[\w.-]*", image)] == []


def test_no_password_stands_there(compose: dict[str, Any], checkout: Path) -> None:
    given = [pair for one in compose["services"].values() for pair in one.get("environment", {}).items()]
    assert [(name, value) for name, value in given if _SECRET.search(name) and not name.endswith("_FILE")] == []
    assert "${" not in (checkout / "compose.yaml").read_text("utf-8"), "a variable could have a default"
    used = {name for one in compose["services"].values() for name in one.get("secrets", ())}
    assert used == compose["secrets"].keys()
    ignored = (checkout / ".gitignore").read_text("utf-8").splitlines()
    assert "/my-config/" in ignored
    assert all(one["file"].startswith("./my-config/") for one in compose["secrets"].values())


def test_nothing_but_the_page_is_open_and_only_to_this_machine(compose: dict[str, Any]) -> None:
    ports = {name: one["ports"] for name, one in compose["services"].items() if one.get("ports")}
    assert ports == {"goodname": ["127.0.0.1:8700:8700"]}
    assert not any("network_mode" in one or one.get("privileged") for one in compose["services"].values())


def test_what_is_kept_lies_in_named_volumes(compose: dict[str, Any]) -> None:
    mounts = [mount for one in compose["services"].values() for mount in one.get("volumes", ())]
    assert {mount.partition(":")[0] for mount in mounts if not mount.startswith(".")} == compose["volumes"].keys()


def test_the_settings_told_reach_what_is_started(compose: dict[str, Any], told: str, tmp_path: Path) -> None:
    (tmp_path / "goodname.toml").write_text(told, "utf-8")
    for name in (urlsplit(one["file"]).path.rpartition("/")[2] for one in compose["secrets"].values()):
        (tmp_path / name).write_text("secret\n", "utf-8")
    (tmp_path / "store-url").write_text("postgresql+psycopg://goodname:secret@db/goodname\n", "utf-8")
    settings, objects = load_settings(tmp_path / "goodname.toml"), compose["services"]["objects"]
    evidence = settings.evidence
    assert evidence.endpoint == f"http://objects{objects['environment']['VGW_PORT']}"
    assert evidence.key_id.get_secret_value() == objects["environment"]["ROOT_ACCESS_KEY"]
    assert evidence.secret.get_secret_value() == "secret"
    assert evidence.region == "us-east-1"
    bucket = urlsplit(evidence.url).netloc
    assert f"mkdir -p {objects['environment']['VGW_BACKEND_ARG']}/{bucket}\n" in objects["entrypoint"][-1]
    assert settings.queue.engine == "pgqueuer"
    assert "db-password" in compose["secrets"]
    assert tomllib.loads(told)["store"] == {"url_file": "store-url"}


@pytest.mark.parametrize(("secret", "is_started"), [("a secret\n", True), ("\n", False), (None, False)])
def test_the_object_store_starts_with_a_bucket_and_a_secret_only(
    compose: dict[str, Any], secret: str | None, is_started: bool, tmp_path: Path
) -> None:
    """Run the words that the container starts with, on other paths."""
    shell, flags, words = compose["services"]["objects"]["entrypoint"]
    server = tmp_path / "server"
    server.write_text('#!/bin/sh\nprintf %s "$ROOT_SECRET_KEY"\n')
    server.chmod(0o700)
    if secret is not None:
        (tmp_path / "s3-secret").write_text(secret)
    words = words.replace("$$", "$").replace("/run/secrets", str(tmp_path)).replace("/data", str(tmp_path / "data"))
    words = words.replace("/usr/local/bin/docker-entrypoint.sh", str(server))
    done = subprocess.run([shell, flags, words], capture_output=True, text=True, check=False, env={"PATH": "/bin"})
    assert (done.returncode == 0) is is_started
    assert done.stdout == ("a secret" if is_started else "")
    assert (tmp_path / "data" / "goodname").is_dir() is is_started
