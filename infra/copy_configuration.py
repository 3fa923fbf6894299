"""Run in the cluster by infra/components/configuration_copy.py, with Python and boto3 of Postgres's image alone.

In: a file, and the variables DESTINATION (s3://bucket/folder), ENDPOINT and ENCRYPTION, where the store has them.
Exits with another code than 0 unless the copy reads back as it was written.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import boto3

place = urlsplit(os.environ["DESTINATION"])
key = f"{place.path.strip('/')}/configuration/{datetime.now(UTC):%Y%m%dT%H%M%SZ}.yaml".lstrip("/")
content = Path(sys.argv[1]).read_bytes()
store = boto3.client("s3", endpoint_url=os.environ.get("ENDPOINT"))
encryption = {"ServerSideEncryption": os.environ["ENCRYPTION"]} if "ENCRYPTION" in os.environ else {}
store.put_object(Bucket=place.netloc, Key=key, Body=content, **encryption)
if store.get_object(Bucket=place.netloc, Key=key)["Body"].read() != content:
    sys.exit(f"{key} does not read back as it was written")
print(f"copied to s3://{place.netloc}/{key}")
