package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-mesh/sluice/internal/request"
)

var (
	//go:embed capture/accesslog.txt.zst
	log []byte
	//go:embed capture/pods.json
	pods string
	//go:embed capture/NOTICE
	notice string
)

// Name stands in the demo's request where others have the path of a log.
const Name = "demo/accesslog.txt"

// The limits of the demo: seven times the six sidecars' floors in CPU, so that
// there is something to divide, and 1.67 times in memory.
const (
	cpuLimit    = 4.2
	memoryLimit = 1_280_000_000
)

// Request is the capture's fleet with the demo's limits. Its AccessLog is Name,
// which is no file: its OpenLog is Open.
func Request() *request.Request {
	body := fmt.Sprintf(`{"accesslog_path": %q, "cpu_limit": %g, "memory_limit": %d, "containers": `, Name, cpuLimit, memoryLimit)
	req, err := request.Read(io.MultiReader(strings.NewReader(body), strings.NewReader(pods), strings.NewReader("}")))
	if err != nil {
		panic("demo: the embedded capture is broken: " + err.Error()) // TestRequest sees it first
	}
	req.OpenLog = Open
	return req
}

// Open begins to read the capture's access log.
func Open() (io.ReadCloser, error) {
	d, err := zstd.NewReader(bytes.NewReader(log), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return d.IOReadCloser(), nil
}

// Notice names the source of the capture and its licence.
func Notice() string { return notice }
