"""Serves one GGUF file as an OpenAI-compatible endpoint on 127.0.0.1, by llama.cpp's own server, until it is told to stop.

Run by real.ts: serve.py GGUF PORT NAME. Stops on SIGINT and SIGTERM, and when its standard input ends (its parent died).
"""

import os
import signal
import sys
import threading

import xllamacpp


def main() -> None:
    path, port, name = sys.argv[1:4]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.port = int(port)
    params.model_alias = {name}
    # Four questions at once share one context; a small model that does not find its end is stopped.
    params.n_ctx = 8192
    params.n_parallel = 4
    params.kv_unified = True
    params.n_predict = 2048
    params.cache_ram_mib = 256
    # A model this small wanders at the usual temperature. Only a default: a request may say otherwise.
    params.sampling.temp = 0.2
    params.sampling.top_p = 0.9
    params.verbosity = 1
    # Only the API: no page of its own. The setting's name changed between releases.
    for setting in ("ui", "webui"):
        if hasattr(params, setting):
            setattr(params, setting, False)
    server = xllamacpp.Server(params)
    print(f"ready {server.listening_address}", flush=True)

    def watch_parent() -> None:
        sys.stdin.buffer.read()
        stop.set()

    threading.Thread(target=watch_parent, daemon=True).start()
    # In steps: a signal that lands on one of the server's threads wakes nobody here.
    while not stop.wait(0.1):
        pass
    # Nothing to save, and waiting for idle connections would take seconds.
    os._exit(0)


if __name__ == "__main__":
    main()
