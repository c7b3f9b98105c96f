"""S3 on this machine: a moto server that a test module starts, with keys that open nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

KEYS: dict[str, str] = {"key": "AKIAEXAMPLE", "secret": "example", "region": "us-east-1"}


@contextmanager
def s3_server() -> Iterator[str]:
    """Address of a server that runs as long as the block."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make_bucket(address: str, name: str) -> Any:  # noqa: ANN401  # a client of botocore
    """A new bucket, and a client to look into it."""
    import botocore.session

    keys = {"aws_access_key_id": KEYS["key"], "aws_secret_access_key": KEYS["secret"], "region_name": KEYS["region"]}
    client = botocore.session.get_session().create_client("s3", endpoint_url=address, **keys)
    client.create_bucket(Bucket=name)
    return client
