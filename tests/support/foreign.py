"""Foreign producers: writes orders into a topic with each client and each codec, and prints their ids once the broker has them.

usage: foreign.py PORT TOPIC PARTITIONS COUNT
"""
import json
import sys
from datetime import datetime, timezone

from confluent_kafka import Producer
from kafka import KafkaProducer

port, topic, partitions, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
servers = f"127.0.0.1:{port}"


def order(name):
    at = datetime.now(timezone.utc).isoformat()
    line = {"type": "purchase", "order": name, "ts": at, "placed_at": at, "value": "10.50", "currency": "BRL"}
    return json.dumps(line).encode()


def by_librdkafka(codec):
    failed = []
    producer = Producer({"bootstrap.servers": servers, "compression.type": codec, "linger.ms": 20})
    names = [f"librdkafka-{codec}-{n}" for n in range(count)]
    for n, name in enumerate(names):
        producer.produce(topic, key=name, value=order(name), partition=n % partitions, on_delivery=lambda error, _: failed.append(error) if error else None)
    left = producer.flush(60)
    assert left == 0 and not failed, (codec, left, failed)
    return names


def by_kafka_python(codec):
    producer = KafkaProducer(bootstrap_servers=servers, compression_type=None if codec == "none" else codec, linger_ms=20)
    names = [f"kafka-python-{codec}-{n}" for n in range(count)]
    sent = [producer.send(topic, key=name.encode(), value=order(name), partition=n % partitions) for n, name in enumerate(names)]
    for future in sent:
        future.get(60)
    producer.close()
    return names


for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    for produce in (by_librdkafka, by_kafka_python):
        print("\n".join(produce(codec)))
