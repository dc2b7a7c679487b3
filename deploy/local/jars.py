"""The jars of Kafka: which they are, by hash (`kafka-jars.lock`), and how they get here.

`python -m deploy.local.jars` resolves KAFKA again and writes the lock.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.trouble import NoNetwork, Trouble

KAFKA: Final = "org.apache.kafka:kafka_2.13:4.3.1"
LOGGER: Final = "org.slf4j:slf4j-simple:1.7.36"
LOCK: Final = Path(__file__).with_name("kafka-jars.lock")
DOWNLOADS_AT_ONCE: Final = 8
DOWNLOAD_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True)
class Jar:
    coordinates: str
    sha256: str

    @property
    def filename(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def locked() -> list[Jar]:
    lines = (line.split() for line in LOCK.read_text().splitlines() if not line.startswith("#"))
    return [Jar(coordinates, sha256) for coordinates, sha256 in lines]


def fetch(cache: Path, progress: Callable[[int, int], None]) -> Path:
    """The folder with every locked jar, downloading what is missing.

    `progress` hears how many have arrived, and of how many. A jar comes into the folder
    only whole and with the right hash, so a folder that has them all needs no look inside.
    """
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    jars = locked()
    missing = [jar for jar in jars if not (folder / jar.filename).exists()]
    if not missing:
        return folder
    arrived = len(jars) - len(missing)
    with (
        tempfile.TemporaryDirectory(dir=cache) as staging,
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool,
    ):
        downloads = [pool.submit(_download, jar, folder, Path(staging)) for jar in missing]
        try:
            for download in as_completed(downloads):
                download.result()
                arrived += 1
                progress(arrived, len(jars))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return folder


def _download(jar: Jar, folder: Path, staging: Path) -> None:
    import requests
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=staging, timeout=DOWNLOAD_TIMEOUT_SECONDS)
    group, artifact, version = jar.coordinates.split(":")
    try:
        path = maven.project(group, artifact).at_version(version).artifact().resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise NoNetwork(jar.filename, type(error).__name__) from error
    if _sha256(path) != jar.sha256:
        raise Trouble(f"{jar.filename} arrived with the wrong hash: run this again, or ask who did")
    shutil.move(path, folder / jar.filename)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock() -> None:
    from jgo.maven import Dependency, MavenContext

    with tempfile.TemporaryDirectory() as cache:
        maven = MavenContext(repo_cache=Path(cache), timeout=DOWNLOAD_TIMEOUT_SECONDS)
        wanted = []
        for coordinates in (KAFKA, LOGGER):
            group, artifact, version = coordinates.split(":")
            wanted.append(Dependency(maven.project(group, artifact).at_version(version).artifact()))
        inputs, transitive = maven.resolver.resolve(wanted)
        lines = sorted(
            f"{each.groupId}:{each.artifactId}:{each.version} {_sha256(each.artifact.resolve())}"
            for each in (*inputs, *transitive)
        )
    note = "# Written by `python -m deploy.local.jars`: group:artifact:version sha256\n"
    LOCK.write_text(note + "\n".join(lines) + "\n")


if __name__ == "__main__":
    _lock()
