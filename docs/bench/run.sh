#!/bin/bash
# Runs docs/benchmarks.md's pairs in turn, five times, and prints the medians of
# CPU seconds (user and system), wall seconds and peak memory.
#
#	docs/bench/run.sh LOG REQUEST ZREQUEST
#
# LOG is the text, REQUEST names it, ZREQUEST names it compressed with zstd -3.
# ./sluice and ./peers must have been built; duckdb is left out where Python lacks it.
set -eu
log=$1 request=$2 zrequest=$3
here=$(dirname "$0")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

run() { # NAME COMMAND...
	local name=$1
	shift
	/usr/bin/time -a -o "$out/$name" -f '%U %S %e %M' "$@" >/dev/null 2>&1
}

for _ in 1 2 3 4 5; do
	run goccy_decode ./peers goccydecode "$log"
	run sluice_edges ./peers sluice "$log"
	run goccy_edges ./peers goccy "$log"
	if python3 -c 'import duckdb' 2>/dev/null; then
		run duckdb_edges python3 "$here/duckdb_edges.py" "$log"
	fi
	run graph_two ./sluice graph "$request"
	run graph_one env GOMAXPROCS=1 ./sluice graph "$request"
	run graph_zstd ./sluice graph "$zrequest"
done
printf '%-14s %8s %8s %8s\n' what 'CPU s' 'wall s' 'MB'
for f in "$out"/*; do
	median() { sort -g | sed -n 3p; }
	printf '%-14s %8.2f %8.2f %8.0f\n' "$(basename "$f")" "$(awk '{print $1+$2}' "$f" | median)" \
		"$(awk '{print $3}' "$f" | median)" "$(awk '{print $4/1000}' "$f" | median)"
done
