package accesslog

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/graph"
)

// issue604 made goccy/go-json v0.10.6 panic when decoded one after the other.
var issue604 = []string{`[{"x":1},{"y":`, `{"\`, `{"\0d\`, `{"id`, `{"id":"\`, `{"contentMd":`}

// objects are texts that a decoder gets wrong if it gets anything wrong.
var objects = append([]string{
	`{}`, ` { } `, `{"path":"/"}`, `{"path" : "/" , "duration" : 3 }`, "{\t\"path\":\t\"/\"\t}\r",
	`{"path":"\u002fa\/b\\\"\b\f\n\r\t"}`, `{"p\u0061th":"/","\u0070\u0061\u0074\u0068":"/last"}`,
	`{"path":"\ud83d\ude00"}`, `{"path":"\ud83d"}`, `{"path":"\ude00\ud83d"}`, `{"path":"\ud83d\u0041"}`, `{"path":"\ud83d\n"}`, `{"path":"\ud83dx"}`,
	"{\"path\":\"\xff\xfe\"}", "{\"path\":\"\xed\xa0\x80\"}", "{\"path\":\"é\U0001f600\"}", "{\"p\xffth\":1}", "{\"path\":\"\x7f\"}",
	"{\"path\":\"\x00\"}", "{\"path\":\"\x1f\"}", "{\"path\":\"a\tb\"}", `{"path":"\x"}`, `{"path":"\u12g4"}`, `{"path":"\u12"}`,
	`{"path":"/1","path":"/2"}`, `{"path":"/1","path":null}`, `{"path":"/1","path":2}`, `{"Path":"/","PATH":"/"}`,
	`{"path":"","authority":"-","upstream_host":null}`, `{"authority_for":"b"}`, `{"authority":null,"authority_for":"b"}`,
	`{"duration":0}`, `{"duration":-0}`, `{"duration":-1}`, `{"duration":1.5}`, `{"duration":1e2}`, `{"duration":1E+2}`, `{"duration":12e-1}`,
	`{"duration":01}`, `{"duration":1.}`, `{"duration":.5}`, `{"duration":-}`, `{"duration":+1}`, `{"duration":1e}`, `{"duration":1e+}`,
	`{"duration":"5"}`, `{"duration":"5.25"}`, `{"duration":"-"}`, `{"duration":"5ms"}`, `{"duration":" 5"}`, `{"duration":"1e3"}`, `{"duration":""}`, `{"duration":"0x10"}`,
	`{"duration":99999999999999999999999}`, `{"duration":1e400}`, `{"duration":1e-400}`, `{"duration":NaN}`, `{"duration":Infinity}`, `{"duration":0.0001}`,
	`{"duration":2592000000}`, `{"duration":2592000001}`, `{"duration":0.0019999999999999999999999999}`, `{"duration":1234567}`, `{"duration":12345678}`, `{"duration":123456789}`,
	`{"duration":true}`, `{"duration":false}`, `{"duration":{}}`, `{"duration":[1,2]}`, `{"duration":tru}`, `{"duration":nul}`, `{"duration":nullx}`, `{"duration":truefalse}`,
	`{"x":{"path":"/no"},"path":"/yes"}`, `{"x":[{"path":"/no"},[],{},[[]],{"a":{"b":[1,{"c":"]}"}]}}],"path":"/yes"}`, `{"x":[1,],"path":"/"}`, `{"x":{"a":1,},"path":"/"}`,
	`{"path"15}`, `{"path""/"}`, `{"path"x"/"}`, `{"path" x15}`, `{"path":"/" x"y":1}`, `{"path":"/"x}`, `{"path":1x,"y":2}`, `{ x"path":1}`, `{"path":"/",x"y":1}`,
	`{"x":{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}}`, `{"x":[` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}}`, `{"x":{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `]}`,
	`{"path` + strings.Repeat("x", 32) + `":"/"}`, `{"start_time":"2100-02-29T00:00:00Z"}`, `{"start_time":"2000-02-29T00:00:00Z"}`,
	`{"x":[1 2]}`, `{"x":{"a" 1}}`, `{"x":{1:2}}`, `{"x":[}`, `{"x":{]}`, `{"x":[],}`, `{"x":}`, `{"x"}`, `{"x":1 "y":2}`, `{x:1}`, `{'x':1}`, `{"x":1}}`, `{"x":1}x`, `{"x":1},`, `{`, `{"`, `{"x`, `{"x"`, `{"x":`, `{"x":1`, `{"x":1,`, `{,}`, `{"x":"`, `{"x":"a`, `{"x":"a"`, `{"x":n`, `{"x":-`, `{"x":[`, `{"x":[1`, `{"x":{"`,
	`null`, `true`, `7`, `"x"`, `[]`, `[{}]`, ``, ` `, `hello`, `{"a":"\`, `{"a":"\"`, `{"a":"\\"}`, `{"a":"\\\"}`, `{"a\"":1,"path":"/"}`,
	`{"start_time":"2022-07-08T06:20:16.632Z"}`, `{"start_time":"2022-07-08T06:20:16Z"}`, `{"start_time":"2022-07-08T06:20:16.123456789+02:00"}`, `{"start_time":"2024-02-29T23:59:59-0330"}`, `{"start_time":"2023-02-29T00:00:00Z"}`,
	`{"start_time":"1969-12-31T23:59:59Z"}`, `{"start_time":"9999-12-31T23:59:59.9999999Z"}`, `{"start_time":"2022-07-08 06:20:16"}`, `{"start_time":"2022-07-08T06:20:60Z"}`, `{"start_time":"2022-13-08T06:20:16Z"}`, `{"start_time":"2022-07-08T06:20:16.Z"}`, `{"start_time":"2022-07-08T06:20:16+24:00"}`, `{"start_time":"2022-07-08T06:20:16z "}`,
	`{"start_time":1657261216}`, `{"start_time":1657261216.632}`, `{"start_time":"1657261216632"}`, `{"start_time":1657261216632000}`, `{"start_time":1657261216632000123}`, `{"start_time":16572612166320001234}`, `{"start_time":12}`, `{"start_time":-1657261216}`,
	`{"response_code":200,"response_flags":"UO,URX","bytes_sent":1099511627776,"bytes_received":1099511627777}`, `{"response_code":"503","response_flags":["UO"],"bytes_sent":"12","bytes_received":1.9}`, `{"response_code":1000}`,
	`{"upstream_cluster":"outbound|80||b"}`, `{"upstream_cluster":"inbound|80||"}`, `{"upstream_cluster":"PassthroughCluster"}`, `{"upstream_cluster":"InboundPassthroughClusterIpv4"}`, `{"upstream_cluster":"outbound"}`,
	`{"upstream_cluster_name":"x","downstream_remote_addresS":"y","pat":"z","upstream_hosts":"h","":"e","downstream_remote_address_and_a_name_beyond_thirty_two_bytes":"w"}`,
	`{":authority":"a","x-request-id":"b","x-envoy-origin-path":"c","x-envoy-upstream-service-time":"4"}`, `{":authority":"a","authority_for":"A","authority":null,"request_id":"-","x-request-id":"b"}`,
	`{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"path":"/64"}`, `{"x":` + strings.Repeat(`{"a":[`, 40) + strings.Repeat("]}", 40) + `,"path":"/80"}`, `{"x":` + strings.Repeat("[", 70),
	`{"x":"` + strings.Repeat("long ", 30) + `","path":"/"}`, `{` + strings.Repeat(`"x":"y",`, 300) + `"path":"/"}`,
}, issue604...)

// expect is what encoding/json makes of a line: nil for no object.
func expect(line []byte) *graph.Record {
	var m map[string]json.RawMessage
	if json.Unmarshal(line, &m) != nil || m == nil {
		return nil
	}
	text := func(key string) []byte {
		var s string
		if raw := m[key]; len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil || s == "" || s == "-" {
			return nil
		}
		return []byte(s)
	}
	first := func(keys ...string) (b []byte) {
		for i := 0; i < len(keys) && b == nil; i++ {
			b = text(keys[i])
		}
		return b
	}
	figures := func(key string) string {
		if raw := m[key]; len(raw) > 0 && (raw[0] == '-' || raw[0]-'0' <= 9) {
			return string(raw)
		}
		return string(text(key))
	}
	count := func(key string, shift int, most int64) int64 {
		if n := expectDecimal(figures(key), shift); n <= most {
			return n
		}
		return graph.Missing
	}
	r := &graph.Record{
		Cluster: text("upstream_cluster"), Downstream: text("downstream_remote_address"), Upstream: text("upstream_host"),
		DownstreamLocal: text("downstream_local_address"), UpstreamLocal: text("upstream_local_address"),
		RequestID: first("request_id", "x-request-id"), Path: first("path", "x-envoy-origin-path"), Authority: first("authority", "authority_for", ":authority"), ServerName: text("requested_server_name"),
		Start: expectTime(figures("start_time")), Duration: count("duration", 3, 30*24*3600*1e6), ServiceTime: count("upstream_service_time", 3, 30*24*3600*1e6),
		Code: int(max(0, count("response_code", 0, 999))), Flags: text("response_flags"),
		BytesSent: count("bytes_sent", 0, 1<<40), BytesReceived: count("bytes_received", 0, 1<<40),
	}
	if r.ServiceTime == graph.Missing {
		r.ServiceTime = count("x-envoy-upstream-service-time", 3, 30*24*3600*1e6)
	}
	switch c := string(r.Cluster); {
	case strings.HasPrefix(c, "inbound|") || strings.HasPrefix(c, "inbound-vip|") || strings.HasPrefix(c, "InboundPassthroughCluster"):
		r.Direction = graph.Inbound
	case strings.HasPrefix(c, "outbound|") || strings.HasPrefix(c, "outbound_.") || strings.HasPrefix(c, "PassthroughCluster") || strings.HasPrefix(c, "BlackHoleCluster"):
		r.Direction = graph.Outbound
	}
	return r
}

var numberShape = regexp.MustCompile(`^(-?[0-9]+(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?$`)

// expectDecimal works in exact fractions.
func expectDecimal(s string, shift int) int64 {
	m := numberShape.FindStringSubmatch(s)
	if m == nil {
		return graph.Missing
	}
	v, ok := new(big.Rat).SetString(m[1])
	if !ok {
		return graph.Missing
	}
	if v.Sign() == 0 {
		return 0
	}
	if v.Sign() < 0 {
		return graph.Missing
	}
	exponent, _ := strconv.Atoi(m[2]) // past all ints it is the nearest one
	if exponent = shift + min(max(exponent, -1e6), 1e6); exponent > 5000 {
		return graph.Missing
	} else if exponent < -5000 {
		return 0
	}
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		power.Inv(power)
	}
	v.Mul(v, power)
	whole := new(big.Int).Quo(v.Num(), v.Denom())
	if !whole.IsInt64() {
		return graph.Missing
	}
	return whole.Int64()
}

var timeShape = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:[zZ]|([+-]\d\d):?(\d\d))?$`)

// expectTime leaves the calendar to package time.
func expectTime(s string) int64 {
	m := timeShape.FindStringSubmatch(s)
	if m == nil {
		return expectEpoch(s)
	}
	zone := "Z"
	if m[4] != "" {
		zone = m[4] + ":" + m[5]
		if m[4][1:] > "23" || m[5] > "59" {
			return graph.Missing
		}
	}
	at, err := time.Parse(time.RFC3339, m[1]+"T"+m[2]+zone)
	if err != nil {
		return graph.Missing
	}
	fraction, _ := strconv.ParseInt((m[3] + "000000")[:6], 10, 64)
	if micros := at.UnixMicro() + fraction; micros >= 0 {
		return micros
	}
	return graph.Missing
}

func expectEpoch(s string) int64 {
	whole := expectDecimal(s, 0)
	switch {
	case whole < 1e8:
		return graph.Missing
	case whole < 1e11:
		return expectDecimal(s, 6)
	case whole < 1e14:
		return expectDecimal(s, 3)
	case whole < 1e17:
		return expectDecimal(s, 0)
	}
	return expectDecimal(s, -3)
}

// scan takes one line by both scanners, with rubbish after its newline that they
// must not look at, and returns nil where it is no object.
func scan(t *testing.T, line []byte) *graph.Record {
	t.Helper()
	var first *graph.Record
	for i, rubbish := range []string{strings.Repeat("\x00", 200), strings.Repeat(`"}]}:"path":"/stolen",1`, 20), strings.Repeat("\xff\\", 100)} {
		p := slices.Concat(line, []byte("\n"), []byte(rubbish))
		var general, swift *graph.Record
		d := &decoder{maxLine: 1 << 20}
		at := space(p, 0)
		if p[at] == '{' {
			general = d.whole(p, at, len(line), false)
			swift = d.whole(p, at, len(line), true)
		}
		if swift != nil {
			if diff := cmp.Diff(general, swift); diff != "" {
				t.Fatalf("%q: general scanner (-), swift one (+):\n%s", line, diff)
			}
		}
		if i == 0 {
			first = general
		} else if diff := cmp.Diff(first, general); diff != "" {
			t.Fatalf("%q followed by zeros (-), by %q (+):\n%s", line, rubbish[:2], diff)
		}
	}
	return first
}

// whole is the record of the object p[i:end], nil if it is not one.
func (d *decoder) whole(p []byte, i, end int, swift bool) *graph.Record {
	var after int
	var v verdict
	if swift {
		var ok bool
		if after, ok = d.scan.swift(p, i); !ok {
			return nil
		}
	} else if after, v = d.scan.general(p, i); v == deep {
		after, v, _ = d.deep(p, i, end)
	}
	if v != complete || space(p, after) != end {
		return nil
	}
	d.record.fill(&d.scan)
	return clone(&d.record.Record)
}

// clone is a copy of a record that keeps nothing of the reader's memory.
func clone(r *graph.Record) *graph.Record {
	c := *r
	for _, b := range []*[]byte{&c.Cluster, &c.Downstream, &c.Upstream, &c.DownstreamLocal, &c.UpstreamLocal, &c.RequestID, &c.Path, &c.Authority, &c.ServerName, &c.Flags} {
		*b = bytes.Clone(*b)
	}
	return &c
}

func FuzzDecode(f *testing.F) {
	for _, object := range objects {
		f.Add([]byte(object))
	}
	for _, line := range bytes.SplitAfterN(generate(4, 1), []byte("\n"), 4) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.ReplaceAll(line, []byte("\n"), nil)
		if diff := cmp.Diff(expect(line), scan(t, line)); diff != "" {
			t.Fatalf("%q: encoding/json (-), scanner (+):\n%s", line, diff)
		}
	})
}

func TestPlainLinesAreSwift(t *testing.T) {
	// Whatever else it gets right, the fast way is worth nothing untaken.
	for i, line := range bytes.SplitAfter(generate(1000, 2), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var s scanner
		for _, l := range []string{string(line), strings.ReplaceAll(strings.ReplaceAll(string(line), `,"`, `, "`), `":`, `": `), strings.Replace(string(line), `"duration":`, `"duration":1.5,"x":{"y":["z"]},"duration":`, 1)} {
			if end, ok := s.swift([]byte(l+strings.Repeat(" ", padding)), 0); !ok || end != len(l)-1 {
				t.Fatalf("line %d is not taken by the fast way: %s", i, l)
			}
		}
	}
}
