"""Sends events to a broker; what its queue has no room for is counted as dropped."""

from collections import Counter

from confluent_kafka import Producer
from fastapi import FastAPI

app = FastAPI()
producer = Producer(
    {"bootstrap.servers": "127.0.0.1:9", "queue.buffering.max.messages": 10, "log_level": 0}
)
dropped = Counter()


@app.get("/events")
async def send() -> dict:
    """Send an event with its origin."""
    try:
        producer.produce("events", value=b"placed", headers={"origin": "shop", "trace": "0a1b"})
    except BufferError:
        dropped["events"] += 1
    return dict(dropped)
