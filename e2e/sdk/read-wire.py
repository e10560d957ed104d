"""Reads an answer as the Python SDKs do: `httpx` breaks a stream into lines wherever Unicode has a line end.

Takes the URL, the key, the door and the model, and prints the text as JSON.
"""

import codecs
import http.client
import json
import sys
from urllib.parse import urlsplit

PATHS = {"responses": "/v1/responses", "chat": "/v1/chat/completions", "messages": "/v1/messages"}


def body_of(door, model):
    """A request that streams."""
    if door == "responses":
        return {"model": model, "input": "Hello", "stream": True}
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": model, "messages": messages, "max_tokens": 1000, "stream": True}


class LineDecoder:
    """`httpx._decoders.LineDecoder`: lines by `str.splitlines()`, over the borders of chunks."""

    LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

    def __init__(self):
        self.buffer = ""
        self.trailing_cr = False

    def decode(self, text):
        if self.trailing_cr:
            text = "\r" + text
            self.trailing_cr = False
        if text.endswith("\r"):
            self.trailing_cr = True
            text = text[:-1]
        if not text:
            return []
        lines = (self.buffer + text).splitlines()
        self.buffer = "" if text[-1] in self.LINE_ENDS else lines.pop()
        return lines


def lines_of(response):
    characters = codecs.getincrementaldecoder("utf-8")()
    decoder = LineDecoder()
    while chunk := response.read1(4096):
        yield from decoder.decode(characters.decode(chunk))
    if decoder.buffer:
        yield decoder.buffer


def events_of(lines):
    """The data of each event, with its name if it has one. A line that is no field of an event is an error here."""
    name, data = None, []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                yield name, "\n".join(data)
            name, data = None, []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field not in ("", "id", "retry"):
            raise SystemExit(f"This is no field of an event: {line[:200]!r}")


def text_of(door, name, event):
    if door == "chat":
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"])
    if name != event["type"]:
        raise SystemExit(f"The event {name} says that it is {event['type']}")
    if door == "responses":
        return event["delta"] if name == "response.output_text.delta" else ""
    return event["delta"].get("text", "") if name == "content_block_delta" else ""


def main():
    url, key, door, model = sys.argv[1:]
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=15)
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    connection.request("POST", PATHS[door], json.dumps(body_of(door, model)), headers)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {response.read().decode()}")
    text = ""
    for name, data in events_of(lines_of(response)):
        if data != "[DONE]":
            text += text_of(door, name, json.loads(data))
    print(json.dumps(text))


main()
