"""Streams an answer to the terminal and resumes when the connection breaks. Uses Python's standard library alone."""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("PROMPTLAB_URL", "http://127.0.0.1:3000").rstrip("/")
KEY = os.environ.get("PROMPTLAB_API_KEY")


def call(path, body=None, accept="application/json"):
    headers = {"accept": accept, "content-type": "application/json"}
    if KEY:
        headers["authorization"] = f"Bearer {KEY}"
    data = json.dumps(body).encode() if body else None
    return urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=60)


def events(job_id):
    """The events of a job up to the final event. The id of a token is the cursor to resume from."""
    cursor, failures = 0, 0
    while True:
        try:
            for line in call(f"/jobs/{job_id}/stream?after={cursor}", accept="application/x-ndjson"):
                # A line without a line break was cut off. An empty line is a keep-alive.
                if not line.endswith(b"\n") or line == b"\n":
                    continue
                event = json.loads(line)
                yield event
                if event["event"] != "token":
                    return
                cursor, failures = event["id"], 0
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504):
                raise
        except (OSError, http.client.HTTPException):
            pass
        failures += 1
        if failures > 20:
            raise ConnectionError(f"21 connections in a row failed. Check that the server at {URL} is running.")
        time.sleep(min(0.3 * 2**failures, 10))


prompt = sys.argv[1] if len(sys.argv) > 1 else "Once upon a time"
job = json.load(call("/jobs", {"prompt": prompt, "provider": "echo", "model": "echo"}))
for event in events(job["id"]):
    if event["event"] == "token":
        print(event["data"]["token"], end="", flush=True)
    elif event["event"] == "metrics":
        print(f"\n{event['data']['tokenCount']} tokens", file=sys.stderr)
    else:
        sys.exit(f"\n{event['event']}: {event['data'].get('message', '')}")
