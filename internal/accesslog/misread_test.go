package accesslog

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Values that cannot be used cost neither their line nor go unsaid.
func TestMisreadFieldsAreCounted(t *testing.T) {
	line := func(old, new string) string { return strings.Replace(good("p"), old, new, 1) }
	log := strings.Join([]string{
		good("a"),
		line(`"duration":5`, `"duration":"slow"`),
		line(`"duration":5`, `"duration":-5`),
		line(`"duration":5`, `"duration":1e300,"response_code":1000`),
		line(`"2022-07-08T06:20:16.632Z"`, `"x"`),
		line(`"10.0.0.1:9"`, `5`),
		line(`"duration":5`, `"duration":5,"bytes_sent":true`),
		// What there is not is no error.
		line(`"duration":5`, `"duration":null,"bytes_sent":"-","upstream_service_time":"-","request_id":null,"authority":""`),
		`{"duration":"slow"}`, // skipped, and told as that
	}, "\n")
	want := []string{
		"line 6 of the access log has a downstream_remote_address of a wrong type or out of range, which counts as unknown",
		"line 5 of the access log has a start_time of a wrong type or out of range, which counts as unknown",
		"3 lines of the access log, the first of them line 2, have a duration of a wrong type or out of range, which counts as unknown",
		"line 4 of the access log has a response_code of a wrong type or out of range, which counts as unknown",
		"line 7 of the access log has a bytes_sent of a wrong type or out of range, which counts as unknown",
	}
	for _, block := range []int{100, blockSize} { // several workers, or one
		r, err := read(context.Background(), strings.NewReader(log), -1, Options{block: block, Workers: 3}.withDefaults(), func() Sink { return &common{} })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.Warnings); diff != "" {
			t.Errorf("blocks of %d:\n%s", block, diff)
		}
	}
}

// A request_id that is a number is one.
func TestRequestIDOfANumber(t *testing.T) {
	log := strings.Replace(good("p"), `"path"`, `"request_id":5,"path"`, 1) + "\n" + strings.Replace(good("p"), `"path"`, `"x-request-id":17,"path"`, 1)
	s := &common{}
	r, err := read(context.Background(), strings.NewReader(log), -1, Options{}.withDefaults(), func() Sink { return s })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"5 p", "17 p"}, s.seen); diff != "" || len(r.Warnings) > 0 {
		t.Errorf("%s%q", diff, r.Warnings)
	}
}
