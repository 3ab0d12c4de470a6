#!/bin/sh
# compare.sh plays the lab's simulator against a server built from this tree, a
# fresh server for each mesh, and prints scores as ratios. Arguments go to the
# simulator. It skips, with exit status 0, where there is no lab.
#
#   internal/lab/compare.sh                       budget 2.5, 32 connections: over `requests`
#   internal/lab/compare.sh -search               over the slow search as well (minutes a mesh)
#   internal/lab/compare.sh -shift 0.3 -rounds 6 -rival usage
#   MESHES="random:3:8 random:4:8" internal/lab/compare.sh -budget 1.5 -c 128
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
lab=${LAB:-$root/../shared/lab}
if [ ! -d "$lab/sim" ]; then
	echo "skipped: no lab at $lab; name its folder in LAB" >&2
	exit 0
fi
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM
(cd "$lab/sim" && go build -o "$work/meshsim" .)
(cd "$root" && go build -o "$work/sluice" ./cmd/sluice)
port=${PORT:-31337}
: "${MESHES:=$lab/topologies/visible/bookinfo.json $lab/topologies/visible/chain5.json $(seq -f 'random:%g:8' 1 20 | tr '\n' ' ')}"
for mesh in $MESHES; do
	port=$((port + 1))
	"$work/sluice" serve --listen "127.0.0.1:$port" >"$work/log" 2>&1 &
	server=$!
	tries=0
	until curl -sf "http://127.0.0.1:$port/ready" >/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || { cat "$work/log" >&2; exit 1; }
		sleep 0.1
	done
	"$work/meshsim" -topology "$mesh" -optimizer "http://127.0.0.1:$port" -budget 2.5 -c 32 -d 6 -policies requests,usage -json "$@" | tee -a "$work/rows"
	kill "$server" && wait "$server" 2>/dev/null || true
	server=
done
command -v jq >/dev/null || { echo "no jq: the rows above are all" >&2; exit 0; }
# Geometric means of each round's score over each rival that was played with it.
jq -rs '
  def geo: map(log) | add / length | exp | . * 1000 | round / 1000;
  . as $rows
  | ["round1","round2","round3","round4","round5","round6"][] as $r
  | ["requests","usage","best","usage-\($r)","requests-\($r)"][] as $v
  | [$rows[] | select(.[$r].score? > 0 and .[$v].score? > 0) | .[$r].score / .[$v].score]
  | select(length > 0)
  | "\($r) over \($v): \(geo), least \(min * 1000 | round / 1000), meshes \(length)"' "$work/rows"
