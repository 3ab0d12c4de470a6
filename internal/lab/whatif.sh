#!/bin/sh
# whatif.sh measures predictions in the lab's simulator: for each mesh a fresh server
# sees a few rounds, is asked what other budgets, loads and replicas would bring, and
# each answer's plan is then run under what was asked. It prints the errors of the mean
# latency, and how often the direction (slower or faster than as it is) was right where
# the truth moved by more than 5 %. Arguments go to the driver (testdata/whatif.go.txt).
#
#   internal/lab/whatif.sh
#   MESHES="random:3:8" internal/lab/whatif.sh -budget 1.5 -c 64 -rounds 1
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
mkdir "$work/sim"
for f in "$lab"/sim/*.go "$lab/sim/go.mod"; do sed 's/^func main() {/func simulatorMain() {/' "$f" >"$work/sim/$(basename "$f")"; done
cp "$root/internal/lab/testdata/whatif.go.txt" "$work/sim/whatif.go"
(cd "$work/sim" && go build -o "$work/driver" .)
(cd "$root" && go build -o "$work/sluice" ./cmd/sluice)
port=${PORT:-31437}
: "${MESHES:=$lab/topologies/visible/bookinfo.json $lab/topologies/visible/chain5.json $(seq -f 'random:%g:8' 1 8 | tr '\n' ' ')}"
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
	"$work/driver" -topology "$mesh" -optimizer "http://127.0.0.1:$port" "$@" | tee -a "$work/rows"
	kill "$server" && wait "$server" 2>/dev/null || true
	server=
done
sort -t'	' -k5,5n "$work/rows" | awk -F'\t' '
	{ e[NR] = $5; if ($9 > 0.05 || $9 < -0.05) { moved++; if ($8 * $9 > 0) right++; else wrong = wrong "\n  " $1 " " $2 ": predicted " $8 ", was " $9 } split($2, word, " "); n[word[1]]++; s[word[1]] += $5 }
	END {
		printf "what-ifs %d: error of the mean: median %.1f %%, 90th percentile %.1f %%, worst %.1f %%\n", NR, 100*e[int((NR+1)/2)], 100*e[int(NR*0.9+0.5)], 100*e[NR]
		for (k in n) printf "  %s: %d, mean error %.1f %%\n", k, n[k], 100*s[k]/n[k]
		printf "direction right in %d of %d that moved by over 5 %%%s\n", right, moved, wrong
	}'
