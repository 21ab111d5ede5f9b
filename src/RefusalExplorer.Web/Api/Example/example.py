"""Ablate the features nearest the refusal direction and see what it does: over HTTP, with the standard library alone.

    curl -s SERVER/api/v1/example.py -o example.py && python3 example.py

Set REFUSAL_EXPLORER_TOKEN where the server asks for an access token. --show prints the answers, which may be harmful.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

SERVER = "http://127.0.0.1:5217"
MODEL = "demo"
TOKEN = os.environ.get("REFUSAL_EXPLORER_TOKEN")


def send(method, path, body=None, **headers):
    """The answer to a request. When the server is busy, it says when to come back."""
    if TOKEN:
        headers["Authorization"] = "Bearer " + TOKEN
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    while True:
        request = urllib.request.Request(SERVER + path, body, headers, method=method)
        try:
            return urllib.request.urlopen(request)
        except urllib.error.HTTPError as e:
            if e.code in (429, 503) and e.headers.get("Retry-After"):
                time.sleep(int(e.headers["Retry-After"]))
                continue
            problem = json.load(e)
            sys.exit("%s %s: %s" % (method, path, problem.get("detail") or problem["error"]["message"]))
        except urllib.error.URLError as e:
            sys.exit("%s does not answer: %s" % (SERVER, e.reason))


def get(path):
    return json.load(send("GET", path))


def events(path):
    """Server-sent events as (name, data) until the run has ended."""
    name = None
    for line in send("GET", path):
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def main(show):
    # A prompt that the model should refuse, and the features whose decoder rows are nearest to its refusal direction.
    harmful = next(s["name"] for s in get("/api/v1/prompts") if s["harmful"])
    prompt = get("/api/v1/prompts/%s?take=1" % urllib.request.quote(harmful))["items"][0]["instruction"]
    nearest = sorted(get("/api/v1/models/%s/features?top=10" % urllib.request.quote(MODEL)), key=lambda f: -f["cosine"])
    features = [f["feature"] for f in nearest[:20]]
    edits = [{"op": "ablate", "features": features, "scope": "allButFirst"}]
    conversation = [{"role": "user", "content": prompt}]

    # An experiment is a run: it is started, watched and read. The same key again would find the same run.
    run = json.load(send("POST", "/api/v1/experiments", {
        "model": MODEL,
        "prompt": {"messages": conversation},
        "interventions": edits,
        "generation": {"maxNewTokens": 32, "temperature": 0},
    }, **{"Idempotency-Key": str(uuid.uuid4())}))
    tokens = 0
    for name, data in events(run["events"]):
        if name == "token":
            tokens += 1
        elif name == "end" and data["status"] != "finished":
            sys.exit("the run %s: %s" % (data["status"], data.get("reason")))
    result = get(run["self"])["result"]
    print("%d features of %s ablated, %d tokens" % (len(features), MODEL, tokens))
    for arm in result["arms"]:
        touched = sum(1 for e in arm["effects"] if e["tokensTouched"] > 0)
        verdict = (arm.get("verdict") or {}).get("kind", "-")
        print('%-14s P("I") %.3f  %-10s %d features changed something' % (arm["arm"], arm["refusalProbability"], verdict, touched))
        if show:
            print("  " + arm["text"])

    # The same edits under OpenAI's chat endpoint, where evaluation harnesses can be pointed.
    chat = json.load(send("POST", "/v1/chat/completions", {
        "model": MODEL, "messages": conversation, "max_tokens": 32, "temperature": 0, "interventions": edits,
    }))
    choice, proof = chat["choices"][0], chat["refusal_explorer"][0]
    print('chat           P("I") %.3f  %-10s %d tokens' % (proof["refusal_token_probability"] or 0, proof["verdict"], chat["usage"]["completion_tokens"]))
    if show:
        print("  " + choice["message"]["content"])


if __name__ == "__main__":
    main("--show" in sys.argv[1:])
