#!/usr/bin/env python3
"""Posts one log to a server again and again and prints how long the answers took.

    docs/bench/posts.py PODS.json ACCESSLOG [SLUICE]

Each of 61 posts has slightly other usage, so that none is an earlier round asked again. The
first stands alone: it finds a process that has just begun.
"""
import http.client
import json
import os
import statistics
import subprocess
import sys
import time

pods, log = json.load(open(sys.argv[1])), os.path.abspath(sys.argv[2])
sluice = sys.argv[3] if len(sys.argv) > 3 else "./sluice"
address = "127.0.0.1:4882"
server = subprocess.Popen([sluice, "serve", "--listen", address, "--log-root", os.path.dirname(log)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    time.sleep(1)
    client, took = http.client.HTTPConnection(address), []
    for _ in range(61):
        for pod in pods:
            pod["cpu"] *= 1.0001
        body = json.dumps({"containers": pods, "accesslog_path": log, "cpu_limit": 4.2, "memory_limit": 1.28e9})
        begun = time.monotonic()
        client.request("POST", "/optimize", body)
        answer = client.getresponse()
        answer.read()
        took.append(1000 * (time.monotonic() - begun))
        if answer.status != 200:
            sys.exit(f"status {answer.status}")
    print(f"median {statistics.median(took[1:]):.1f} ms, least {min(took):.1f}, first {took[0]:.1f}")
finally:
    server.terminate()
    server.wait()
