"""Run in the cluster by infra/components/configuration_copy.py, with Python and libraries of Postgres's image alone.

In: a file, and the variables DESTINATION (s3://bucket/folder, gs://bucket/folder, or the URL of a folder of an Azure
container), ENDPOINT and ENCRYPTION, where an S3 store has them. Exits with another code than 0 unless the copy reads
back as it was written.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit


def s3(bucket: str, key: str, content: bytes) -> bytes:
    """Write and read back."""
    import boto3

    store = boto3.client("s3", endpoint_url=os.environ.get("ENDPOINT"))
    encryption = {"ServerSideEncryption": os.environ["ENCRYPTION"]} if "ENCRYPTION" in os.environ else {}
    store.put_object(Bucket=bucket, Key=key, Body=content, **encryption)
    return bytes(store.get_object(Bucket=bucket, Key=key)["Body"].read())


def google(bucket: str, key: str, content: bytes) -> bytes:
    """Write and read back."""
    from google.cloud import storage

    blob = storage.Client().bucket(bucket).blob(key)
    blob.upload_from_string(content)
    return bytes(blob.download_as_bytes())


def azure(account: str, path: str, content: bytes) -> bytes:
    """Write and read back; the first part of `path` is the container."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    container, _, key = path.partition("/")
    blob = BlobServiceClient(f"https://{account}", DefaultAzureCredential()).get_blob_client(container, key)
    blob.upload_blob(content)
    return bytes(blob.download_blob().readall())


STORES = {"s3": s3, "gs": google, "https": azure}

place = urlsplit(os.environ["DESTINATION"])
key = f"{place.path.strip('/')}/configuration/{datetime.now(UTC):%Y%m%dT%H%M%SZ}.yaml".lstrip("/")
content = Path(sys.argv[1]).read_bytes()
if STORES[place.scheme](place.netloc, key, content) != content:
    sys.exit(f"{key} does not read back as it was written")
print(f"copied to {place.scheme}://{place.netloc}/{key}")
