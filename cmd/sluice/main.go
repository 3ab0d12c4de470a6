// Command sluice divides CPU and memory among the sidecars of an Istio mesh.
// All of it is in internal/cli; this file is the process around it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sluice-mesh/sluice/internal/cli"
)

func main() {
	// A reader that has seen enough (sluice graph … | head) is no failure: its
	// EPIPE comes back as an error, which cli keeps quiet about.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	os.Exit(cli.Main(ctx, cli.System(), os.Args[1:]))
}
